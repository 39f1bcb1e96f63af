"""Lines and a delimiter -> rows: whether a quotation mark encloses a cell or belongs to the text, and no row lost."""

import csv
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.data.table import Quoting

if TYPE_CHECKING:
    from _csv import Reader

Rows = list[list[str]]
QUOTE = '"'
SWALLOWED_ADVICE = "Say --quoting no if quotation marks belong to the texts, --quoting yes if the cell is meant."
ESCAPED = '\\"'  # as MySQL writes a quotation mark within a cell


@dataclass(frozen=True)
class Reading:
    """How lines are divided into cells.

    Args:
        delimiter: One character between two cells.
        quoted: Whether quotation marks enclose cells; None where no cell begins with one.
        spaced: Whether a space after each delimiter is left out.
    """

    delimiter: str
    quoted: bool | None = None
    spaced: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows of cells, not yet all of one length.

    Args:
        rows: The cells of each row, the header included.
        reading: How they were read.
        notes: What was decided on the way.
        problem: Why these are not the rows of the file, a sentence; None where they are.
    """

    rows: Rows
    reading: Reading
    notes: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def is_even(self) -> bool:
        """Whether these are rows of two columns or more, all of one length but for empty cells at their ends."""
        return self.problem is None and n_columns(self.rows) > 1 and not ragged(self.rows)


def n_columns(rows: Rows) -> int:
    """Return the number of columns, those without a name at the end of the header counted where a row fills them."""
    named = len(rows[0]) if rows else 0
    while named and not rows[0][named - 1].strip() and not any(len(row) >= named and row[named - 1] for row in rows):
        named -= 1
    return named


def ragged(rows: Rows) -> list[int]:
    """Return the rows, from 0 and the header left out, with more or fewer cells than there are columns."""
    wanted = n_columns(rows)
    return [i for i, row in enumerate(rows[1:]) if len(row) < wanted or any(row[wanted:])]


def split_rows(lines: Sequence[str], delimiter: str, quoting: Quoting, *, unquoted_by_habit: bool) -> Grid:
    """Divide lines, one at least, into rows.

    Where quotation marks begin cells, both readings are tried: as RFC 4180 has it, cells may be enclosed and then
    hold the delimiter and line breaks; and with quotation marks as plain letters, as sets of the GLUE kind are written.

    Args:
        lines: Lines of the file; a carriage return may stand at their ends.
        delimiter: One character between two cells.
        quoting: What the user says, `auto` to find out.
        unquoted_by_habit: Whether files of this kind often come without quoting, so that rows of one length decide.

    Returns:
        The rows, with a problem where a quotation mark encloses what looks like rows or is never closed.
    """
    rows = [line.split(delimiter) if line else [] for line in (each.removesuffix("\r") for each in lines)]
    opened = any(map(begins_quoted, rows))
    known = {"yes": True, "no": False, "auto": False if opened else None}[quoting]
    plain = Grid(rows, Reading(delimiter, known))
    if quoting == "no" or not opened:
        return _without_spaces(plain)
    enclosed = _enclosed(lines, delimiter)
    if quoting == "yes":
        return enclosed
    if unquoted_by_habit and plain.is_even and not _is_meant(enclosed, plain):
        note = "read without quoting, quotation marks belong to the text (--quoting yes differs)"
        return replace(plain, notes=(note,))
    if enclosed.problem is None and (line := swallowed(enclosed.rows, plain.rows)) is not None:
        return replace(
            enclosed,
            problem=f"line {line + 1}: a quotation mark opens a cell that goes on over lines which look like rows of "
            f"their own. {SWALLOWED_ADVICE}",
        )
    return enclosed


def _enclosed(lines: Sequence[str], delimiter: str) -> Grid:
    grid = _read(lines, delimiter, skip_spaces=False)
    if all(cell.startswith(" ") for cell in lines[0].split(delimiter)[1:]):
        skipped = _read(lines, delimiter, skip_spaces=True)
        if skipped.is_even and (not grid.is_even or _is_spaced(grid.rows)):
            return replace(skipped, notes=(_spaces_note(delimiter),))
    return grid


def begins_quoted(row: Sequence[str]) -> bool:
    """Return whether a cell of a row, divided at its delimiters alone, begins with a quotation mark."""
    return any(cell.startswith((QUOTE, f" {QUOTE}")) for cell in row)


def quoted_rows(lines: Iterable[str], delimiter: str, *, skip_spaces: bool = False) -> "Reader":
    """Divide lines into rows as RFC 4180 has it; `line_num` says how many lines were read."""
    csv.field_size_limit(max(csv.field_size_limit(), 2**31 - 1))  # for good: another thread may be reading, too
    ended = (f"{line}\n" for line in lines)
    return csv.reader(ended, delimiter=delimiter, strict=True, skipinitialspace=skip_spaces)


def closed_lines(lines: Sequence[str], delimiter: str) -> int:
    """Return how many of the first lines of a file are whole rows, where the last ones may be cut within a cell."""
    reader, n_closed = quoted_rows(lines, delimiter), 0
    with suppress(csv.Error):
        for _ in reader:
            n_closed = reader.line_num
    return n_closed if 2 * n_closed > len(lines) else len(lines)  # else quotation marks enclose no cells


def _read(lines: Sequence[str], delimiter: str, *, skip_spaces: bool) -> Grid:
    reading = Reading(delimiter, quoted=True, spaced=skip_spaces)
    reader = quoted_rows(lines, delimiter, skip_spaces=skip_spaces)
    rows: Rows = []
    begin = 1
    try:
        for row in reader:
            rows.append(row)
            begin = reader.line_num + 1
    except csv.Error as error:
        return Grid(rows, reading, problem=f"line {begin}: {error}. {quoting_advice(lines)}")
    n_lines = sum(1 + "".join(row).count("\n") for row in rows)
    if n_lines != len(lines):  # counted by itself, so that no row is ever lost in silence
        problem = f"{len(lines)} lines gave rows of {n_lines} lines. Write the file again."
        return Grid(rows, reading, problem=problem)
    return Grid(rows, reading)


def quoting_advice(lines: Iterable[str]) -> str:
    """Say what to do about lines that cannot be divided with quotation marks around cells."""
    if any(ESCAPED in line for line in lines):
        return f"Quotation marks within cells are written {ESCAPED} here; expected them doubled."
    return "A quoted cell may lack its closing quote; say --quoting no if quotation marks belong to the texts."


def _is_spaced(rows: Rows) -> bool:
    return all(cell.startswith(" ") or not cell for row in rows for cell in row[1:]) and len(rows[0]) > 1


def _without_spaces(grid: Grid) -> Grid:
    if not _is_spaced(grid.rows):
        return grid
    rows = [row[:1] + [cell.removeprefix(" ") for cell in row[1:]] for row in grid.rows]
    return replace(
        grid, rows=rows, reading=replace(grid.reading, spaced=True), notes=(_spaces_note(grid.reading.delimiter),)
    )


def _spaces_note(delimiter: str) -> str:
    return f"a space after each {delimiter!r} was left out"


def _is_meant(enclosed: Grid, plain: Grid) -> bool:
    """Return whether quotation marks enclose cells, for lines that are rows of one length without quoting, too."""
    if not enclosed.is_even or len(enclosed.rows) != len(plain.rows):
        return False
    pairs = [
        [(cell, raw) for cell, raw in zip(row, raws, strict=False) if cell != raw]
        for row, raws in zip(enclosed.rows, plain.rows, strict=True)
    ]
    needed = all(QUOTE in cell for row in pairs for cell, _ in row)
    columns = zip(*(raws[: n_columns(plain.rows)] for raws in plain.rows[1:]), strict=True)
    whole_column = any(all(len(raw) > 1 and raw[0] == raw[-1] == QUOTE for raw in column) for column in columns)
    return needed or whole_column or bool(pairs[0])


def swallowed(enclosed: Rows, plain: Rows) -> int | None:
    """Return the line, from 0, of a cell over several lines of which one is a row with a value known in its column.

    Args:
        enclosed: Rows with quotation marks around cells, that of the columns' names first.
        plain: The same lines, divided at their delimiters alone.
    """
    width, line = n_columns(enclosed), 0
    known = [{row[c] for row in enclosed if len(row) > c and row[c]} for c in range(width)]
    for row in enclosed:
        n_lines = 1 + "".join(row).count("\n")
        if n_lines > 1:
            broken = next(c for c, cell in enumerate(row) if "\n" in cell)
            for i, cells in enumerate(plain[line : line + n_lines]):
                after = range(broken + 1, width) if i < n_lines - 1 else ()  # the last line holds the row's own
                before = range(broken) if i > 0 else ()
                if len(cells) == width and any(cells[c] in known[c] for c in (*before, *after)):
                    return line
        line += n_lines
    return None
