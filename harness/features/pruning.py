"""Pruning of the cache: old entries, damaged ones or all; only what the harness put there, nothing in use."""

import contextlib
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness.features.cache import OWN_PARTS
from harness.features.directory import DIGEST, ENCODERS, FEATURES, LOCKS, TRASH, CacheDirectory, StoredEntry, stored_in
from harness.features.entry import OPTION, digest_of
from harness.system.disk_errors import disk_errors
from harness.system.files import folder_size

Reason = Literal["unfinished", "unused", "beyond the size", "all"]

SECONDS_A_DAY = 86_400
# Facts, budgets and graphs of encoders, also half-written ones.
_FACTS = re.compile(r"\.?(?P<digest>[0-9a-f]{64})(\.budgets|\.engine|\.graph)?\.(json|xml|bin)(\..+)?")


@dataclass
class Removed:
    """What was removed, and what was not because a run is writing it.

    Attributes:
        entries: Reason -> number of entries removed for it.
        bytes: What was freed on disk, in all.
        in_use: Folders of entries that were to be removed but are being written.
    """

    entries: Counter[Reason] = field(default_factory=Counter)
    bytes: int = 0
    in_use: set[Path] = field(default_factory=set)


def prune(directory: CacheDirectory, days: float, max_bytes: int | None = None) -> Removed:
    """Remove unfinished entries, entries unused for long, and the least recently used until the rest fits.

    Files of encoders without entries go where they are as old, lock files where nobody holds them.

    Args:
        directory: The cache.
        days: Entries that were not used for so many days go.
        max_bytes: The size that the remaining entries may have together, None for any.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    removed, oldest = Removed(), time.time() - days * SECONDS_A_DAY
    for entry in directory.entries():
        if entry.state == "unfinished":
            _remove(directory, entry, "unfinished", removed)
        elif entry.used <= oldest:
            _remove(directory, entry, "unused", removed)
    if max_bytes is not None:
        _fit(directory, max_bytes, removed)
    needed = {_encoder_of(entry) for entry in directory.entries()}
    for file, digest in _facts(directory):
        if digest not in needed and file.stat().st_mtime <= oldest:
            _delete(file, removed)
    _sweep(directory, removed)
    return removed


def clear(directory: CacheDirectory) -> Removed:
    """Remove all that the harness put into the folder, and the folders it made there where they are empty then.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    removed = Removed()
    for entry in directory.entries():
        _remove(directory, entry, "all", removed)
    for file, _ in _facts(directory):
        _delete(file, removed)
    _sweep(directory, removed)
    for name in (FEATURES, ENCODERS, LOCKS, TRASH):
        with contextlib.suppress(OSError):
            (directory.root / name).rmdir()
    return removed


def is_empty(directory: CacheDirectory) -> bool:
    """Return whether there is nothing to clear."""
    leftovers = (next(each, None) for each in (_facts(directory), _locks(directory), directory.trash()))
    return not directory.entries() and not any(leftovers)


def _fit(directory: CacheDirectory, max_bytes: int, removed: Removed) -> None:
    entries = directory.entries()
    size = sum(entry.bytes for entry in entries)
    for entry in reversed(entries):
        if size <= max_bytes:
            return
        if _remove(directory, entry, "beyond the size", removed):
            size -= entry.bytes


def _remove(directory: CacheDirectory, entry: StoredEntry, reason: Reason, removed: Removed) -> bool:
    """Remove an entry unless a run is writing it, or finished it meanwhile."""
    with directory.held(entry.folder.name) as held:
        if not held:
            removed.in_use.add(entry.folder)
            return False
        now = stored_in(entry.folder)
        if now is None or (reason == "unfinished" and now.state != "unfinished"):
            return False
        directory.discard(entry.folder)
        removed.entries[reason] += 1
        removed.bytes += now.bytes
        return True


def _sweep(directory: CacheDirectory, removed: Removed) -> None:
    """Remove what was on its way out when a run was killed, and locks that nobody holds."""
    for folder in directory.trash():
        removed.bytes += folder_size(folder)
    directory.sweep()
    for file in list(_locks(directory)):
        with directory.held(file.stem):
            pass


def _delete(file: Path, removed: Removed) -> None:
    size = file.stat().st_size
    with disk_errors(file, OPTION):
        file.unlink(missing_ok=True)
    removed.bytes += size


def _encoder_of(entry: StoredEntry) -> str:
    """Return the digest that the files about an entry's encoder are named by."""
    return digest_of({name: part for name, part in entry.key.items() if name not in OWN_PARTS})


def _facts(directory: CacheDirectory) -> Iterator[tuple[Path, str]]:
    for file in (directory.root / ENCODERS).glob("*"):
        if (match := _FACTS.fullmatch(file.name)) and file.is_file():
            yield file, match["digest"]


def _locks(directory: CacheDirectory) -> Iterator[Path]:
    for file in (directory.root / LOCKS).glob("*.lock"):
        if DIGEST.fullmatch(file.stem) and file.is_file():
            yield file
