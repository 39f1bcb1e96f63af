"""Files that are whole or absent: atomic writes, checksums, sealed JSON."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import UnavailableError

_SEAL = "sha256_of_the_rest"


@contextmanager
def disk_errors(path: Path, option: str = "--output-dir") -> Iterator[None]:
    """Turn an `OSError` about `path` into a message that says what to do; `option` names its folder."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error) or "the write was cut short, the disk may be full"
        raise UnavailableError(
            f"Cannot write to {path}: {reason}. Free space or name another folder with {option}."
        ) from error


def write_atomically(path: Path, content: bytes, option: str = "--output-dir") -> None:
    """Write a file so that a reader sees all of it or none of it, also after a crash.

    Args:
        path: The file; its folder is made where it is missing.
        content: What to write.
        option: The flag that names its folder, for the message.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    with disk_errors(path, option):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_json(value: Any) -> bytes:
    """Return indented UTF-8 JSON; refuses NaN and infinity, which are not JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape


def write_sealed(path: Path, content: dict[str, Any], option: str = "--output-dir") -> None:
    """Write a JSON object atomically, together with the sha256 of it, which `read_sealed` checks."""
    write_atomically(path, to_json({**content, _SEAL: _digest(content)}), option)


def read_sealed(path: Path) -> dict[str, Any]:
    """Return what `write_sealed` wrote.

    Raises:
        OSError: Where the file cannot be read.
        ValueError: Where it holds anything else than what was written.
    """
    try:
        content = json.loads(path.read_bytes())
        sealed = isinstance(content, dict) and content.pop(_SEAL, None) == _digest(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not JSON") from error
    if not sealed:
        raise ValueError(f"{path.name} is not what was written")
    return dict(content)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(to_json(content)).hexdigest()


def folder_name(text: str) -> str:
    """Return `text` fit for a folder's name on every platform: `/` becomes `__`, `:` becomes `-`."""
    name = text.replace("/", "__").replace("\\", "__").replace(":", "-")
    return "".join(c if c.isalnum() or c in "._-+" else "_" for c in name).strip(".") or "_"
