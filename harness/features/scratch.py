"""A folder for features that no cache keeps: beside what they are for, and gone with the next one after a kill."""

import contextlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX, LOCK = ".features-", "lock"


@contextmanager
def scratch_folder(parent: Path, name: str) -> Iterator[Path | None]:
    """Claim a folder, remove those that killed processes left beside it, and remove it at the end.

    Args:
        parent: Existing folder that it lies in.
        name: Of what it is for.

    Yields:
        The folder, None where another process has it or the disk refuses.
    """
    from filelock import FileLock, Timeout

    for left in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, Timeout), FileLock(left / LOCK, timeout=0):
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{PREFIX}{name}"
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except (OSError, Timeout):
        yield None
        return
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
