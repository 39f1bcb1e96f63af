"""A file is whole or not there, and a run is found again or refused with a reason."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from harness import UnavailableError, UserError
from harness.results.run_directory import RunDirectory, find_run
from harness.results.unfinished_runs import remove_never_begun
from harness.system.files import (
    disk_errors,
    folder_name,
    read_sealed,
    sha256_of,
    to_json,
    write_atomically,
    write_sealed,
)


def finished_run(parent: Path, name: str, written: int = 0) -> Path:
    (parent / name).mkdir()
    RunDirectory(parent / name).write_run({"name": name})
    os.utime(parent / name / "run.json", (written, written))
    return parent / name


def test_a_file_is_written_whole_into_folders_made_on_the_way(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "file"
    for content in (b"first", b"second"):
        write_atomically(file, content)
        assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_a_refused_write_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(UnavailableError, match=rf"Cannot write to {target}: .*--output-dir"):
        write_atomically(target, b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_path_below_a_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"Cannot write to .*file/deeper/x: .*file is a file, not a folder"):
        write_atomically(tmp_path / "file" / "deeper" / "x", b"")
    with pytest.raises(UnavailableError, match=r"Cannot write to .*file"):
        RunDirectory.create(tmp_path / "file", "task", None).__enter__()


def test_an_error_without_a_reason_is_taken_for_a_full_disk(tmp_path: Path) -> None:
    with (
        pytest.raises(UnavailableError, match="the write was cut short, the disk may be full"),
        disk_errors(tmp_path),
    ):
        raise OSError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dair-ai/emotion:split", "dair-ai__emotion-split"),
        ("../../etc", "__..__etc"),
        ("..", "_"),
        ("", "_"),
        ("a b\n\x1b[31m", "a_b___31m"),
        ("模型-v1.2+x", "模型-v1.2+x"),
        ("C:\\models", "C-__models"),
    ],
)
def test_a_name_becomes_a_single_folder(text: str, name: str) -> None:
    assert folder_name(text) == name


def test_a_sealed_file_gives_back_what_was_written_whatever_the_text(tmp_path: Path) -> None:
    content = {"text": "joy 😀 file-\udcff", "number": 0.1, "none": None, "list": [{"a": 1}]}
    write_sealed(tmp_path / "sealed", content)
    assert read_sealed(tmp_path / "sealed") == content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content.replace(b"0.1", b"0.2"),
        lambda content: content[:-3],
        lambda content: bytes(len(content)),
        lambda content: b"",
        lambda content: b"[" * 100_000,
        lambda content: b'"a text"',
        lambda content: b'{"number": 0.1}',
        lambda content: b'{"number": NaN, "sha256_of_the_rest": ""}',
        lambda content: b"\xff" + content,
    ],
    ids=["changed", "cut", "zeroed", "empty", "deep", "no object", "not sealed", "not JSON", "not UTF-8"],
)
def test_a_sealed_file_that_is_not_what_was_written_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    file = tmp_path / "sealed"
    write_sealed(file, {"number": 0.1})
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(ValueError, match=r"sealed is not (JSON|what was written)"):
        read_sealed(file)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_refuses_numbers_that_json_has_not(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"score": number})


@pytest.mark.parametrize("text", ["joy 😀 很好", "file-\udcff.py"], ids=["unicode", "half a surrogate pair"])
def test_any_text_survives_json(text: str) -> None:
    assert json.loads(to_json({"text": text}).decode("utf-8")) == {"text": text}


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    with ExitStack() as held:
        runs = [held.enter_context(RunDirectory.create(tmp_path / "new", "data/set", "org/model")) for _ in range(3)]
        assert len({run.path for run in runs}) == 3
        for run in runs:
            assert run.is_claimed
            assert "Z-data__set-org__model" in run.path.name


@pytest.mark.parametrize("letter", ["a", "\N{CJK UNIFIED IDEOGRAPH-5B57}", "é"])
def test_names_of_any_length_make_folders_and_files(tmp_path: Path, letter: str) -> None:
    long = 300 * letter
    with RunDirectory.create(tmp_path, long, f"org/{long}") as run:
        for trial in (long, f"{long}2"):
            run.write_record(trial, {"trial": trial})
            run.model_path(trial).mkdir(parents=True)
        assert run.is_claimed
    assert len([*run.path.glob("records/*")]) == len([*run.path.glob("models/*")]) == 2
    write_atomically(tmp_path / f"{250 // len(letter.encode()) * letter}.txt", b"")


def test_new_runs_beside_one_that_sweeps_dead_ones_never_share_a_folder(tmp_path: Path) -> None:
    begin, seen, over = threading.Barrier(4), list[Path](), threading.Event()

    def sweep() -> None:
        while not over.is_set():
            remove_never_begun(tmp_path)

    def own() -> None:
        for _ in range(30):
            begin.wait()
            with RunDirectory.create(tmp_path, "task", None) as run:
                run.write_run({})
                seen.append(run.path)
            begin.wait()

    sweepers, owners = [ThreadPoolExecutor(n) for n in (1, 4)]
    with sweepers, owners:
        sweepers.submit(sweep)
        for done in [owners.submit(own) for _ in range(4)]:
            done.result()
        over.set()
    assert len({*seen}) == len(seen) == 120
    assert all((path / "run.json").is_file() for path in seen)


def test_the_checksums_cover_every_file_but_run_json(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.write_record("a/b-seed0", {"strategy": "a/b"})
    run.model_path("a").mkdir(parents=True)
    (run.model_path("a") / "weights").write_bytes(b"1")
    run.write_run({"files": run.checksums()})
    files = run.read_run()["files"]
    assert list(files) == ["models/a/weights", "records/a__b-seed0-04cc5699.json"]
    assert files["models/a/weights"] == hashlib.sha256(b"1").hexdigest()
    assert files == run.checksums()
    assert files["records/a__b-seed0-04cc5699.json"] == sha256_of(run.record_file("a/b-seed0"))


def test_predictions_name_split_row_label_prediction_and_a_column_a_class(tmp_path: Path) -> None:
    probabilities = np.array([[0.25, 0.75], [1, 0]], dtype=np.float32)
    splits = {
        "validation": (np.array([0, 1]), np.array([1, 1]), probabilities),
        "test": (np.array([3, 8]), np.array([0, 1]), probabilities),
    }
    RunDirectory(tmp_path).write_predictions("probe-seed0", ("sad", "joy"), splits)
    table = pq.ParquetFile(tmp_path / "predictions" / "probe-seed0.parquet").read().to_pydict()
    assert table == {
        "split": ["validation", "validation", "test", "test"],
        "row": [0, 1, 3, 8],
        "label": [1, 1, 0, 1],
        "prediction": [1, 0, 1, 0],
        "probability_sad": [0.25, 1, 0.25, 1],
        "probability_joy": [0.75, 0, 0.75, 0],
    }


def test_latest_is_the_run_finished_last_and_killed_runs_do_not_count(tmp_path: Path) -> None:
    finished_run(tmp_path, "b", written=1)
    last = finished_run(tmp_path, "a", written=2)
    (tmp_path / "c").mkdir()
    assert find_run("latest", tmp_path).path == last


def test_of_runs_finished_in_the_same_moment_the_later_name_is_latest(tmp_path: Path) -> None:
    for name in ("t1", "t3", "t2"):
        finished_run(tmp_path, name)
    assert find_run("latest", tmp_path).path.name == "t3"


def test_a_run_is_found_by_name_by_folder_and_by_its_file(tmp_path: Path) -> None:
    run = finished_run(tmp_path, "run")
    for name in ("run", str(run), str(run / "run.json"), "run/run.json"):
        assert find_run(name, tmp_path).path == run
    assert find_run("run", tmp_path).read_run() == {"name": "run"}


@pytest.mark.parametrize(
    ("name", "message"),
    [("latest", "There is no finished run in .*harness run"), ("mine", "There is no run 'mine', neither.*harness run")],
)
def test_a_run_that_is_not_there_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find_run(name, tmp_path / "reports")


def test_a_killed_run_tells_how_many_trials_it_finished(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    run.write_record("a-seed0", {})
    run.write_record("b-seed0", {})
    with pytest.raises(UserError, match=r"holds no run.json: the run was killed.*Records of 2 finished trials"):
        run.read_run()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"records": [', "run.json cannot be read as JSON: .*Restore it or run the comparison again"),
        (b"\xff", "run.json cannot be read as JSON"),
        (b"", "run.json cannot be read as JSON"),
        (b"[1]", "run.json holds list, expected an object"),
    ],
    ids=["cut", "no UTF-8", "empty", "a list"],
)
def test_a_damaged_run_json_is_refused_by_name(tmp_path: Path, content: Any, message: str) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(UserError, match=message):
        RunDirectory(tmp_path).read_run()


def test_a_folder_that_holds_runs_names_the_newest(tmp_path: Path) -> None:
    finished_run(tmp_path, "one")
    with pytest.raises(UserError, match=r"holds no run\.json\. It holds runs; name one of them: .*one"):
        find_run(str(tmp_path), tmp_path).read_run()
