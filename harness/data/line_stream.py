"""Any number of lines of a file or of standard input, of which the first megabyte says how they are written."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO

from harness.data.decoding import LONGEST_MARK, encoding_of, ends_by_returns, not_decoded, read_errors, refuse_disguised
from harness.errors import DataError

BLOCK = 1 << 20  # bytes
LONGEST_LINE = 1 << 26  # characters


@dataclass(frozen=True)
class LineStream:
    """Lines without their line feeds.

    Attributes:
        head: The first lines, all of them whole.
        lines: All lines, to be read once.
        is_whole: Whether `head` holds them all.
        notes: What was found out about the encoding.
        feed: What ends them.
    """

    head: list[str]
    lines: Iterator[str]
    is_whole: bool
    notes: tuple[str, ...]
    feed: str = "\n"


def open_lines(
    stream: IO[bytes], path: Path, encoding: str | None = None, *, guess: bool = False, first: int = BLOCK
) -> LineStream:
    """Divide bytes into lines at line feeds, or at carriage returns where these alone end lines at the beginning.

    Args:
        stream: The bytes, unpacked.
        path: Where they come from, for messages.
        encoding: As of `harness.data.decoding.read_text`; what is not said is found out from the first bytes.
        guess: As there.
        first: How many these are.

    Raises:
        DataError: For bytes that are no text; from the lines, too, once they are reached.
    """
    with read_errors(path):
        begin = stream.read(first)
    is_whole = len(begin) < first
    refuse_disguised(path, begin[:LONGEST_MARK])
    name, notes = encoding_of(begin, encoding, guess=guess, is_cut=not is_whole)
    texts = _decoded(chain([begin], _blocks(stream, path)), path, name)
    text = next(texts)
    feed = "\r" if ends_by_returns(text) else "\n"
    whole = (text.rstrip("\n") if feed == "\r" and is_whole else text).split(feed)
    if not is_whole or not whole[-1]:
        whole.pop()
    return LineStream(whole, _divided(chain([text], texts), path, feed), is_whole, notes, feed)


def count_lines(stream: IO[bytes], path: Path) -> int:
    """Return the number of lines that are left to read, by their line feeds or, where there are more, their returns."""
    n_feeds, n_returns, last = 0, 0, b"\n"
    for block in _blocks(stream, path):
        n_feeds, n_returns, last = n_feeds + block.count(b"\n"), n_returns + block.count(b"\r"), block[-1:]
    return max(n_feeds, n_returns) + (last not in b"\r\n\0")  # the last byte of a line feed in UTF-16 is 0


def _blocks(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    with read_errors(path):
        while block := stream.read(BLOCK):
            yield block


def _decoded(blocks: Iterator[bytes], path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    n_lines = 0
    try:
        for block in blocks:
            yield (text := decoder.decode(block))
            n_lines += text.count("\n")
        yield decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise not_decoded(path, error, encoding, n_lines) from error


def _divided(texts: Iterator[str], path: Path, feed: str) -> Iterator[str]:
    rest, n_lines = "", 0
    for text in texts:
        *whole, rest = (rest + text).split(feed)
        n_lines += len(whole)
        yield from whole
        if len(rest) > LONGEST_LINE:
            raise too_long(path, n_lines + 1, LONGEST_LINE)
    if rest := rest.rstrip("\n") if feed == "\r" else rest:
        yield rest


def too_long(path: Path, line: int, n_characters: int) -> DataError:
    """Return what tells that a line, counted from 1, has no end."""
    told = f"{path}, line {line}: more than {n_characters:,} characters without a line's end. Write a row a line."
    return DataError(told)
