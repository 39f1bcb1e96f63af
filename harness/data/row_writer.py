"""Rows -> CSV, JSON lines or parquet, some at a time, into a file that is whole or absent, or to standard output."""

import csv
import io
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

from harness.data.row_stream import Chunk
from harness.errors import UserError, reason_of
from harness.system.disk_errors import disk_errors
from harness.system.files import written_whole


class RowWriter(Protocol):
    """Takes rows; all calls name the same columns."""

    def write(self, columns: Chunk, types: Mapping[str, Any]) -> None:
        """Write the next rows, none perhaps.

        Args:
            columns: Column name -> n cells.
            types: Column name -> Arrow type, of those that have one.
        """

    def close(self) -> None:
        """Write what belongs at the end."""


class _CsvWriter:
    """CSV with a header; what a spreadsheet would take for a formula stays as it is, since programs read it, too."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._begun = stream, False

    def write(self, columns: Chunk, types: Mapping[str, Any]) -> None:
        del types
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self._begun:
            writer.writerow(columns)
            self._begun = True
        writer.writerows(zip(*(map(_csv_cell, cells) for cells in columns.values()), strict=True))
        self._stream.write(text.getvalue().encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        self._stream.flush()


class _JsonWriter:
    """One JSON object a line; what JSON has no number for is null."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, columns: Chunk, types: Mapping[str, Any]) -> None:
        del types
        rows = (dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True))
        text = "".join(f"{_json(row)}\n" for row in rows)
        self._stream.write(text.encode("utf-8", "backslashreplace"))  # half a surrogate pair becomes its JSON escape

    def close(self) -> None:
        self._stream.flush()


class _ParquetWriter:
    """Parquet; columns without a type of their own get that of the first rows."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._writer: Any = None

    def write(self, columns: Chunk, types: Mapping[str, Any]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        known = {field.name: field.type for field in self._writer.schema} if self._writer else types
        try:
            table = pa.table({name: pa.array(cells, type=known.get(name)) for name, cells in columns.items()})
            if self._writer is None:
                self._writer = pq.ParquetWriter(self._stream, table.schema)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise UserError(
                f"These rows cannot be written as parquet: {reason_of(error)}. Write .jsonl, which holds any."
            ) from error
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _csv_cell(cell: Any) -> Any:
    return _json(cell) if isinstance(cell, dict | list | tuple) else cell


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        return json.dumps(_without_nan(value), ensure_ascii=False, allow_nan=False, default=str)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


WRITERS: dict[str, Callable[[IO[bytes]], RowWriter]] = {
    ".csv": _CsvWriter,
    ".jsonl": _JsonWriter,
    ".parquet": _ParquetWriter,
}
"""Ending of a file -> what writes it."""


def check_ending(file: Path) -> None:
    """Refuse a file whose ending stands for no format.

    Raises:
        UserError: Naming those that do.
    """
    if file.suffix.lower() not in WRITERS:
        raise UserError(f"{file}: expected a name that ends in {', '.join(WRITERS)}, which says how rows are written.")


@contextmanager
def open_writer(file: Path | None) -> Iterator[RowWriter]:
    """Open what rows are written to.

    Args:
        file: A file, which is there once the block ends well and not before, and then replaces an older one; None for
            CSV on standard output.

    Raises:
        UserError: For an ending that stands for no format.
        UnavailableError: Where the disk refuses.
    """
    with ExitStack() as stack:
        if file is None:
            stream: IO[bytes] = sys.stdout.buffer
        else:
            check_ending(file)
            stack.enter_context(disk_errors(file, "-o"))
            stream = stack.enter_context(written_whole(file))
        writer = WRITERS[file.suffix.lower() if file else ".csv"](stream)
        try:
            yield writer
        except BaseException:
            with suppress(Exception):  # of what was going wrong already
                writer.close()
            raise
        writer.close()
