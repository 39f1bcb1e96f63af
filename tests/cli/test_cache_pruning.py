"""harness cache prune and clear: making room, and leaving alone what is not ours or in use."""

import json
import os
import shutil
import sys
import time
from io import StringIO
from pathlib import Path

import pytest

from harness.features.directory import CacheDirectory

from .commands import Harness
from .entries import A_DAY, an_entry, entries_of, files_below, used_days_ago

N_SPLITS = 3


# making room


def test_prune_removes_what_is_unfinished_or_unused_and_keeps_the_rest(cache: Harness, folder: Path) -> None:
    kept = an_entry(folder)
    an_entry(folder, pooling="mean", finished=False)
    used_days_ago(an_entry(folder, pooling="max"), 31)
    outcome = cache("prune")
    assert outcome.code == 0
    assert "Removed 2 entries (1 unfinished, 1 unused) and freed " in outcome.out
    assert "Left: 1 entry, " in outcome.out
    assert [entry["folder"] for entry in entries_of(cache)] == [str(kept)]
    assert cache("prune").out.startswith(f"Nothing to remove in {folder}.\n")


def test_prune_removes_the_least_recently_used_until_the_rest_fits(cache: Harness, folder: Path) -> None:
    by_age = [used_days_ago(an_entry(folder, layer=layer), days) for layer, days in ((1, 3), (2, 1), (3, 2))]
    size = max(entry["bytes"] for entry in entries_of(cache))
    outcome = cache("prune", "--max-size", f"{2 * size / 1000}kB")
    assert "Removed 1 entry (1 beyond the size)" in outcome.out
    assert {entry["folder"] for entry in entries_of(cache)} == {str(by_age[1]), str(by_age[2])}
    cache("prune", "--max-size", "0")
    assert entries_of(cache) == []


def test_an_entry_that_a_run_is_writing_is_left_alone(cache: Harness, folder: Path) -> None:
    entry = an_entry(folder, finished=False)
    key = json.loads((entry / "journal.json").read_text())["key"]
    for command in (("prune",), ("prune", "--older-than", "0", "--max-size", "0"), ("clear", "--yes")):
        with CacheDirectory(folder).locked([key]):
            assert "1 entry is in use by a run and stayed." in cache(*command).out
        assert len(list((folder / "locks").iterdir())) == 1
        assert entry.exists()
    cache("prune")
    assert files_below(folder) == set()


def test_prune_keeps_what_is_known_of_encoders_with_entries_and_sweeps_the_rest(
    cached_run: Harness, cache: Harness, folder: Path
) -> None:
    cached_run()
    known = files_below(folder / "encoders")
    assert known
    stale = folder / "encoders" / f"{'a' * 64}.budgets.json"
    stale.write_text("{}")
    os.utime(stale, (time.time() - 40 * A_DAY,) * 2)
    trash = folder / "trash" / ("b" * 32)
    trash.mkdir(parents=True)
    (trash / "features.npy").write_bytes(b"half deleted")
    cache("prune")
    assert files_below(folder / "encoders") == known
    assert files_below(folder / "locks") == files_below(folder / "trash") == set()
    assert len(entries_of(cache)) == N_SPLITS
    assert [record.features for record in cached_run().run.records] == [None, "cached"]
    cache("prune", "--older-than", "0")
    assert files_below(folder) == set()


def test_a_file_in_the_place_of_an_entry_leaves_nothing_behind(cached_run: Harness, folder: Path) -> None:
    cached_run()
    entry = next((folder / "features").iterdir())
    shutil.rmtree(entry)
    entry.write_text("in the way")
    assert "were damaged" in " ".join(cached_run().run.notes)
    assert (entry / "manifest.json").is_file()
    assert files_below(folder / "trash") == set()


@pytest.mark.parametrize("days", ["nan", "inf", "-1", "x"])
def test_an_age_that_is_none_is_refused(cache: Harness, folder: Path, days: str) -> None:
    entry = an_entry(folder)
    outcome = cache("prune", "--older-than", days)
    assert outcome.code == 2
    assert "--older-than" in outcome.err
    assert entry.exists()


@pytest.mark.parametrize("size", ["ten", "-1", "10XB", "", "1.5.2MB", f"{'9' * 400}GB"])
def test_a_size_that_is_none_is_refused(cache: Harness, size: str) -> None:
    outcome = cache("prune", "--max-size", size)
    assert outcome.code == 2
    assert "--max-size" in outcome.err


def test_clear_without_a_terminal_wants_yes(cached_run: Harness, cache: Harness, folder: Path) -> None:
    cached_run()
    before = files_below(folder)
    refused = cache("clear")
    assert refused.code == 2
    assert refused.err.startswith("Error: This would remove 3 entries, ")
    assert refused.err.count("\n") == 1
    assert "--yes" in refused.err
    assert files_below(folder) == before
    cleared = cache("clear", "--yes")
    assert cleared.code == 0
    assert cleared.out.startswith("Removed 3 entries and freed ")
    assert list(folder.iterdir()) == []
    assert cached_run().code == 0


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
def test_clear_asks_on_a_terminal(
    cache: Harness, folder: Path, answer: str, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_entry(folder)
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    outcome = cache("clear")
    assert outcome.code == 0
    assert "Remove 1 entry, " in outcome.err
    assert ("Nothing was removed." in outcome.out) == bool(left)
    monkeypatch.setattr(sys, "stdin", StringIO())
    assert len(entries_of(cache)) == left


def test_clear_of_a_cache_without_entries_has_nothing_to_ask_about(cache: Harness, folder: Path) -> None:
    (folder / "encoders").mkdir(parents=True)
    (folder / "encoders" / f"{'0' * 64}.json").write_text("{}")  # what a run keeps of an encoder that it loaded
    outcome = cache("clear")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Removed leftovers and freed 2 B in ")
    assert cache("clear").out == f"The cache in {folder} is empty.\n"


def test_nothing_that_is_not_ours_is_listed_or_removed(cache: Harness, folder: Path) -> None:
    own = an_entry(folder)
    theirs = [
        "thesis.docx",
        "features/notes.txt",
        f"features/{'c' * 64}/photo.jpg",
        f"features/{'d' * 64}/features.npy/photo.jpg",
        "encoders/weights.json",
        "locks/front-door.lock",
        "trash/letter.txt",
        f"trash/{'e' * 32}",
    ]
    for name in theirs:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("mine")
    assert [entry["folder"] for entry in entries_of(cache)] == [str(own)]
    cache("prune", "--older-than", "0", "--max-size", "0")
    cache("clear", "--yes")
    assert not own.exists()
    assert files_below(folder) == set(theirs)


def test_an_entry_behind_a_link_is_left_alone(cache: Harness, folder: Path, tmp_path: Path) -> None:
    entry = an_entry(folder)
    elsewhere = shutil.move(entry, tmp_path / "elsewhere")
    entry.symlink_to(elsewhere)
    cache("clear", "--yes")
    assert (Path(elsewhere) / "manifest.json").exists()
