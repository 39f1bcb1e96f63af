"""The folder of the cache: where it lies, who may write, what goes at once, what a listing copes with."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from harness import RunConfig, UnavailableError
from harness.features.directory import CacheDirectory, cache_directory, default_root, differing
from harness.features.entry import EntryWriter

PARTS = {"texts": "a", "layer": -1, "weights": "w"}


def write(directory: CacheDirectory, parts: dict[str, str | int], finish: bool = True, rows: int = 2) -> Path:
    entry = EntryWriter(directory.folder(parts), parts, (rows, 3), {"model": "m"})
    entry.append(np.ones((2, 3), np.float32), 1.0)
    if finish:
        entry.finish(0)
    return directory.folder(parts)


@contextmanager
def working_directory(folder: Path) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    yield
    os.chdir(before)


def test_it_lies_where_it_was_told_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "named"))
    assert default_root() == tmp_path / "named"
    asked = {
        "default": (RunConfig(), tmp_path / "named"),
        "flag": (RunConfig(cache_dir=str(tmp_path / "flag")), tmp_path / "flag"),
        "home": (RunConfig(cache_dir="~/cache"), Path("~/cache").expanduser()),
    }
    for config, root in asked.values():
        directory = cache_directory(config)
        assert directory is not None
        assert directory.root == root
    assert cache_directory(RunConfig(cache=False)) is None
    assert not (tmp_path / "named").exists()


def test_without_being_told_it_lies_where_the_platform_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE", "")
    assert default_root().is_absolute()
    assert "strategy-harness" in default_root().parts


def test_a_relative_folder_stays_where_it_was_when_a_strategy_goes_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with working_directory(tmp_path):
        directory = CacheDirectory(Path("cache"))
        write(directory, PARTS)
    with working_directory(tmp_path / "elsewhere"):
        assert directory.open(PARTS) is not None
    assert directory.root == tmp_path / "cache"


def test_one_key_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    first, second = CacheDirectory(tmp_path), CacheDirectory(tmp_path)
    events: list[str] = []
    waiting = threading.Event()

    def other() -> None:
        with second.locked([PARTS, {"texts": "b"}], waiting.set):
            events.append("second")

    with first.locked([PARTS]):
        thread = threading.Thread(target=other)
        thread.start()
        assert waiting.wait(10)
        events.append("first")
    thread.join()
    assert events == ["first", "second"]


def test_other_keys_do_not_wait(tmp_path: Path) -> None:
    told: list[str] = []
    with CacheDirectory(tmp_path).locked([PARTS]), CacheDirectory(tmp_path).locked([{"texts": "b"}], told.clear):
        told.append("both")
    assert told == ["both"]


def test_an_error_frees_the_lock(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), CacheDirectory(tmp_path).locked([PARTS]):
            raise KeyboardInterrupt


def test_a_folder_without_room_for_locks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("")
    with pytest.raises(UnavailableError, match="--cache-dir"), CacheDirectory(tmp_path).locked([PARTS]):
        pass


def test_a_discarded_entry_is_gone_at_once_and_who_has_it_mapped_keeps_it(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path)
    folder = write(directory, PARTS)
    entry = directory.open(PARTS)
    assert entry is not None
    mapped = entry.map()
    directory.discard(folder)
    directory.discard(folder)
    assert directory.open(PARTS) is None
    assert directory.entries() == []
    assert mapped.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_an_entry_that_is_read_counts_as_used(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path)
    old, new = ({**PARTS, "layer": layer} for layer in (1, 2))
    for age, parts in enumerate((new, old)):
        for file in write(directory, parts).iterdir():
            os.utime(file, (1_000_000 - age, 1_000_000 - age))
    assert [entry.key["layer"] for entry in directory.entries()] == [2, 1]
    assert directory.open(old) is not None
    assert [entry.key["layer"] for entry in directory.entries()] == [1, 2]


def test_the_nearest_entry_is_the_one_that_differs_in_the_fewest_parts(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path)
    assert directory.nearest(PARTS) is None
    write(directory, {**PARTS, "layer": 0, "weights": "other"})
    write(directory, {**PARTS, "weights": "x"}, finish=False, rows=4)
    near = write(directory, {**PARTS, "texts": "b"})
    found = directory.nearest(PARTS)
    assert found is not None
    assert (found[0].folder, found[1]) == (near, ["texts"])


def test_an_engine_counts_as_one_part_with_what_comes_with_it(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path)
    of_engine = {"engine": "openvino", "onnx": "1", "openvino": "2"}
    write(directory, {**PARTS, **of_engine, "texts": "b"})
    same_texts = write(directory, PARTS)
    found = directory.nearest({**PARTS, **of_engine})
    assert found is not None
    assert (found[0].folder, found[1]) == (same_texts, [*of_engine])


def test_parts_that_only_one_key_has_differ() -> None:
    assert differing({"a": None, "b": 1}, {"b": 1, "c": 2}) == ["a", "c"]
