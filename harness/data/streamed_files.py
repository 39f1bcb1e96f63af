"""Files and standard input -> rows, some at a time, read as `harness.data.files` reads them whole."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import IO, Any

from harness.data.arrow_files import open_parquet, parquet_chunks
from harness.data.decoding import ending, open_bytes, read_errors
from harness.data.delimited_files import DELIMITERS, filled_lines
from harness.data.delimited_stream import stream_delimited, stream_lines
from harness.data.files import ENDINGS, READERS, is_read, refusal
from harness.data.json_files import parse_json, refuse_others_than_objects, value_of
from harness.data.line_stream import BLOCK, LineStream, count_lines, open_lines
from harness.data.row_stream import ROWS_AT_ONCE, Chunk, RowStream, batched
from harness.data.table import ReadOptions
from harness.errors import DataError

JSON_LINES = (".jsonl", ".ndjson")
FORMATS = ("csv", "tsv", "jsonl", "txt")
"""What a source without a telling ending can be said to be."""


@contextmanager
def open_rows(
    source: str,
    standard_input: IO[bytes] | None = None,
    options: ReadOptions | None = None,
    *,
    kind: str | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
    decided_on: int = BLOCK,
) -> Iterator[RowStream]:
    """Open the rows of one file.

    They are read by the rules of `harness.data.files`, but that encoding, delimiter, quoting and header are decided on
    the first megabyte, the columns of JSON lines on the first chunk, and that a .txt has a text a line, unless its
    columns are named or it is said to have a header. JSON that is not one object a line, and Arrow, are read whole.

    Args:
        source: A file.
        standard_input: Read in place of a file; a text a line unless `kind` says otherwise.
        options: How files are read whose look does not tell.
        kind: One of `FORMATS`, by default what the file's ending says.
        rows_at_once: Rows of a chunk.
        decided_on: The first bytes, on which it is decided how the others are read.

    Raises:
        DataError: For a file that cannot be read; from the chunks, too, once they are reached.
    """
    options = options or ReadOptions()
    if standard_input is not None:
        name, suffix = Path("standard input"), f".{kind or 'txt'}"
        yield _of_lines(standard_input, name, options, suffix, rows_at_once, decided_on)
        return
    path = Path(source).expanduser()
    suffix = f".{kind}" if kind else _ending(path)
    if suffix == ".parquet":
        options.refuse_for(str(path), "a parquet file")
        with open_parquet(path) as file:
            chunks = parquet_chunks(file, path, rows_at_once)
            types = dict(zip(file.schema_arrow.names, file.schema_arrow.types, strict=True))
            yield RowStream(str(path), tuple(types), chunks, n_rows=file.metadata.num_rows, types=types)
    elif suffix in (*DELIMITERS, *JSON_LINES):
        with _opened(path) as stream:
            n_lines = count_lines(stream, path) if path.is_file() else None
        with _opened(path) as stream:
            rows = _of_lines(stream, path, options, suffix, rows_at_once, decided_on)
            yield rows if n_lines is None else replace(rows, n_rows=max(0, n_lines - rows.n_before))
    else:
        yield _whole(path, options, rows_at_once)


def _ending(path: Path) -> str:
    if is_read(path):
        return ending(path)
    raise DataError(
        refusal(path) or f"{path}: expected a file ending in {ENDINGS}. Name it after what it holds, or convert it."
    )


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with read_errors(path):
        stream = open_bytes(path)
    with stream:
        yield stream


def _of_lines(stream: IO[bytes], path: Path, options: ReadOptions, suffix: str, n: int, decided_on: int) -> RowStream:
    if suffix in JSON_LINES:
        options.refuse_for(str(path), "a JSON file", encoded=True)
        return _of_json(open_lines(stream, path, options.encoding, first=decided_on), path, options, n)
    lines = open_lines(stream, path, options.encoding, guess=True, first=decided_on)
    if suffix == ".txt" and options.header is None and options.columns is None:
        return stream_lines(lines, path, n)
    return stream_delimited(lines, path, options, n, suffix)


def _whole(path: Path, options: ReadOptions, n: int) -> RowStream:
    table = READERS[ending(path)](path, options)
    n_rows = len(next(iter(table.columns.values()), ()))
    starts = range(0, n_rows, n)
    chunks = ({name: cells[i : i + n] for name, cells in table.columns.items()} for i in starts)
    return RowStream(table.path, tuple(table.columns), chunks, list(table.notes), n_rows)


def _of_json(lines: LineStream, path: Path, options: ReadOptions, n: int) -> RowStream:
    notes = list(lines.notes)
    filled = filled_lines(lines.lines, notes)
    first = next(filled, None)
    if first is None:
        raise DataError(f"{path} is empty. It needs at least one row.")
    if not isinstance(value_of(first), dict) and path.is_file():
        return _whole(path, options, n)  # which tells what is wrong, or is a list, or has its rows under a key
    batches = _objects(chain([first], filled), path, n)
    begin = next(batches)
    names = tuple(dict.fromkeys(name for row in begin for name in row))
    return RowStream(str(path), names, _columns(chain([begin], batches), path, names), notes)


def _objects(lines: Iterator[str], path: Path, n: int) -> Iterator[list[Any]]:
    done = 0
    for batch in batched(lines, n):
        rows = [parse_json(path, line, row) for row, line in enumerate(batch, done)]
        refuse_others_than_objects(path, rows, done)
        done += len(rows)
        yield rows


def _columns(batches: Iterator[list[Mapping[str, Any]]], path: Path, names: tuple[str, ...]) -> Iterator[Chunk]:
    done, known = 0, set(names)
    for rows in batches:
        if new := next(
            ((row, name) for row, cells in enumerate(rows, done) for name in cells if name not in known), None
        ):
            raise DataError(
                f"{path}: row {new[0] + 1} has a column {new[1]!r}, which none of the first rows has. Write it in the "
                "first row, too, as null."
            )
        done += len(rows)
        yield {name: [row.get(name) for row in rows] for name in names}
