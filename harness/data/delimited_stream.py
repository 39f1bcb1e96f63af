"""Any number of rows of csv, tsv and txt, by the rules of `delimited_files`, decided on the first megabyte."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from harness.data.delimited_files import (
    DELIMITERS,
    FASTTEXT,
    NO_HEADER,
    SEPARATOR_LINE,
    divide,
    empty_file,
    empty_rows_note,
    fasttext,
    filled_lines,
    header_of,
    is_fasttext,
    refuse_repeated_header,
    uneven,
    within_columns,
)
from harness.data.line_stream import BLOCK, LONGEST_LINE, LineStream, too_long
from harness.data.quoting import (
    SWALLOWED_ADVICE,
    Reading,
    Rows,
    begins_quoted,
    closed_lines,
    quoted_rows,
    quoting_advice,
    swallowed,
)
from harness.data.row_stream import Chunk, RowStream, batched
from harness.data.table import ReadOptions
from harness.errors import DataError

# No characters: they take the place of carriage returns within lines, which the csv module refuses, and of line feeds.
RETURN, FEED = "\ufdd0", "\ufdd1"
QUOTING = "Say --quoting yes if quotation marks enclose cells, --quoting no if they belong to the texts."
TEXT = "text"  # what the column of a file without columns is called


def stream_delimited(lines: LineStream, path: Path, options: ReadOptions, n: int, kind: str) -> RowStream:
    """Read rows of delimiters.

    Args:
        lines: The lines.
        path: Where they come from.
        options: How they are read, where their look does not tell.
        n: Rows of a chunk.
        kind: One of `DELIMITERS`.

    Raises:
        DataError: For what `harness.data.delimited_files` refuses; from the chunks, too, once it is reached.
    """
    head, delimiters, n_skipped = list(_Feed(path).of(lines.head)), DELIMITERS[kind], 0
    if match := SEPARATOR_LINE.fullmatch(head[0]) if head else None:
        head, delimiters, n_skipped = head[1:], match[1], 1
    if not head and not lines.is_whole:
        raise too_long(path, 1 + n_skipped, BLOCK)
    if not head:
        raise empty_file(path, is_txt=kind == ".txt")
    if not lines.is_whole:
        head = head[: closed_lines(head, next((each for each in delimiters if each in head[0]), delimiters[0]))]
    grid = divide(head, delimiters, options, is_txt=kind == ".txt")
    if grid.problem:
        raise DataError(f"{path}, {grid.problem}")
    rows, told = within_columns(grid.rows)
    names, cells, numbered = header_of(path, rows, options, is_txt=kind == ".txt")
    notes = [*lines.notes, *grid.notes, *told]
    by_habit = kind == ".txt" or grid.reading.delimiter == "\t"
    reader = _Reader(path, options, names, grid.reading, n, notes, by_habit, n_skipped, lines.feed == "\r")
    has_header = len(cells) < len(rows)
    chunks = reader.chunks(islice(lines.lines, n_skipped, None), has_header=has_header)
    hint = "" if numbered or options.header or options.columns else NO_HEADER
    types = dict.fromkeys(names, "string")
    return RowStream(
        str(path), tuple(names), chunks, notes, None, numbered, hint, types, n_before=n_skipped + has_header
    )


def stream_lines(lines: LineStream, path: Path, n: int) -> RowStream:
    """Read a text a line, an empty line being a row without a text; of fastText's lines, text and label."""
    notes = list(lines.notes)
    if is_fasttext(lines.head):
        notes.append(f"lines begin with {FASTTEXT}, as fastText has it: labels were taken off the texts")
        batches = batched(filled_lines(_alike(lines.lines, path), notes), n)
        return RowStream(str(path), (TEXT, "label"), map(fasttext, batches), notes)
    batches = batched((line.removesuffix("\r") for line in lines.lines), n)
    return RowStream(str(path), (TEXT,), ({TEXT: batch} for batch in batches), notes, types={TEXT: "string"})


def _alike(lines: Iterator[str], path: Path) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith(FASTTEXT):
            raise DataError(
                f"{path}, line {number}: the first lines begin with {FASTTEXT}, this one does not. Write all "
                "lines alike."
            )
        yield line


@dataclass
class _Feed:
    """Lines as the csv module can read them, those that are empty at the end left out."""

    path: Path
    n_before: int = 0
    has_return: bool = False

    def of(self, lines: Iterable[str]) -> Iterator[str]:
        empty: list[str] = []
        for number, line in enumerate(lines, self.n_before + 1):
            if not line.strip(" \r"):
                empty.append(line)
                continue
            yield from empty
            empty.clear()
            yield self._mended(line, number)

    def _mended(self, line: str, number: int) -> str:
        if RETURN in line or FEED in line:
            raise DataError(f"{self.path}, line {number}: U+FDD0 and U+FDD1 are no characters of a text. Remove them.")
        line = (line[:-1] if line.endswith("\r\r") else line).replace("\n", FEED)
        if "\r" not in line[:-1]:
            return line
        self.has_return = True
        return line[:-1].replace("\r", RETURN) + line[-1]


