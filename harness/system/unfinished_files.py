"""Files and folders under the name that they are written under, and the removal of those that a killed process left."""

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

LONGEST_PREFIX = 100  # bytes of a file's name in the name of what becomes it
ABANDONED = 86_400  # seconds since its last change, where no lock tells whether somebody is writing it
_UNFINISHED = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}", re.DOTALL)


@contextmanager
def unfinished_file(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Open a new file beside `path` for the block, which renames it or loses it; what killed processes left there goes.

    Args:
        path: What the file is to become; its folder exists.

    Raises:
        OSError: Where the disk refuses.
    """
    remove_abandoned(path.parent, path.name)
    owner = os.getpid()
    while True:
        # An ordinary new file, not one of tempfile: who may read it is for the user's umask to say.
        with (temporary := _new_name(path)).open("xb") as file:
            _try_lock(file.fileno(), wait=True)
            if not temporary.exists():
                continue  # somebody took it for an abandoned one before it was locked
            try:
                yield temporary, file
            finally:
                with contextlib.suppress(OSError):
                    if os.getpid() == owner:  # not in a process that the block forked off
                        temporary.unlink()
            return


@contextmanager
def unfinished_folder(path: Path, mode: int = 0o777) -> Iterator[Path]:
    """Make a new folder beside `path` for the block, which renames it or loses it; what killed processes left goes.

    Args:
        path: What the folder is to become; its parent exists.
        mode: Its permissions, of which the umask takes away.

    Raises:
        OSError: Where the disk refuses.
    """
    remove_abandoned(path.parent, path.name)
    owner = os.getpid()
    while True:
        (temporary := _new_name(path)).mkdir(mode)
        with _locked(temporary, wait=True):
            if not temporary.exists():
                continue
            try:
                yield temporary
            finally:
                if os.getpid() == owner:
                    shutil.rmtree(temporary, ignore_errors=True)
            return


def remove_abandoned(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes left in a folder of files that they were writing; never what is being written.

    Args:
        folder: Where they lie.
        name: Of what they were to become, None for any: only in a folder that holds nothing but what we write.
    """
    prefix = None if name is None else cut_to_bytes(name, LONGEST_PREFIX)
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            match = _UNFINISHED.fullmatch(entry.name)
            if match and prefix in (None, match["name"]) and not entry.is_symlink():
                _remove_if_abandoned(Path(entry.path))


def cut_to_bytes(name: str, longest: int) -> str:
    """Return as much of the beginning of a name as takes no more bytes than that."""
    return name.encode("utf-8", "surrogatepass")[:longest].decode("utf-8", "ignore")


def _new_name(path: Path) -> Path:
    return path.parent / f".{cut_to_bytes(path.name, LONGEST_PREFIX)}.{secrets.token_hex(8)}"


def _remove_if_abandoned(path: Path) -> None:
    with contextlib.suppress(OSError):
        kind = path.stat()
        if not (stat.S_ISREG(kind.st_mode) or stat.S_ISDIR(kind.st_mode)):
            return
        with _locked(path, wait=False) as locked:
            if locked is False or (locked is None and time.time() - kind.st_mtime < ABANDONED):
                return
            if stat.S_ISDIR(kind.st_mode):
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[bool | None]:
    """Lock a file or folder for the block, which gets what `_try_lock` returns, None where it cannot be opened."""
    descriptor = None
    with contextlib.suppress(OSError):  # some systems open no folder, and some users no file of others
        descriptor = os.open(path, (os.O_RDONLY if path.is_dir() else os.O_RDWR) | getattr(os, "O_NOFOLLOW", 0))
    try:
        yield None if descriptor is None else _try_lock(descriptor, wait=wait)
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):  # a strategy may have closed whatever was open
                os.close(descriptor)


def _try_lock(descriptor: int, *, wait: bool) -> bool | None:
    """Return whether an open file was locked, until it is closed, or None where the system has no such locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    lock: Any = fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)
    try:
        fcntl.flock(descriptor, lock)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
