"""Files that somebody else may have written: refused unless they are regular, of a sane size and a sane depth."""

import json
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import Any, NoReturn

LARGEST_FILE = 2 * 10**9  # bytes
LARGEST_JSON = 200 * 10**6  # bytes; 42 trials over 77 classes take some 10 million
DEEPEST_JSON = 64  # pydantic writes no deeper than 255 again, run.json has 8
LARGEST_INTEGER = 2**63  # beyond it numpy and parquet cannot hold a number


def open_regular_file(path: Path, inside: Path | None = None) -> BufferedReader:
    """Open a file for reading if it is a regular one: a FIFO would be waited for, a device would never end.

    Args:
        path: The file.
        inside: Folder that no link may lead out of, None where links may lead anywhere.

    Raises:
        OSError: Where it is missing or cannot be read.
        ValueError: Where it is no regular file, or lies outside of the folder.
    """
    # Not Path.resolve, which raises a RuntimeError where links go round in a circle; opening them says so, too.
    if inside is not None and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(inside)):
        raise ValueError("it is a link that leads out of its folder, expected a file")
    file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115 (Path.open takes no opener; the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ValueError("it is a pipe, a device or a socket, expected a regular file")
    return file


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_regular_file(path: Path, largest: int = LARGEST_FILE, inside: Path | None = None) -> bytes:
    """Return the content of a regular file of at most `largest` bytes.

    Args:
        path: The file.
        largest: Bytes that it may have.
        inside: Folder that no link may lead out of, None where links may lead anywhere.

    Raises:
        OSError: Where it is missing or cannot be read.
        ValueError: Where it is another kind of file, lies outside of the folder or is larger.
    """
    with open_regular_file(path, inside) as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"it is larger than {largest:,} bytes")
    return content


def read_json(path: Path, largest: int = LARGEST_JSON, inside: Path | None = None, *, any_number: bool = False) -> Any:
    """Return what a JSON file holds.

    Args:
        path: The file.
        largest: Bytes that it may have.
        inside: Folder that no link may lead out of, None where links may lead anywhere.
        any_number: Let numbers pass that are not finite or need more than 64 bits, as configurations of models have.

    Raises:
        OSError: Where it is missing or cannot be read.
        ValueError: Where it is another kind of file, too large, no JSON, nested too deeply, or holds such a number.
    """
    content = read_regular_file(path, largest, inside)
    too_deep = f"it is nested more than {DEEPEST_JSON} deep"
    try:
        level = [value := json.loads(content, parse_constant=None if any_number else _refuse)]
    except RecursionError:
        raise ValueError(too_deep) from None
    for _ in range(DEEPEST_JSON):
        if not any_number and any(map(_is_beyond, level)):
            raise ValueError("it holds a number that needs more than 64 bits")
        level = [child for each in level for child in _children(each)]
        if not level:
            return value
    raise ValueError(too_deep)


def _is_beyond(value: Any) -> bool:
    return isinstance(value, int | float) and not -LARGEST_INTEGER < value < LARGEST_INTEGER


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is no JSON number")
