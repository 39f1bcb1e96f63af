"""`harness push` and `harness verify hf://...` against a hub on this machine, one that refuses, too."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from harness.cli import main
from harness.system.process import restored_globals

from .pushing import WITHOUT_TOKEN, commands
from .writable_hub import TOKEN, WritableHub, taking

STATUSES = (401, 403, 404, 409, 429, 500)
TEXTS = [f"quiet lake {('rain', 'sun')[i % 2]} {i}" for i in range(24)]


@dataclass(frozen=True)
class World:
    """A hub, and what came of the commands by what they were for."""

    hub: WritableHub
    came: dict[str, dict[str, Any]]

    def folder(self, name: str) -> Path:
        return self.hub.root / "alice" / name


def write_data(folder: Path) -> str:
    folder.mkdir()
    for split, n in (("train", 24), ("validation", 12), ("test", 12)):
        rows = [{"text": TEXTS[i], "label": ("wet", "dry")[i % 2]} for i in range(n)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a run of two strategies that need no encoder."""
    folder = tmp_path_factory.mktemp("pushed")
    data = write_data(folder / "data")
    with restored_globals():
        argv = ["run", "-d", data, "-s", "majority,tfidf_logreg", "-o", str(folder / "runs"), "--offline", "-q"]
        assert main(argv) == 0
    return folder / "runs"


