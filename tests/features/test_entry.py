"""An entry is written shard by shard, goes on where it was left, and is whole or not there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import UnavailableError
from harness.features.entry import DamagedEntryError, Entry, EntryWriter, open_entry
from harness.system.files import read_sealed, write_sealed

PARTS = {"texts": "a hash", "layer": -1, "revision": None}
SHAPE = (10, 4)
TABLE = np.arange(40, dtype=np.float32).reshape(SHAPE)


def writer(folder: Path, **changes: Any) -> EntryWriter:
    return EntryWriter(**{"folder": folder, "parts": PARTS, "shape": SHAPE, **changes})


def write(folder: Path, until: int = 10, step: int = 4) -> EntryWriter:
    """Write the table in shards of `step` rows, as far as row `until`, going on where it was left."""
    entry = writer(folder)
    for start in range(entry.rows, until, step):
        entry.append(TABLE[start : min(start + step, until)], 0.5)
    return entry


def opened(folder: Path) -> Entry:
    entry = open_entry(folder, PARTS)
    assert entry is not None
    return entry


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    written, read = write(tmp_path / "entry").finish(truncated_texts=3), opened(tmp_path / "entry")
    assert read == written
    assert (read.shape, read.seconds, read.truncated_texts) == (SHAPE, 1.5, 3)
    assert np.array_equal(read.map(), TABLE)
    assert sorted(file.name for file in (tmp_path / "entry").iterdir()) == ["features.npy", "manifest.json"]


@pytest.mark.parametrize("shape", [(10, 4), (1, 1), (0, 4), (123_456, 2)])
def test_the_features_are_a_file_that_numpy_reads(tmp_path: Path, shape: tuple[int, int]) -> None:
    table = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    entry = writer(tmp_path, shape=shape)
    if shape[0]:
        entry.append(table, 0.0)
    finished = entry.finish(0)
    read: NDArray[np.float32] = np.load(finished.file)
    assert (read.dtype, read.shape) == (np.float32, shape)
    assert np.array_equal(read, table)
    assert np.array_equal(opened(tmp_path).map(), table)


def test_a_map_is_private(tmp_path: Path) -> None:
    write(tmp_path).finish(0)
    opened(tmp_path).map()[:] = -1
    assert np.array_equal(opened(tmp_path).map(), TABLE)


def test_nothing_is_an_entry_before_it_is_finished(tmp_path: Path) -> None:
    assert open_entry(tmp_path / "none", PARTS) is None
    for rows in (0, 4, 10):
        write(tmp_path, rows)
        assert open_entry(tmp_path, PARTS) is None


def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    write(tmp_path, 8)
    assert writer(tmp_path).rows == 8
    entry = write(tmp_path).finish(0)
    assert np.array_equal(opened(tmp_path).map(), TABLE)
    assert entry.seconds == 1.5


def tear(folder: Path) -> None:
    """Leave half a shard behind the last finished one, as a kill in the middle of a write does."""
    file = folder / "features.npy"
    file.write_bytes(file.read_bytes() + b"half a shard")


def flip(folder: Path, position: int) -> None:
    content = bytearray((folder / "features.npy").read_bytes())
    content[position] ^= 1
    (folder / "features.npy").write_bytes(content)


def change_journal(folder: Path, **changes: Any) -> None:
    write_sealed(folder / "journal.json", {**read_sealed(folder / "journal.json"), **changes})


LEFTOVERS: dict[str, tuple[Callable[[Path], object], int]] = {
    "half a shard more": (tear, 8),
    "a changed second shard": (lambda folder: flip(folder, 128 + 5 * 16), 4),
    "a changed first shard": (lambda folder: flip(folder, 130), 0),
    "a changed header": (lambda folder: flip(folder, 10), 0),
    "no features": (lambda folder: (folder / "features.npy").unlink(), 0),
    "features cut short": (lambda folder: (folder / "features.npy").write_bytes(b""), 0),
    "no journal": (lambda folder: (folder / "journal.json").unlink(), 0),
    "a journal cut short": (lambda folder: (folder / "journal.json").write_text("{"), 0),
    "a journal of another schema": (lambda folder: change_journal(folder, schema_version=2), 0),
    "a journal of another key": (lambda folder: change_journal(folder, key={"texts": "other"}), 0),
    "a journal of more rows": (lambda folder: change_journal(folder, rows=11), 0),
    "a journal without shards": (lambda folder: change_journal(folder, shards=None), 0),
    "a file without its name": (lambda folder: (folder / ".journal.json.x1").write_text("{"), 8),
}


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_only_what_is_sound_of_a_killed_run_is_kept(tmp_path: Path, leftover: str) -> None:
    spoil, kept = LEFTOVERS[leftover]
    write(tmp_path, 8)
    spoil(tmp_path)
    assert writer(tmp_path).rows == kept
    write(tmp_path).finish(0)
    assert np.array_equal(opened(tmp_path).map(), TABLE)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["features.npy", "manifest.json"]


def test_rows_can_be_forgotten_by_whole_shards(tmp_path: Path) -> None:
    entry = write(tmp_path, 8)
    entry.keep(7)
    assert entry.rows == 4
    entry.append(TABLE[4:], 0.5)
    entry.finish(0)
    assert np.array_equal(opened(tmp_path).map(), TABLE)


def test_beginning_anew_leaves_alone_what_a_run_has_mapped(tmp_path: Path) -> None:
    write(tmp_path).finish(0)
    mapped = opened(tmp_path).map()
    (tmp_path / "manifest.json").unlink()
    entry = writer(tmp_path)
    assert entry.rows == 0
    assert np.array_equal(mapped, TABLE), "a file that is cut under a map would end the process"


def test_an_entry_of_which_nothing_was_written_goes_after_a_failure(tmp_path: Path) -> None:
    writer(tmp_path / "empty").leave()
    assert not (tmp_path / "empty").exists()
    write(tmp_path / "begun", 4).leave()
    assert writer(tmp_path / "begun").rows == 4
    entry = writer(tmp_path / "no texts", shape=(0, 4))
    entry.finish(0)
    entry.leave()
    assert open_entry(tmp_path / "no texts", PARTS) is not None


def test_an_entry_that_is_removed_or_changed_while_it_is_written_is_never_finished(tmp_path: Path) -> None:
    for rows in (4, 10):
        for name, spoil in {"gone": lambda folder: (folder / "features.npy").unlink(), "longer": tear}.items():
            folder = tmp_path / f"{name} after {rows}"
            entry = write(folder, rows)
            spoil(folder)
            with pytest.raises(UnavailableError, match=r"Cannot write to .*features.npy.*--cache-dir"):
                entry.append(TABLE[rows:], 0.5) if rows < 10 else entry.finish(0)
            assert open_entry(folder, PARTS) is None


def test_a_folder_that_cannot_be_made_is_refused_with_the_option_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"Cannot write to .*file is a file, not a folder.*--cache-dir"):
        writer(tmp_path / "file" / "entry")


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    write(tmp_path).finish(0)
    with pytest.raises(DamagedEntryError, match="belongs to other features"):
        open_entry(tmp_path, {**PARTS, "layer": 1})
