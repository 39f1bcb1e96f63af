"""One entry of the feature cache: frozen features of a list of texts, on disk, whole or not there."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from harness.system.disk_errors import disk_errors
from harness.system.files import read_sealed, write_sealed

SCHEMA_VERSION = 1
FEATURES_FILE, MANIFEST_FILE, JOURNAL_FILE = "features.npy", "manifest.json", "journal.json"
OPTION = "--cache-dir"  # what to change where the disk refuses

Parts = Mapping[str, str | int | None]
"""Everything that can change the numbers of an entry, by name."""


class DamagedEntryError(Exception):
    """An entry is not what was written there; the message says in a few words why."""


def digest_of(parts: Parts) -> str:
    """Return the sha256 that stands for the parts of a key."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """A complete entry whose checksums were right when it was opened.

    Attributes:
        file: The features, a .npy file of float32 (n, width).
        shape: n and width.
        seconds: What computing them took, whenever that was.
        truncated_texts: How many of the texts were longer than the encoder reads.
    """

    file: Path
    shape: tuple[int, int]
    seconds: float
    truncated_texts: int

    def map(self) -> NDArray[np.float32]:
        """Return float32 (n, width), mapped copy-on-write: what is written to it reaches neither disk nor others."""
        return map_rows(self.file, self.shape)


def map_rows(file: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Map the first rows of a features file copy-on-write, also while more are being written behind them."""
    if 0 in shape:
        return np.empty(shape, np.float32)
    # A read-only map would end the process where a strategy writes to it through torch.
    return np.memmap(file, np.float32, "c", offset=len(npy_header(shape)), shape=shape).view(np.ndarray)


def npy_header(shape: tuple[int, int]) -> bytes:
    """Return the header of a .npy file of float32 in C order; its length depends on no shape that fits a disk."""
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape[0]}, {shape[1]}), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(described).to_bytes(2, "little") + described.encode("ascii")


def open_entry(folder: Path, parts: Parts) -> Entry | None:
    """Open a complete entry, checking every byte of it.

    Args:
        folder: Its folder.
        parts: The parts of its key.

    Returns:
        The entry, None where none was completed.

    Raises:
        DamagedEntryError: Where it is not what was written.
    """
    try:
        manifest = read_sealed(folder / MANIFEST_FILE)
        _check_manifest(manifest, parts)
        rows, width = manifest["rows"], manifest["width"]
        with (folder / FEATURES_FILE).open("rb") as file:
            _check_shards(file, (rows, width), manifest["shards"])
        return Entry(folder / FEATURES_FILE, (rows, width), manifest["seconds"], manifest["truncated_texts"])
    except FileNotFoundError as error:
        if (folder / MANIFEST_FILE).exists():
            raise DamagedEntryError(f"{FEATURES_FILE} is missing") from error
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedEntryError(str(error) or type(error).__name__) from error


def _check_manifest(manifest: dict[str, Any], parts: Parts) -> None:
    if (version := manifest.get("schema_version")) != SCHEMA_VERSION:
        raise ValueError(f"{MANIFEST_FILE} has schema version {version!r}, this program knows {SCHEMA_VERSION}")
    if manifest["key"] != dict(parts):
        raise ValueError(f"{MANIFEST_FILE} belongs to other features")


def _check_shards(file: BinaryIO, shape: tuple[int, int], shards: list[dict[str, Any]]) -> None:
    if sum(shard["rows"] for shard in shards) != shape[0]:
        raise ValueError(f"{MANIFEST_FILE} lists another number of rows than it says")
    if file.read(len(npy_header(shape))) != npy_header(shape):
        raise ValueError(f"{FEATURES_FILE} does not begin as it was written")
    for number, shard in enumerate(shards):
        if hashlib.sha256(file.read(shard["rows"] * shape[1] * 4)).hexdigest() != shard["sha256"]:
            raise ValueError(f"shard {number} of {FEATURES_FILE} is cut short or changed")
    if file.read(1):
        raise ValueError(f"{FEATURES_FILE} is longer than it was written")


