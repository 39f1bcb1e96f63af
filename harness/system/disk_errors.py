"""What a disk refuses, whoever words it -> a message that says what to do."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import UnavailableError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (*FULL, errno.EROFS, errno.EFBIG, errno.EIO)
NOT_A_FOLDER = (errno.EEXIST, errno.ENOTDIR)
CUT_SHORT = "the write was cut short, the disk may be full"
_OF_RUST = re.compile(r"\(os error (\d+)\)")  # tokenizers and safetensors raise no OSError
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written|iostream error|enforce fail at inline_container")
"""What numpy, OpenVINO and torch say of a write that was cut short; none of them says why."""


@contextmanager
def disk_errors(path: Path, option: str = "--output-dir") -> Iterator[None]:
    """Turn an `OSError` about `path` into a message that says what to do; `option` names its folder."""
    try:
        yield
    except OSError as error:
        raise _refusal(path, option, error) from error


@contextmanager
def disk_errors_of_libraries(path: Path, option: str = "--output-dir") -> Iterator[None]:
    """Do what `disk_errors` does for what libraries write: only what a disk refused is turned, in whatever words.

    An error that was raised from such a one, as where a library's own error was taken for something else, counts, too.
    """
    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, UnavailableError):
                raise cause from cause.__cause__
            cause = cause.__cause__
        if refused := refused_by_disk(error):
            raise _refusal(path, option, refused) from error
        raise


def refused_by_disk(error: BaseException | None) -> OSError | None:
    """Return what a disk refused, where that is what an exception, or one that it was raised from, is about.

    Args:
        error: Any exception, None for none.

    Returns:
        It with the number of the system's error, `ENOSPC` where a library says only that a write was cut short; None
        where no disk refused anything.
    """
    while error is not None:
        if isinstance(error, OSError) and error.errno in REFUSED:
            return error
        if (match := _OF_RUST.search(str(error))) and int(match[1]) in REFUSED:
            return OSError(int(match[1]), os.strerror(int(match[1])))
        if _CUT_SHORT.search(str(error)):
            return OSError(errno.ENOSPC, CUT_SHORT)
        error = error.__cause__
    return None


def _refusal(path: Path, option: str, error: OSError) -> UnavailableError:
    """Return the message: space is asked for where there is none, and a file in the place of a folder is named."""
    if error.errno in NOT_A_FOLDER and (file := _file_on_the_way(path)):
        return UnavailableError(
            f"Cannot write to {path}: {file} is a file, not a folder. Name another folder with {option}."
        )
    reason = error.strerror or str(error) or CUT_SHORT
    if error.errno in FULL or error.errno is None:  # numpy gives no number where a write is cut short
        return UnavailableError(f"Cannot write to {path}: {reason}. Free space or name another folder with {option}.")
    return UnavailableError(f"Cannot write to {path}: {reason}. Name another folder with {option}.")


def _file_on_the_way(path: Path) -> Path | None:
    """Return what is there and no folder, of a path and the folders that it is in; None where that is none."""
    return next((each for each in (path, *path.parents) if os.path.exists(each) and not os.path.isdir(each)), None)
