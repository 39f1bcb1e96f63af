"""The cache on disk: frozen features and facts about encoders, by what they depend on."""

import contextlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harness.config.run_config import RunConfig
from harness.encoding.engine import OF_ENGINES
from harness.features.entry import (
    FEATURES_FILE,
    JOURNAL_FILE,
    MANIFEST_FILE,
    OPTION,
    SCHEMA_VERSION,
    Entry,
    Parts,
    digest_of,
    npy_header,
    open_entry,
)
from harness.system.disk_errors import disk_errors
from harness.system.files import read_sealed
from harness.system.unfinished_files import remove_abandoned

VARIABLE = "HARNESS_CACHE"
FEATURES, ENCODERS, LOCKS, TRASH = "features", "encoders", "locks", "trash"
DIGEST = re.compile("[0-9a-f]{64}")  # what folders of entries, and files of encoders and locks, are named by
_TRASHED = re.compile("[0-9a-f]{32}")
FILES = (FEATURES_FILE, MANIFEST_FILE, JOURNAL_FILE)  # of an entry; with a dot before them, half-written ones

State = Literal["complete", "unfinished", "unreadable"]


def default_root() -> Path:
    """Return the folder of the cache: `HARNESS_CACHE`, or the platform's place for caches."""
    from platformdirs import user_cache_path

    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    return user_cache_path("strategy-harness", appauthor=False)


