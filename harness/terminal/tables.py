"""A table of a document on a terminal: as a whole, in parts below each other, or in a few short lines a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.document.model import Bar, Cell, Row, Table, Tone, Words
from harness.terminal.console import Page, folding
from harness.terminal.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.terminal.layout import NAME_WIDTH, STACKED_BELOW
from harness.wording.text import right

STYLES: dict[Tone, str] = {"": "", "muted": "dim", "good": "bold", "bad": "yellow", "failed": "red"}
NAME_WIDTHS = (NAME_WIDTH, 24, 16)  # of these the widest with which a table fits
TEXT_LENGTH = 240  # columns of a text
WIDEST_BAR, NARROWEST_BAR = 41, 8  # columns
INDENT = (0, 0, 0, 2)


def table_lines(table: Table, page: Page) -> Iterator[RenderableType]:
    """Yield a table in the widest layout that fits.

    Texts and what is small in the first column stand below the cells of their row, what spans several columns below
    the table. Where the table is too wide, its groups of columns are parted; on a narrow page each row is a name and a
    line for each group.
    """
    parts = _parts(table, page)
    for i, part in enumerate(parts):
        yield from [Text("")] * (i > 0)
        yield from part.lines(page)
    for row in table.rows:
        if _spans(row):
            name, why = " ".join(filter(None, _words_of(row.cells[0]))), str(row.cells[1].text)
            yield folding(page.text(f"{name}: {why}", STYLES[row.tone]))
        elif not parts:
            yield from _stacked(table, row, page)


def _spans(row: Row) -> bool:
    return any(cell.span > 1 for cell in row.cells)


def _words_of(cell: Cell) -> tuple[str, str]:
    """Return what a cell says, and what stands below it in brackets."""
    return str(cell.text), f"({cell.small})" if str(cell.small) else ""


@dataclass(frozen=True)
class _Part:
    """Some columns of a table, the first always among them.

    Attributes:
        table: The table.
        columns: Positions of the columns.
        names: How wide a name may be.
        beside: Whether what is small stands beside the cells, and not below them.
        again: Whether the first column stands in an earlier part, with what is small in it.
    """

    table: Table
    columns: Sequence[int]
    names: int = NAME_WIDTH
    beside: bool = False
    again: bool = False

    def fits(self, page: Page) -> bool:
        return self._grid(page).width <= page.width

    def lines(self, page: Page) -> Iterator[RenderableType]:
        lines = list(self._grid(page, with_bars=True).lines(page.glyphs.rule))
        rows = list(self._rows())
        heights = [1 + self._has_small(row) for row in rows]
        yield from lines[: len(lines) - sum(heights)]
        below = iter(lines[len(lines) - sum(heights) :])
        for row, height in zip(rows, heights, strict=True):
            yield from (next(below) for _ in range(height))
            if (remark := str(row.cells[0].small)) and not self.beside and not self.again:
                yield Padding(folding(page.text(remark, "dim")), INDENT)
            yield from _texts(self.table, row, page)

    def _rows(self) -> Iterator[Row]:
        """Yield the rows that have a cell in these columns, besides the first."""
        for row in self.table.rows:
            if not _spans(row) and (not self.again or any(str(row.cells[i].text) for i in self.columns[1:])):
                yield row

    def _has_small(self, row: Row) -> bool:
        return not self.beside and any(str(row.cells[i].small) for i in self.columns[1:])

    def _grid(self, page: Page, *, with_bars: bool = False) -> Grid:
        columns = [self.table.columns[i] for i in self.columns]
        headings = [
            Heading(page.short(c.text, self.names), page.short(c.group, page.width), c.kind in ("name", "letters"))
            for c in columns
        ]
        rows: list[tuple[list[str], str]] = []
        bars: list[Bar | None] = []
        for row in self._rows():
            cells = [row.cells[i] for i in self.columns]
            rows.append(([self._main(cell, i, page) for i, cell in enumerate(cells)], STYLES[row.tone]))
            bars.append(next((cell.bar for cell in cells if cell.bar), None))
            if self._has_small(row):
                small = [self._cut(cell.small, i, page) for i, cell in enumerate(cells)]
                rows.append((["", *small[1:]], "dim"))
                bars.append(None)
        grid = Grid(headings, rows)
        width = min(page.width - grid.width - GAP_BETWEEN_GROUPS, WIDEST_BAR)
        if not (with_bars and any(bars) and width >= NARROWEST_BAR):
            return grid
        drawn = [([*cells, _bar_line(bar, width, page)], style) for (cells, style), bar in zip(rows, bars, strict=True)]
        return Grid([*headings, Heading("", is_name=True)], drawn)

    def _main(self, cell: Cell, position: int, page: Page) -> str:
        text = self._cut(cell.text, position, page)
        if not self.beside:
            return text
        if self.table.columns[self.columns[position]].kind == "name":
            return page.short(" ".join(filter(None, _words_of(cell))), page.width)
        smalls = [str(row.cells[self.columns[position]].small) for row in self._rows()]
        widest = max(map(cell_len, smalls))
        return f"{text} {right(page.short(str(cell.small), widest), widest)}".rstrip() if widest else text

    def _cut(self, value: Words, position: int, page: Page) -> str:
        is_name = self.table.columns[self.columns[position]].kind == "name"
        return page.short(str(value), self.names if is_name else page.width)


def _parts(table: Table, page: Page) -> list[_Part]:
    """Return the table in as few parts as there is room for, [] where its rows are to be stacked."""
    columns = [i for i, column in enumerate(table.columns) if column.kind != "text"]
    if all(map(_spans, table.rows)):
        return []
    narrow = page.width < STACKED_BELOW
    for beside, names in ((True, NAME_WIDTH), *((False, names) for names in NAME_WIDTHS[: 1 if narrow else None])):
        if (whole := _Part(table, columns, names, beside)).fits(page):
            return [whole]
    if narrow:
        return []
    parts = [[columns[0]]]
    for _, members in groupby(columns[1:], key=lambda i: table.columns[i].group or i):
        group = list(members)
        together = _Part(table, [columns[0], *group]).fits(page)
        for more in [group] if together else [[i] for i in group]:
            if not _Part(table, [*parts[-1], *more]).fits(page):
                parts.append([columns[0]])
            parts[-1] += more
    found = [_Part(table, part, again=i > 0) for i, part in enumerate(part for part in parts if len(part) > 1)]
    return found if all(part.fits(page) for part in found) else []


def _texts(table: Table, row: Row, page: Page) -> Iterator[RenderableType]:
    for column, cell in zip(table.columns, row.cells, strict=False):
        if column.kind == "text" and str(cell.text):
            yield Padding(folding(Text(page.short(str(cell.text), TEXT_LENGTH), style="dim")), INDENT)


def _stacked(table: Table, row: Row, page: Page) -> Iterator[RenderableType]:
    """Yield a row as its name, a line for each group of columns, its bar and its texts."""
    style = STYLES[row.tone]
    number = table.columns[0].text if table.columns[0].kind == "number" else ""
    yield folding(page.text(" ".join(filter(None, (number, *_words_of(row.cells[0])))), style or "bold"))
    cells = [(c, cell) for c, cell in zip(table.columns, row.cells, strict=False) if c.kind != "text"][1:]
    for group, members in groupby(cells, key=lambda each: each[0].group):
        pieces: list[str] = []
        for column, cell in members:
            said = " ".join(filter(None, _words_of(cell)))
            if column.kind == "letters" and pieces:  # they belong to the score before them
                pieces[-1] = f"{pieces[-1]} {said}".rstrip()
            elif said:
                pieces.append(f"{column.text} {said}")
        for line in _packed(group, pieces, page):
            yield Padding(folding(page.text(line, style)), INDENT)
    if bar := next((cell.bar for _, cell in cells if cell.bar), None):
        yield Padding(Text(_bar_line(bar, page.width - 3, page), style="dim", no_wrap=True, overflow="crop"), INDENT)
    yield from _texts(table, row, page)


def _packed(label: str, pieces: Sequence[str], page: Page) -> list[str]:
    """Put as many pieces in a line as there is room for, none parted, the label before the first."""
    comma = page.say(", ")
    lines = [label] if label and pieces else []
    for i, piece in enumerate(pieces):
        ended = piece + (comma.rstrip() if i < len(pieces) - 1 else "")
        if lines and cell_len(f"{lines[-1]} {ended}") <= page.width - INDENT[-1]:
            lines[-1] += f" {ended}"
        else:
            lines.append(ended)
    return lines


def _bar_line(bar: Bar | None, width: int, page: Page) -> str:
    """Draw an interval and its score, such as `  ├──●──┤`."""
    if bar is None:
        return ""
    low, middle, high = (_column(value, bar, width) for value in (bar.low, bar.value, bar.high))
    cells = [" "] * max(width, 1)
    cells[low : high + 1] = [page.glyphs.rule] * (high - low + 1)
    cells[low], cells[high] = page.glyphs.bar_start, page.glyphs.bar_end
    cells[middle] = page.glyphs.point
    return "".join(cells).rstrip()


def _column(value: float, bar: Bar, width: int) -> int:
    """Return the column of a value, the first or the last where it lies outside of the scale."""
    share = (value - bar.start) / (bar.end - bar.start) if bar.end > bar.start else 0.0
    return round(min(max(0.0, share), 1.0) * max(width - 1, 0))
