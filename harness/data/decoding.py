"""Files -> text: compressed or not, in UTF-8 or in what a byte order mark or the bytes themselves say."""

import bz2
import codecs
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from harness.errors import DataError

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
COMPRESSED = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0"}  # how such files begin
LARGEST = 2**32  # bytes, unpacked: a few kilobytes can hold as many zeros as a disk
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does, so it is looked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DISGUISED = {  # how contents begin that no ending of ours promises
    b"PK\x03\x04": "a spreadsheet or an archive, whatever its name says. Save the sheet as CSV (UTF-8), or unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel file, whatever its name says. Save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "compressed with gzip. Let its name end in .gz",
    b"PAR1": "parquet. Let its name end in .parquet",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself. Fetch that with git lfs pull",
    b"<!doctype html": "a web page. Download the file behind it",
    b"<html": "a web page. Download the file behind it",
}
LONGEST_MARK = 30  # bytes
BEGIN = 1 << 20  # bytes that tell which encoding a text is in
IN_FREQUENT_USE = range(0xA4, 0xC7)  # first bytes of Big5's characters
WESTERN = "cp1252"
ABOVE_ASCII = re.compile(rb"[\x80-\xff]+")


def ending(path: Path) -> str:
    """Return the ending that names a file's format, in lower case, that of its compression left out."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in OPENERS else suffix


def stem(path: Path) -> str:
    """Return a file's name without the endings of its format and its compression."""
    return Path(path.stem).stem if path.suffix.lower() in OPENERS else path.stem


def read_text(path: Path, encoding: str | None = None, *, guess: bool = False) -> tuple[str, tuple[str, ...]]:
    """Read a file as text.

    Args:
        path: The file; .gz, .bz2 and .xz are unpacked.
        encoding: Python's name of its encoding; None takes what a byte order mark says, else UTF-8.
        guess: Take bytes that are not UTF-8 for Western European (Windows-1252) where they look like it.

    Returns:
        The text without a byte order mark, and a note where it is not UTF-8.

    Raises:
        DataError: Where it cannot be read, unpacked or decoded, with the line of the first wrong byte.
    """
    content = _read_bytes(path)
    refuse_disguised(path, content[:LONGEST_MARK])
    name, notes = encoding_of(content, encoding, guess=guess)
    try:
        return content.decode(name), notes
    except UnicodeError as error:
        raise not_decoded(path, error, name) from error


def encoding_of(
    content: bytes, encoding: str | None = None, *, guess: bool = False, is_cut: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Return Python's name of the encoding of a text, and a note where it is not UTF-8.

    Args:
        content: The text, or how it begins.
        encoding: What the user says it is.
        guess: Take bytes that are not UTF-8 for Western European (Windows-1252) where they look like it.
        is_cut: Whether more follows, so that the end may be half a character.
    """
    if encoding is not None:
        return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding, ()
    for mark, name in MARKS:
        if content.startswith(mark):
            return name, () if name == "utf-8-sig" else (f"read as {name.upper()}",)
    if wide := _without_mark(content):
        return wide, (f"taken for {wide.upper()} (--encoding names another)",)
    if guess and not _is_utf8(content, is_cut=is_cut) and _looks_western(content):
        return WESTERN, (f"not UTF-8, taken for {WESTERN} (--encoding names another)",)
    return "utf-8", ()


def _is_utf8(content: bytes, *, is_cut: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=not is_cut)
    except UnicodeDecodeError:
        return False
    return True


def refuse_disguised(path: Path, begin: bytes, promised: bytes | None = None) -> None:
    """Refuse a file that is of another kind than its name says.

    Args:
        path: The file.
        begin: Its first bytes, `LONGEST_MARK` at most.
        promised: How files of its kind begin.

    Raises:
        DataError: Where it begins as files of another known kind do.
    """
    kinds = (kind for mark, kind in DISGUISED.items() if mark != promised and begin.lower().startswith(mark.lower()))
    if disguised := next(kinds, ""):
        raise DataError(f"{path} is {disguised}.")


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file to be read, unpacked where its ending says that it is compressed."""
    opener: Callable[..., IO[bytes]] = OPENERS.get(path.suffix.lower(), open)
    return opener(path, "rb")


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read or unpacked into a `DataError`."""
    try:
        yield
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if _is_plain(path):
            raise DataError(f"{path} is not compressed, whatever its name says. Rename it to {path.stem}.") from error
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}.") from error


def _is_plain(path: Path) -> bool:
    """Return whether a file lacks the mark of the compression that its ending names."""
    try:
        mark = COMPRESSED[path.suffix.lower()]
        with path.open("rb") as file:
            return not mark.startswith(file.read(len(mark)))
    except (KeyError, OSError):
        return False


def _read_bytes(path: Path) -> bytes:
    with read_errors(path), open_bytes(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(f"{path} holds more than {LARGEST:,} bytes. Divide it, or write it as parquet.")
    return content


def not_decoded(path: Path, error: UnicodeError, encoding: str, lines_before: int = 0) -> DataError:
    """Return what tells which bytes are not of an encoding.

    Args:
        path: Where they come from.
        error: What the decoder raised.
        encoding: Of the decoder.
        lines_before: Lines before the bytes that it was given.
    """
    name = encoding.upper().removesuffix("-SIG")
    return DataError(f"{path}{_place(error, lines_before)} {name}. {_advice(encoding)}")


def _place(error: UnicodeError, lines_before: int) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return " is not"
    line = lines_before + error.object.count(b"\n", 0, error.start) + 1  # counted from after a byte order mark
    return f", line {line}: byte 0x{error.object[error.start]:02x} is not"


def _advice(encoding: str) -> str:
    if encoding.startswith("utf-8"):
        return "Save the file as UTF-8, or name its encoding, such as --encoding cp1252, gb18030, big5 or shift_jis."
    return "Name another --encoding, or save the file as UTF-8."


def _without_mark(content: bytes) -> str | None:
    """Recognise UTF-16 without a byte order mark: every other byte of texts in Latin letters is zero."""
    begin = content[:10_000]
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    if max(even, odd) <= len(begin) // 8:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _looks_western(content: bytes) -> bool:
    """Return whether most letters above ASCII stand alone: in Chinese, Japanese or Cyrillic texts they come in runs."""
    runs = ABOVE_ASCII.findall(content)
    try:
        content.decode(WESTERN)
    except UnicodeDecodeError:
        return False
    return 2 * sum(len(run) == 1 for run in runs) > len(runs) and not _looks_big5(content)


def _looks_big5(content: bytes) -> bool:
    """Return whether bytes are Chinese in Big5, whose characters may end in an ASCII letter, so that runs are short."""
    try:
        text = codecs.getincrementaldecoder("big5")().decode(content[:BEGIN])
    except UnicodeDecodeError:
        return False
    first_bytes = [letter.encode("big5")[0] for letter in text if not letter.isascii()]
    return 2 * sum(byte in IN_FREQUENT_USE for byte in first_bytes) > len(first_bytes)


def ends_by_returns(content: str) -> bool:
    """Return whether carriage returns alone end lines, as on old Macs: no line feed but within quotation marks or at
    the very end, where an editor puts one.
    """
    content = content.rstrip("\n")
    first = content.find("\r")
    if first < 0 or "\r\n" in content or 0 <= content.find("\n") < first:
        return False
    n_marks = 0
    for before in content.split("\n")[:-1]:
        n_marks += before.count('"')
        if n_marks % 2 == 0:
            return False
    return True
