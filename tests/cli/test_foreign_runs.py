"""A run's folder that somebody else made, or that was damaged: shown, or refused by name; never waited for."""

import copy
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import UserError
from harness.cli import main
from harness.results.predictions import read_predictions
from harness.results.records import read_run
from harness.results.run_directory import RunDirectory, find_run

from .commands import Harness

REFUSED = (2, 3)
"""Exit codes of what is refused."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_model: Path) -> Path:
    """Folder of a finished run of two strategies, one of which reads frozen features."""
    folder = tmp_path_factory.mktemp("foreign")
    argv = ["-d", str(tiny_data), "-m", str(tiny_model), "-s", "majority,logreg_probe", "-o", str(folder)]
    assert main(["run", *argv, "-q", "--offline", "--no-save-models"]) == 0
    return find_run("latest", folder).path


@pytest.fixture
def damaged(kept: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be damaged."""
    return shutil.copytree(kept, tmp_path / "run")


def files(folder: Path) -> list[Path]:
    """Return run.json and the files that are read for tables and reports."""
    return [folder / "run.json", *(path for kind in ("*.parquet", "*.npz") for path in sorted(folder.rglob(kind)))]


KINDS: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a link to another folder's file": lambda path: path.symlink_to(Path(__file__)),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "empty": Path.touch,
    "of other bytes": lambda path: path.write_bytes(b"\x00\xff" * 100),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_such_file_is_refused_by_name_and_not_waited_for(damaged: Path, harness: Harness, kind: str) -> None:
    for file in files(damaged):
        content = file.read_bytes()
        file.unlink()
        KINDS[kind](file)
        commands = [["show", str(damaged)]] if file.name == "run.json" else []
        for argv in [*commands, ["report", str(damaged), "-o", str(damaged.parent / "report.html")]]:
            outcome = harness(*argv)
            assert outcome.code in REFUSED, (file.name, outcome.err)
            assert file.name in outcome.err
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
        file.write_bytes(content)


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of everything in nested values; of a list the first and last only."""
    yield place
    keys: list[Any] = list(value) if isinstance(value, dict) else []
    if isinstance(value, list):
        keys = sorted({0, len(value) - 1} if value else ())
    for key in keys:
        yield from places(value[key], (*place, key))


def with_value(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(content)
    parent = changed
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return changed


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def refusal_of(read: Callable[[], object]) -> str | None:
    """Return the message with which something is refused, None where it is read."""
    try:
        read()
    except UserError as error:
        return str(error)
    return None


MOST_SHOWN = 12
WRONG = (None, -1, 0, 10**30, 1e300, "", "\ud800\x1b[31m[/]", [], {}, [1], {"a": [None]}, nested(200))


@pytest.mark.slow
def test_a_value_of_another_kind_in_run_json_is_refused_or_shown(damaged: Path, harness: Harness) -> None:
    content, directory = json.loads((damaged / "run.json").read_bytes()), RunDirectory(damaged)
    drawn = random.Random(0)
    everywhere = [(place, value) for place in places(content) if place for value in WRONG]
    shown = 0
    for place, value in drawn.sample(everywhere, 300):
        (damaged / "run.json").write_text(json.dumps(with_value(content, place, value)))
        if refusal := refusal_of(lambda: read_run(directory)):
            assert "run.json" in refusal
        elif shown < MOST_SHOWN:
            shown += 1
            outcome = harness("show", str(damaged))
            assert outcome.code in (0, *REFUSED), (place, value, outcome.err)
    assert shown


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run["evidence"]["conclusion"].update(best="nobody"),
        lambda run: run["task"].update(class_counts={"train": [], "validation": [], "test": []}),
        lambda run: run["task"].update(label_names=["one"]),
        lambda run: run["records"][1].update(strategy="another"),
        lambda run: run["records"][0]["test"].update(accuracy=1.5),
        lambda run: run["records"][0]["test"].update(confusion=[[1]]),
        lambda run: run["records"][0].update(fit_seconds=-1.0),
        lambda run: run["records"][0].update(peak_memory_bytes=-1),
        lambda run: run["evidence"].update(small_classes=[99]),
        lambda run: run["task"]["label_names"].reverse(),
        lambda run: run["audit"]["label_names"].reverse(),
        lambda run: run["records"][0]["fingerprint"]["label_names"].reverse(),
        lambda run: run["audit"]["splits"]["train"].update(n_rows=100_000),
        lambda run: run["task"]["class_counts"].update(train=[99] * len(run["task"]["label_names"])),
        lambda run: run["records"][1]["test"].update(f1_macro=0.0),
    ],
)
def test_a_record_that_does_not_fit_itself_is_refused(
    damaged: Path, harness: Harness, change: Callable[[dict[str, Any]], object]
) -> None:
    content = json.loads((damaged / "run.json").read_bytes())
    change(content)
    (damaged / "run.json").write_text(json.dumps(content))
    outcome = harness("show", str(damaged))
    assert outcome.code in REFUSED
    assert "run.json" in outcome.err


def test_predictions_of_other_rows_than_the_scores_are_refused(damaged: Path, harness: Harness) -> None:
    content = json.loads((damaged / "run.json").read_bytes())
    confusion = content["records"][0]["test"]["confusion"]
    confusion[0], confusion[1] = [0] * len(confusion), [a + b for a, b in zip(*confusion[:2], strict=True)]
    (damaged / "run.json").write_text(json.dumps(content))
    assert harness("compare", str(damaged)).code in REFUSED


def test_flipped_bits_and_cut_files_are_never_a_fault_of_the_program(damaged: Path) -> None:
    drawn, directory = random.Random(0), RunDirectory(damaged)
    file = directory.predictions_file("logreg_probe-seed0")
    content = file.read_bytes()
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(drawn.choice((1, 3, 30))):
            changed[drawn.randrange(len(changed))] ^= 1 << drawn.randrange(8)
        file.write_bytes(changed[: drawn.randrange(len(changed))] if drawn.random() < 0.3 else changed)
        assert file.name in (refusal_of(lambda: read_predictions(directory, "logreg_probe-seed0")) or file.name)