class EntryWriter:
    """Writes an entry shard by shard; what was finished before a kill is kept and not asked for again.

    Only one process at a time may write an entry: hold its lock.

    Args:
        folder: Folder of the entry.
        parts: The parts of its key.
        shape: Rows n and width of the whole.
        about: What a reader of `harness cache list` knows it by, such as names; no part of the key.

    Raises:
        UnavailableError: Where the disk refuses.
    """

    def __init__(
        self, folder: Path, parts: Parts, shape: tuple[int, int], about: Mapping[str, str | None] | None = None
    ) -> None:
        self.file = folder / FEATURES_FILE
        self._folder, self._shape, self._about = folder, shape, dict(about or {})
        self._head: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "key": dict(parts),
            "rows": shape[0],
            "width": shape[1],
        }
        with disk_errors(folder, OPTION):
            folder.mkdir(parents=True, exist_ok=True)
            for unnamed in folder.glob(".*"):  # a kill between writing a file and naming it leaves one
                with contextlib.suppress(OSError):
                    unnamed.unlink()
            self._shards = self._finished_shards()
            self._truncate()

    @property
    def rows(self) -> int:
        """Number of rows that are on disk."""
        return sum(shard["rows"] for shard in self._shards)

    def keep(self, rows: int) -> None:
        """Forget the shards behind the first `rows` rows."""
        while self.rows > rows:
            self._shards.pop()
        with disk_errors(self.file, OPTION):
            self._truncate()

    def append(self, values: NDArray[np.float32], seconds: float) -> None:
        """Write the next rows, float32 (m, width), which took `seconds` to compute."""
        content = np.ascontiguousarray(values, dtype="<f4").data
        with disk_errors(self.file, OPTION), self.file.open("r+b") as file:
            self._check_end(file.seek(0, os.SEEK_END))
            # Ordinary writes: on a full disk, a write through a map ends the process instead of raising.
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        digest = hashlib.sha256(content).hexdigest()
        self._shards.append({"rows": len(values), "sha256": digest, "seconds": round(seconds, 6)})
        write_sealed(self._folder / JOURNAL_FILE, {**self._head, "about": self._about, "shards": self._shards}, OPTION)

    def finish(self, truncated_texts: int) -> Entry:
        """Write the manifest, the sign that the entry is complete, and return the entry."""
        seconds = round(sum(shard["seconds"] for shard in self._shards), 6)
        manifest = {
            **self._head,
            "about": self._about,
            "shards": self._shards,
            "seconds": seconds,
            "truncated_texts": truncated_texts,
        }
        with disk_errors(self.file, OPTION):
            self._check_end(self.file.stat().st_size)
        write_sealed(self._folder / MANIFEST_FILE, manifest, OPTION)
        (self._folder / JOURNAL_FILE).unlink(missing_ok=True)
        return Entry(self.file, self._shape, seconds, truncated_texts)

    def leave(self) -> None:
        """Remove an entry of which nothing was written, after a failure; finished shards stay."""
        if self._shape[0] and not self._shards:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _finished_shards(self) -> list[dict[str, Any]]:
        """Return the shards that the journal of a killed run vouches for, up to the first that is damaged."""
        try:
            journal = read_sealed(self._folder / JOURNAL_FILE)
            if {name: journal.get(name) for name in self._head} != self._head:
                return []
            with self.file.open("rb") as file:
                if file.read(len(npy_header(self._shape))) != npy_header(self._shape):
                    return []
                return _intact(file, self._shape[1], journal["shards"])
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _truncate(self) -> None:
        """Cut the file behind the finished shards; begin it where there is none."""
        if not self._shards:
            self.file.unlink(missing_ok=True)  # cutting a file that a run has mapped would end that run
        with self.file.open("r+b" if self._shards else "xb") as file:
            file.write(npy_header(self._shape))
            file.truncate(self._end())

    def _end(self) -> int:
        """Return where the finished shards end in the file, in bytes."""
        return len(npy_header(self._shape)) + self.rows * self._shape[1] * 4

    def _check_end(self, size: int) -> None:
        if size != self._end():
            raise OSError("somebody else changed it meanwhile")


def _intact(file: BinaryIO, width: int, shards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for shard in shards:
        if hashlib.sha256(file.read(shard["rows"] * width * 4)).hexdigest() != shard["sha256"]:
            break
        found.append(shard)
    return found