@pytest.fixture(scope="module")
def world(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hub")

    def push(name: str, *more: str) -> list[str]:
        return ["push", "latest", "--output-dir", str(runs), "--repo", f"alice/{name}", "--yes", *more]

    wanted = {
        "nobody": [WITHOUT_TOKEN, *push("first")],
        "first": push("first", "--with-predictions", "--license", "apache-2.0"),
        "again": push("first", "--with-predictions", "--license", "apache-2.0"),
        "without predictions": push("bare"),
        "cut off": push("cut"),
        "gone on": push("cut"),
        "silent": push("silent"),
        "page": push("page"),
        "list": push("list"),
        "verify page": ["verify", "hf://alice/page"],
        "there and public": push("open"),
        "public": push("open", "--public", "--lang", "zh-TW"),
        "changed": push("changed"),
        **{str(status): push(f"status-{status}") for status in STATUSES},
        "verify first": ["verify", "hf://alice/first", "--json"],
        "verify without predictions": ["verify", "hf://alice/bare", "--json"],
        "verify changed": ["verify", "hf://alice/changed"],
        "verify in Chinese": ["verify", "hf://alice/open"],
        "verify none": ["verify", "hf://alice/none"],
    }
    with taking(folder / "repositories") as hub:
        hub.add("alice/open", private=False)
        came = commands(hub.endpoint, folder / "home", TOKEN, list(wanted.values()))
        yield World(hub, dict(zip(wanted, came, strict=True)))


def test_a_classifier_is_pushed_with_its_card_and_record_to_a_private_repository(world: World) -> None:
    assert world.came["first"]["code"] == 0, world.came["first"]
    assert world.hub.private["alice/first"]
    files = {file.relative_to(world.folder("first")).as_posix() for file in world.folder("first").rglob("*")}
    assert {"README.md", "harness.json", "estimator.skops", "run/run.json", "run/predictions"} <= files
    card = ModelCard.load(world.folder("first") / "README.md")
    assert card.data.license == "apache-2.0"
    run = json.loads((world.folder("first") / "run" / "run.json").read_text(encoding="utf-8"))
    accuracy = next(r["test"]["accuracy"] for r in run["records"] if r["strategy"] == "tfidf_logreg")
    assert card.data.eval_results[0].metric_value == accuracy


def test_no_text_and_no_token_leaves_the_machine_or_is_printed(world: World, runs: Path) -> None:
    for name in ("first", "bare", "open"):
        for file in filter(Path.is_file, world.folder(name).rglob("*")):
            content = file.read_bytes()
            assert TOKEN.encode() not in content, file
            assert not any(text.encode() in content for text in TEXTS), file
    assert TOKEN not in json.dumps(world.came)
    assert not any(TOKEN in file.read_text(errors="replace") for file in runs.rglob("*") if file.is_file())


def test_what_was_pushed_holds_against_its_record(world: World) -> None:
    checked = json.loads(world.came["verify first"]["out"])
    assert world.came["verify first"]["code"] == 0
    looked_at = [check["what"] for check in checked["checks"]]
    assert {"estimator.skops", "scores of tfidf_logreg-seed0", "README.md"} <= {*looked_at}
    assert not any("scores" in phrase for phrase in checked["not_covered"])


def test_without_predictions_verify_says_that_scores_cannot_be_computed_again(world: World) -> None:
    checked = json.loads(world.came["verify without predictions"]["out"])
    assert world.came["verify without predictions"]["code"] == 0
    assert any(phrase.startswith("the scores") for phrase in checked["not_covered"])


def test_one_changed_byte_is_found(world: World) -> None:
    assert world.came["changed"]["code"] == 0
    assert world.came["verify changed"]["code"] == 3
    assert "estimator.skops" in world.came["verify changed"]["out"]


def test_a_byte_changed_in_any_of_the_published_files_is_found(world: World, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(world.folder("first"), tmp_path / "copy"))
    assert main(["verify", str(copy)]) == 0
    for file in filter(Path.is_file, sorted(copy.rglob("*"))):
        content = file.read_bytes()
        at = len(content) // 2
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert main(["verify", str(copy)]) != 0, file
        file.write_bytes(content)


@pytest.mark.parametrize(("before", "after"), [("accuracy | 1.", "accuracy | 0."), ("value: 1.0", "value: 0.5")])
def test_another_number_in_the_card_is_found_and_words_beside_it_are_free(
    world: World, tmp_path: Path, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(world.folder("first"), tmp_path / "copy"))
    card = copy / "README.md"
    written = card.read_text(encoding="utf-8")
    assert before in written
    card.write_text(written + "\nBuilt for the weather desk.\n", encoding="utf-8")
    assert main(["verify", str(copy)]) == 0
    card.write_text(written.replace(before, after), encoding="utf-8")
    assert main(["verify", str(copy)]) == 3
    assert "README.md" in capsys.readouterr().out


def pipe(folder: Path) -> None:
    (folder / "README.md").unlink()
    os.mkfifo(folder / "README.md")


def name_elsewhere(folder: Path) -> None:
    file = folder / "run" / "run.json"
    run = json.loads(file.read_text(encoding="utf-8"))
    run["files"]["models/tfidf_logreg-seed0/../../../secret"] = "0" * 64
    file.write_text(json.dumps(run), encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes among files")
@pytest.mark.parametrize(("damage", "told"), [(pipe, "README.md"), (name_elsewhere, "secret: it leads out")])
def test_nothing_but_files_of_the_folder_is_read(
    world: World, tmp_path: Path, damage: Callable[[Path], None], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(world.folder("first"), tmp_path / "copy"))
    damage(copy)
    assert main(["verify", str(copy)]) == 3
    assert told in capsys.readouterr().out


def test_what_is_there_already_is_not_sent_again(world: World) -> None:
    assert world.came["again"]["code"] == 0
    assert world.came["cut off"]["code"] == 4, "its commit was refused"
    assert world.came["gone on"]["code"] == 0
    assert len(world.hub.sent) == len(world.hub.stored), "each large file once, whatever was cut off"


@pytest.mark.parametrize(
    ("status", "next_step"), [(401, "hf auth login"), (403, "write"), (404, "--repo"), (429, "Wait")]
)
def test_a_refusal_says_what_to_do(world: World, status: int, next_step: str) -> None:
    came = world.came[str(status)]
    assert came["code"] == 4, came
    assert next_step in came["err"]


@pytest.mark.parametrize("why", ["409", "500", "silent"])
def test_a_hub_that_cannot_is_told_as_such(world: World, why: str) -> None:
    came = world.came[why]
    assert came["code"] == 4, came
    assert "The hub did not take" in came["err"]


@pytest.mark.parametrize("what", ["page", "list", "verify page"])
def test_what_is_no_hub_is_told_as_such(world: World, what: str) -> None:
    came = world.came[what]
    assert came["code"] == 4, came
    told = " ".join(came["err"].split())
    assert f"what answers at {world.hub.endpoint} is no hub" in told
    assert "Check HF_ENDPOINT and HTTPS_PROXY." in told


def test_who_is_not_logged_in_is_told_how(world: World) -> None:
    assert world.came["nobody"]["code"] == 2
    assert "hf auth login" in world.came["nobody"]["err"]


def test_a_public_repository_is_written_to_only_where_that_is_said(world: World) -> None:
    assert world.came["there and public"]["code"] == 2
    assert world.came["public"]["code"] == 0
    assert "如何使用" in (world.folder("open") / "README.md").read_text(encoding="utf-8")
    assert world.came["verify in Chinese"]["code"] == 0


def test_a_repository_that_is_not_there_is_told_as_such(world: World) -> None:
    assert world.came["verify none"]["code"] == 4
    assert "alice/none" in world.came["verify none"]["err"]