def cache_folder(name: str) -> Path:
    """Return a folder of the default cache for files of a plugin's own, made where there is none.

    What is dear to have again belongs there. `harness cache` neither lists nor removes it.

    Args:
        name: Of the folder, none of those that the harness uses.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    folder = default_root() / name
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def cache_directory(config: RunConfig) -> "CacheDirectory | None":
    """Return the cache that a run uses, None where it is to use none."""
    if not config.cache:
        return None
    return CacheDirectory(Path(config.cache_dir).expanduser() if config.cache_dir else default_root())


@dataclass(frozen=True)
class StoredEntry:
    """What lies in one folder of the cache, as its own manifest or journal tells.

    Attributes:
        folder: The folder.
        key: The parts of its key, {} where they cannot be read.
        about: Names of the encoder (`model`) and the data set (`data`) it was computed for.
        state: Unfinished where no manifest was written, unreadable where this program did not write it or somebody
            cut it short; that all its bytes are as they were is known when a run opens it.
        rows: Texts of the whole entry.
        rows_done: Texts whose features are there.
        width: Numbers a text.
        seconds: What computing it took, None where it is not complete.
        bytes: Its size on disk.
        used: When it was last read or written, seconds since the epoch.
    """

    folder: Path
    key: dict[str, Any]
    about: dict[str, str | None]
    state: State
    rows: int
    rows_done: int
    width: int
    seconds: float | None
    bytes: int
    used: float

    def describe(self) -> dict[str, Any]:
        """Return the entry as JSON holds it."""
        used = datetime.fromtimestamp(self.used, UTC).isoformat(timespec="seconds")
        return {**vars(self), "folder": str(self.folder), "used": used}


class CacheDirectory:
    """The folder of the cache.

    Args:
        root: Where it lies; made when something is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()  # a strategy may change the working directory

    def folder(self, parts: Parts) -> Path:
        """Return the folder of the entry with this key."""
        return self.root / FEATURES / digest_of(parts)

    def facts_file(self, fingerprint: Parts) -> Path:
        """Return the file for what is known of an encoder with this fingerprint."""
        return self.root / ENCODERS / f"{digest_of(fingerprint)}.json"

    def budgets_file(self, fingerprint: Parts) -> Path:
        """Return the file for the token budgets that were timed for an encoder with this fingerprint."""
        return self.root / ENCODERS / f"{digest_of(fingerprint)}.budgets.json"

    def graph_file(self, fingerprint: Parts) -> Path:
        """Return the file for the graph that another engine computes an encoder with this fingerprint by."""
        return self.root / ENCODERS / f"{digest_of(fingerprint)}.graph.json"

    def engine_file(self, fingerprint: Parts) -> Path:
        """Return the file for how much faster another engine computes an encoder with this fingerprint."""
        return self.root / ENCODERS / f"{digest_of(fingerprint)}.engine.json"

    def open(self, parts: Parts) -> Entry | None:
        """Return the complete entry with this key, None where there is none.

        Raises:
            DamagedEntryError: Where it is not what was written.
        """
        folder = self.folder(parts)
        if entry := open_entry(folder, parts):
            with contextlib.suppress(OSError):  # for prune: somebody still uses it
                os.utime(folder / MANIFEST_FILE)
        return entry

    @contextmanager
    def locked(self, keys: Iterable[Parts], waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Hold the locks of these keys; waits for another run that holds one, never for one that was killed.

        Args:
            keys: The keys.
            waiting: Called where another run holds one.

        Raises:
            UnavailableError: Where the disk refuses.
        """
        from filelock import FileLock, Timeout

        self.sweep()
        with ExitStack() as held:
            with disk_errors(self.root, OPTION):
                (self.root / LOCKS).mkdir(parents=True, exist_ok=True)
                for digest in sorted({digest_of(parts) for parts in keys}):  # one order for all: none waits in a ring
                    lock = FileLock(self.root / LOCKS / f"{digest}.lock")
                    try:
                        held.enter_context(lock.acquire(timeout=0))
                    except Timeout:
                        waiting()
                        held.enter_context(lock.acquire())
            yield

    @contextmanager
    def held(self, digest: str) -> Iterator[bool]:
        """Try to lock an entry; the block gets whether that succeeded.

        A lock that was taken leaves no file behind: whoever waits for it notices and makes a new one.
        """
        from filelock import FileLock, Timeout

        file = self.root / LOCKS / f"{digest}.lock"
        lock = FileLock(file)
        with disk_errors(file, OPTION), contextlib.suppress(Timeout):
            file.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        try:
            yield lock.is_locked
        finally:
            if lock.is_locked:
                with contextlib.suppress(OSError):  # a platform may refuse while the file is open
                    file.unlink()
            lock.release()

    def discard(self, folder: Path) -> None:
        """Remove an entry; a run that has it mapped keeps what it mapped."""
        trash = self.root / TRASH / uuid.uuid4().hex
        with disk_errors(folder, OPTION):
            trash.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(folder, trash)  # first out of the way, at once: a half-deleted entry is never seen
        shutil.rmtree(trash, ignore_errors=True)
        with contextlib.suppress(OSError):  # of a file in an entry's place
            trash.unlink()

    def trash(self) -> Iterator[Path]:
        """Yield the folders that were on their way out when their process was killed, or are now."""
        for folder in (self.root / TRASH).glob("*"):
            if _TRASHED.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                yield folder

    def sweep(self) -> None:
        """Remove what killed runs left of entries that they removed, and of files about encoders that they wrote."""
        for folder in self.trash():
            shutil.rmtree(folder, ignore_errors=True)
        remove_abandoned(self.root / ENCODERS)

    def entries(self) -> list[StoredEntry]:
        """Return what is in the cache, the most recently used first."""
        folders = (self.root / FEATURES).glob("*")
        return sorted(filter(None, map(stored_in, folders)), key=lambda entry: -entry.used)

    def nearest(self, parts: Parts) -> tuple[StoredEntry, list[str]] | None:
        """Return the complete entry whose key differs in the fewest parts, and the names of these parts.

        An engine counts as one with what comes with it. Of several, the one of the same texts: that another split is
        cached, too, tells nobody why this one is not.
        """
        others = [(entry, differing(parts, entry.key)) for entry in self.entries() if entry.state == "complete"]
        return min(others, key=lambda other: (_n_causes(other[1]), "texts" in other[1]), default=None)


def _n_causes(parts: Iterable[str]) -> int:
    differ = {*parts}
    return len(differ - OF_ENGINES if "engine" in differ else differ)


def differing(wanted: Parts, stored: Parts) -> list[str]:
    """Return the names of the parts in which two keys differ."""
    missing = object()
    return [n for n in {**wanted, **stored} if wanted.get(n, missing) != stored.get(n, missing)]


def _is_ours(folder: Path) -> bool:
    """Return whether a folder is named and filled like an entry: nothing else is ever listed or removed."""
    if not DIGEST.fullmatch(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    return all(file.name.lstrip(".").startswith(FILES) and not file.is_dir() for file in folder.glob("*"))


def stored_in(folder: Path) -> StoredEntry | None:
    """Return what lies in a folder of the cache, None where it is no entry's."""
    if not _is_ours(folder):
        return None
    state, described = _described(folder)
    rows, width = described.get("rows", 0), described.get("width", 0)
    sizes, times = _sizes_and_times(folder)
    if state == "complete" and sizes.get(FEATURES_FILE) != len(npy_header((rows, width))) + 4 * rows * width:
        state = "unreadable"
    return StoredEntry(
        folder=folder,
        key=described.get("key", {}),
        about=described.get("about", {}),
        state=state,
        rows=rows,
        rows_done=sum(shard["rows"] for shard in described.get("shards", [])),
        width=width,
        seconds=described.get("seconds") if state == "complete" else None,
        bytes=sum(sizes.values()),
        used=max(times, default=0.0),
    )


def _described(folder: Path) -> tuple[State, dict[str, Any]]:
    """Return the state of an entry and what its manifest, or the journal of an unfinished one, says of it."""
    complete = (folder / MANIFEST_FILE).exists()
    try:
        content = read_sealed(folder / (MANIFEST_FILE if complete else JOURNAL_FILE))
        if content["schema_version"] == SCHEMA_VERSION and digest_of(content["key"]) == folder.name:
            return "complete" if complete else "unfinished", content
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return "unreadable" if complete else "unfinished", {}


def _sizes_and_times(folder: Path) -> tuple[dict[str, int], list[float]]:
    sizes, times = {}, []
    for file in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another run may finish or remove it meanwhile
            sizes[file.name] = file.stat().st_size
            times.append(file.stat().st_mtime)
    return sizes, times
