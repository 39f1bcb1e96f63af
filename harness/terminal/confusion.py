"""Confusion matrices as heat maps in the terminal, and what takes their place where they do not fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.style import Style
from rich.table import Column, Table
from rich.text import Text

from harness.document.sections.confusions import largest_confusions
from harness.evaluation.metrics import Evaluation
from harness.terminal.console import Page
from harness.terminal.tables import table_lines
from harness.wording import quantities
from harness.wording.text import left, right

LEVELS = (0.05, 0.25, 0.5, 0.75)  # row shares at which the next shade begins
# Black on colours of one lightness, more saturated as the share grows: that reads as "more" on dark and on
# light terminals alike. Blue and orange stay apart for colour-blind eyes.
RIGHT_SHADES = ("#a3a9b3", "#8caed6", "#74b0f0", "#4fa8ff")
WRONG_SHADES = ("#b3aba3", "#d6ac82", "#efa654", "#ff9d1f")
LONGEST_LABEL = 16
WIDEST_CELL = 10
NARROWEST_LABEL = 5
N_CONFUSIONS = 10
GAP = 3  # columns between two matrices


@dataclass(frozen=True)
class _Matrix:
    rows: Sequence[Sequence[int]]
    label_names: Sequence[str]
    label_width: int
    cell_width: int


def confusion_matrix(
    evaluation: Evaluation, label_names: Sequence[str], title: str, console: Console, language: str = "en"
) -> RenderableType:
    """Lay out a confusion matrix: rows are true classes, columns predicted ones.

    A cell holds the count and, under it, the share of its row, and is shaded by that share: in colour, or
    with a character where the console has no colours.

    Args:
        evaluation: Scores with the (k, k) counts.
        label_names: The k class names.
        title: What the matrix is of.
        console: What it will be printed on.
        language: Of the headings.

    Returns:
        The matrix; where k columns do not fit, the most frequent confusions instead.
    """
    page = Page(console, language)
    matrix = _fitting(evaluation.confusion, label_names, page)
    lines = _matrix_lines(matrix, page) if matrix else _confusion_lines(evaluation, label_names, title, page)
    return Group(page.text(title, "bold"), *lines)


def side_by_side(renderables: Sequence[RenderableType], console: Console) -> RenderableType:
    """Put as many matrices in a row as the width allows."""
    widest = max(Measurement.get(console, console.options, each).maximum for each in renderables)
    n_columns = max(1, (console.width + GAP) // (widest + GAP))
    grid = Table.grid(*(Column(overflow="fold") for _ in range(n_columns)), padding=(0, GAP, 0, 0))
    for start in range(0, len(renderables), n_columns):
        grid.add_row(*renderables[start : start + n_columns])
        grid.add_row("")
    return grid


def _fitting(rows: Sequence[Sequence[int]], label_names: Sequence[str], page: Page) -> _Matrix | None:
    longest = max(cell_len(page.short(name, LONGEST_LABEL)) for name in label_names)
    n_classes = len(label_names)
    digits = max(len(str(count)) for row in rows for count in row)
    narrow = 1 + max(digits, len("100%"))  # one column for the shade or a gap
    label = 1 + max(longest, cell_len(page.say("true")))  # and one column between it and the cells
    for cell in range(max(narrow, min(longest + 1, WIDEST_CELL)), narrow - 1, -1):
        if label + n_classes * cell <= page.width:
            return _Matrix(rows, label_names, label, cell)
    rest = page.width - n_classes * narrow
    return _Matrix(rows, label_names, rest, narrow) if rest >= NARROWEST_LABEL else None


def _matrix_lines(matrix: _Matrix, page: Page) -> Iterator[Text]:
    width = matrix.cell_width - 1  # the last column of a cell is for the shade
    labels = [right(page.short(name, width), width) for name in matrix.label_names]
    yield Text(" " * matrix.label_width + page.say("predicted"), style="dim", no_wrap=True)
    yield Text(left(page.say("true"), matrix.label_width) + " ".join(labels), style="dim", no_wrap=True)
    for i, (name, row) in enumerate(zip(matrix.label_names, matrix.rows, strict=True)):
        total = sum(row)
        counts = Text(left(page.short(name, matrix.label_width - 1), matrix.label_width), no_wrap=True)
        shares = Text(" " * matrix.label_width, no_wrap=True)
        for j, count in enumerate(row):
            level = sum(count / total >= start for start in LEVELS) if total else 0
            style = _style(level, count, i == j) if page.coloured else ""
            shade = " " if page.coloured else page.glyphs.shades[level]
            counts.append(right(str(count), width) + shade, style=style)
            shares.append(right(quantities.share(count, total), width) + " ", style=style)
        yield counts
        yield shares


def _style(level: int, count: int, is_right: bool) -> str | Style:
    if level == 0:
        return "" if count else "dim"
    shades = RIGHT_SHADES if is_right else WRONG_SHADES
    return Style(color="#000000", bgcolor=shades[level - 1])


def _confusion_lines(
    evaluation: Evaluation, label_names: Sequence[str], title: str, page: Page
) -> Iterator[RenderableType]:
    n_wrong = sum(count for i, row in enumerate(evaluation.confusion) for j, count in enumerate(row) if i != j)
    if not n_wrong:
        yield Text(page.say("no confusions: every text was classified right"))
        return
    told = page.say("{k} x {k} cells do not fit {width} columns; the most frequent confusions:")
    yield Text(told.format(k=len(label_names), width=page.width), style="dim")
    yield from table_lines(largest_confusions(title, label_names, evaluation.confusion, page.say, N_CONFUSIONS), page)
