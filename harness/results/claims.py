"""Claims: while a process runs a run or a suite, no other one does."""

import contextlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.system.files import disk_errors

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_FILE = ".lock"


@contextmanager
def claimed(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Keep other processes from running the run or the suite of a folder at the same time.

    Args:
        folder: Of the run or the suite.
        wait: Seconds in which another process may let go of it.

    Raises:
        UserError: Where one does.
        UnavailableError: Where the disk refuses.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK_FILE)
    with disk_errors(folder):
        try:
            _acquire(lock, wait)
        except Timeout:
            raise UserError(f"{folder} is being run by another process. Wait for it, or stop it first.") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # a platform may refuse while the file is open
            (folder / LOCK_FILE).unlink()
        lock.release()


def _acquire(lock: "FileLock", wait: float) -> None:
    """Acquire a lock in a folder, which another process may take for a dead run's and remove while it is empty."""
    last = time.monotonic() + wait
    while True:
        try:
            lock.acquire(timeout=max(last - time.monotonic(), 0.0))  # makes the folder where it is gone
        except (FileNotFoundError, FileExistsError):
            if time.monotonic() >= last:
                raise
        else:
            return
