"""Files that are whole or absent: atomic writes, checksums, sealed JSON."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from harness.errors import UnavailableError
from harness.system.disk_errors import disk_errors
from harness.system.foreign_files import open_regular_file, read_json
from harness.system.unfinished_files import cut_to_bytes, unfinished_file, unfinished_folder
from harness.wording.secrets import without_secrets

LONGEST_PART = 100  # bytes of a folder's name, of 255, for each of data and encoder; time and number take 24
_SEAL = "sha256_of_the_rest"


def write_atomically(path: Path, content: bytes, option: str = "--output-dir") -> None:
    """Write a file so that a reader sees all of it or none of it, also after a crash.

    Args:
        path: The file; its folder is made where it is missing.
        content: What to write.
        option: The flag that names its folder, for the message.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    with disk_errors(path, option), written_whole(path) as file:
        file.write(content)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write that is there once the block ends well and not before, also after a crash.

    Args:
        path: The file, which replaces an older one; its folder is made where it is missing.

    Raises:
        OSError: Where the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with unfinished_file(path) as (temporary, file):
        yield file
        file.flush()
        os.fsync(file.fileno())
        if os.name == "nt":  # which renames no open file
            file.close()
        temporary.replace(path)


@contextmanager
def folder_written_whole(path: Path, option: str = "--output") -> Iterator[Path]:
    """Give a new folder beside `path` that becomes it once the block ends well, and is removed otherwise.

    Args:
        path: Missing or an empty folder; its parents are made where they are missing, and go again with it.
        option: The flag that names it, for the message.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    with ExitStack() as stack:
        with disk_errors(path, option):
            stack.enter_context(folder_made(path.parent))
            temporary = stack.enter_context(unfinished_folder(path))
        yield temporary
        with disk_errors(path, option):
            give_usual_permissions(temporary)
            if path.is_dir():
                path.rmdir()  # a platform may refuse to rename onto a folder
            temporary.rename(path)


@contextmanager
def folder_made(path: Path) -> Iterator[None]:
    """Make a folder and those that it is in for the block; where that ends badly, those that were made go if empty.

    Raises:
        OSError: Where the disk refuses.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    with removed_if_empty(missing):
        path.mkdir(parents=True, exist_ok=True)
        yield


@contextmanager
def removed_if_empty(folders: Iterable[Path]) -> Iterator[None]:
    """Where the block ends badly, remove folders that hold nothing, in this order, up to the first that does."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in folders:
                folder.rmdir()
        raise


def give_usual_permissions(folder: Path) -> None:
    """Let the user's umask say who may read the files of a folder: libraries write some for their owner alone.

    Raises:
        OSError: Where the disk refuses.
    """
    ordinary = folder / f".{secrets.token_hex(8)}"
    with ordinary.open("xb") as file:  # to ask for the umask is to change it, for all threads
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    ordinary.unlink()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(mode)


def folder_size(folder: Path) -> int:
    """Return the bytes of the files in a folder and in those below it.

    Raises:
        OSError: Where one of them cannot be looked at.
    """
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content, read in pieces.

    Raises:
        OSError: Where it cannot be read, or is no regular file.
    """
    try:
        file = open_regular_file(path)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error), str(path)) from error
    with file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(value: Any) -> bytes:
    """Return indented UTF-8 JSON without the user's tokens; refuses NaN and infinity, which are not JSON."""
    return _encoded(without_secrets(value))


def _encoded(value: Any) -> bytes:
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape


def write_sealed(path: Path, content: dict[str, Any], option: str = "--output-dir") -> None:
    """Write a JSON object atomically, together with the sha256 of it, which `read_sealed` checks."""
    written = without_secrets(content)
    write_atomically(path, _encoded({**written, _SEAL: _digest(written)}), option)


def read_sealed(path: Path) -> dict[str, Any]:
    """Return what `write_sealed` wrote.

    Raises:
        OSError: Where the file cannot be read.
        ValueError: Where it holds anything else than what was written.
    """
    try:
        content = read_json(path)
        sealed = isinstance(content, dict) and content.pop(_SEAL, None) == _digest(content)
    except ValueError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from error
    if not sealed:
        raise ValueError(f"{path.name} is not what was written")
    return dict(content)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_encoded(content)).hexdigest()


def folder_name(text: str, longest: int = 200) -> str:
    """Return `text` fit for a folder's name on every platform: `/` becomes `__`, `:` becomes `-`.

    What takes more than `longest` bytes, which file systems count where a person counts letters, is cut and ends in a
    digest of the whole.
    """
    name = text.replace("/", "__").replace("\\", "__").replace(":", "-")
    name = "".join(c if c.isalnum() or c in "._-+" else "_" for c in name).strip(".") or "_"
    if len(name.encode()) <= longest:
        return name
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{cut_to_bytes(name, longest - len(digest) - 1)}-{digest}"


def new_folders(parent: Path, *named: str) -> Iterator[Path]:
    """Make a new folder below `parent`, named after the time in UTC and what it holds; another one for each request.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    name = "-".join(folder_name(part, LONGEST_PART) for part in (time, *named))
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1000):
            path = parent / (name if attempt == 1 else f"{name}-{attempt}")
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                yield path
    raise UnavailableError(f"Cannot find a free name for a run in {parent}. Name another folder with --output-dir.")
