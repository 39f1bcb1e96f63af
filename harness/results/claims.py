"""Claims: while a process runs a run or a suite, no other one does, and no other one gets its folder."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.errors import UnavailableError, UserError
from harness.system.disk_errors import disk_errors
from harness.system.files import folder_made, new_folders, removed_if_empty

LOCK_FILE = ".lock"


class ClaimedError(UserError):
    """A folder whose run or suite another process runs now."""


@contextmanager
def claimed(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Keep other processes from running the run or the suite of a folder at the same time.

    Args:
        folder: Of the run or the suite.
        wait: Seconds in which another process may let go of it.

    Raises:
        ClaimedError: Where one does.
        UnavailableError: Where the disk refuses.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK_FILE)
    with disk_errors(folder):
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise ClaimedError(f"{folder} is being run by another process. Wait for it, or stop it first.") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # a platform may refuse while the file is open
            (folder / LOCK_FILE).unlink()
        lock.release()


@contextmanager
def new_claimed_folder(parent: Path, *named: str) -> Iterator[Path]:
    """Make a new folder below `parent` that nobody else gets, and claim it; its name as of `new_folders`.

    A folder that is made is not owned yet: who sweeps may take it for a dead one, and give its name free, until it is
    claimed. Only what is claimed and then holds nothing is new; otherwise another one is taken. Where the
    block ends badly and has written nothing, nothing of it is left.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    with ExitStack() as held:
        with disk_errors(parent):
            held.enter_context(folder_made(parent))
        for path in new_folders(parent, *named):
            try:
                held.enter_context(removed_if_empty([path]))
                held.enter_context(claimed(path))
            except ClaimedError:  # by who looks whether it is dead
                continue
            except UnavailableError as error:
                if not isinstance(error.__cause__, FileNotFoundError | FileExistsError):
                    raise
                continue  # it was swept meanwhile
            if all(name.startswith(LOCK_FILE) for name in os.listdir(path)):
                break
            held.close()  # it was swept and given to another run before it was claimed
        yield path