@dataclass
class _Reader:
    """Lines -> chunks of columns.

    Args:
        path: Where the lines come from.
        options: What the user says of them.
        names: Names of the columns.
        reading: How lines are divided.
        n: Rows of a chunk.
        notes: Gets a note on what is left out.
        unquoted_by_habit: Whether files of this kind often come without quoting.
        n_lines: Lines that were read already.
        by_returns: Whether carriage returns end lines.
    """

    path: Path
    options: ReadOptions
    names: list[str]
    reading: Reading
    n: int
    notes: list[str]
    unquoted_by_habit: bool
    n_lines: int
    by_returns: bool

    def __post_init__(self) -> None:
        self._feed = _Feed(self.path, self.n_lines)
        self._open = 0  # characters of a row that is not complete yet

    def chunks(self, lines: Iterator[str], *, has_header: bool) -> Iterator[Chunk]:
        rows = chain.from_iterable(self._batches(self._feed.of(lines)))
        done = 0
        for batch in batched(self._without_empty_end(islice(rows, int(has_header), None)), self.n):
            self._refuse(batch, done)
            done += len(batch)
            cells = self._as_written(batch)
            yield {name: [row[i] for row in cells] for i, name in enumerate(self.names)}

    def _as_written(self, batch: Rows) -> Rows:
        """Put line breaks within cells back in place of what stood for them while lines were divided."""
        if not (self._feed.has_return or self.by_returns):
            return batch
        written = {ord(RETURN): "\r", ord(FEED): "\n"} | ({ord("\n"): "\r"} if self.by_returns else {})
        return [[cell.translate(written) for cell in row] for row in batch]

    def _batches(self, lines: Iterator[str]) -> Iterator[Rows]:
        """Yield rows, some at a time, none of which is a cell that took others in."""
        if self.reading.quoted is False or (self.reading.quoted is None and self.unquoted_by_habit):
            yield from batched(map(self._plain, lines), self.n)
            return
        taken: list[str] = []
        reader = quoted_rows(self._noted(lines, taken), self.reading.delimiter, skip_spaces=self.reading.spaced)
        while batch := self._enclosed(reader, taken):
            if len(taken) > len(batch) and self.options.quoting == "auto":
                self._refuse_swallowed(batch, taken)
            self.n_lines += len(taken)
            taken.clear()
            yield batch

    def _noted(self, lines: Iterator[str], taken: list[str]) -> Iterator[str]:
        for line in lines:
            self._open += len(line)
            if self._open > LONGEST_LINE:
                raise DataError(
                    f"{self.path}, after line {self.n_lines}: a row of more than {LONGEST_LINE:,} characters. "
                    f"{quoting_advice([])}"
                )
            taken.append(line)
            yield line

    def _enclosed(self, reader: Iterator[list[str]], taken: list[str]) -> Rows:
        batch: Rows = []
        begin = 0
        try:
            for row in islice(reader, self.n):
                batch.append(row)
                begin, self._open = len(taken), 0
        except csv.Error as error:
            line = self.n_lines + begin + 1
            raise DataError(f"{self.path}, line {line}: {error}. {quoting_advice(taken)}") from error
        return batch

    def _plain(self, line: str) -> list[str]:
        self.n_lines += 1
        line = line.removesuffix("\r")
        row = line.split(self.reading.delimiter) if line else []
        if self.reading.quoted is None and begins_quoted(row):
            raise DataError(
                f"{self.path}, line {self.n_lines}: the first quotation mark at the beginning of a cell. {QUOTING}"
            )
        return row[:1] + [cell.removeprefix(" ") for cell in row[1:]] if self.reading.spaced else row

    def _refuse_swallowed(self, batch: Rows, taken: list[str]) -> None:
        names = [name.replace("\n", " ") for name in self.names]
        plain = [line.removesuffix("\r").split(self.reading.delimiter) for line in taken]
        if (line := swallowed([names, *batch], [names, *plain])) is not None:
            raise DataError(
                f"{self.path}, line {self.n_lines + line}: a quotation mark opens a cell that goes on over lines "
                f"which look like rows of their own. {SWALLOWED_ADVICE}"
            )

    def _without_empty_end(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        width = len(self.names)
        empty: Rows = []
        for row in rows:
            kept = row if any(row[width:]) else row[:width]
            if not any(row):
                empty.append(kept)
                continue
            yield from empty
            empty.clear()
            yield kept
        if empty:
            self.notes.append(empty_rows_note(len(empty)))

    def _refuse(self, batch: Rows, done: int) -> None:
        if wrong := {row: cells for row, cells in enumerate(batch, done) if len(cells) != len(self.names)}:
            named, has_return = self.options.columns is not None, self._feed.has_return
            raise uneven(self.path, len(self.names), wrong, self.reading.delimiter, named=named, has_return=has_return)
        refuse_repeated_header(self.path, self.names, batch, done)
