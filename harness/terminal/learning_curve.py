"""Score against number of labels as a picture made of characters."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from harness.analysis.learning_curve import Curve, find_crossing
from harness.terminal.console import Page, folding
from harness.terminal.frame import empty_cells, framed
from harness.terminal.layout import NAME_WIDTH
from harness.terminal.scatter import SIGNS


def curves_picture(curves: Sequence[Curve], page: Page) -> Iterator[Text]:
    """Yield curves in a frame, their signs, and dotted lines between which fine-tuning overtakes the probes.

    Args:
        curves: At least one, as `learning_curves` orders them.
        page: Where it is printed.
    """
    crossing = find_crossing(curves)
    marks = crossing.marks(curves) if crossing else ()
    yield from _picture(curves, marks, page)
    signs = zip(_signs(curves), curves, strict=True)
    named = (f"{sign} {page.short(curve.strategy, NAME_WIDTH)}" for sign, curve in signs)
    yield folding(Text(page.say(", ").join(named)))
    if len(marks) > 1:
        yield folding(page.text(page.say("the answer changes between the dotted lines"), "dim"))


def _signs(curves: Sequence[Curve]) -> list[str]:
    return [SIGNS[i % len(SIGNS)] for i in range(len(curves))]


def _picture(curves: Sequence[Curve], marks: Sequence[int], page: Page) -> Iterator[Text]:
    """Yield the curves in a frame, with a dotted line at each mark."""
    points = [(sign, point) for sign, curve in zip(_signs(curves), curves, strict=True) for point in curve.points]
    low, high = min(p.mean for _, p in points), max(p.mean for _, p in points)
    few, many = min(p.n_rows for _, p in points), max(p.n_rows for _, p in points)
    cells = empty_cells(low, high, page)

    def column(n_rows: int) -> int:
        return round(math.log(n_rows / few) / math.log(many / few) * (len(cells[0]) - 1))

    for sign, point in points:
        down = (high - point.mean) / (high - low) if high > low else 0.5
        row, across = cells[round(down * (len(cells) - 1))], column(point.n_rows)
        row[across] = sign if row[across] == " " else "*"
    for row in cells:
        for across in map(column, marks):
            row[across] = page.glyphs.dotted if row[across] == " " else row[across]
    ticks = {column(size): f"{size:,}" for size in (few, *marks, many)}
    yield from framed(cells, low, high, _axis(ticks, len(cells[0])), page)
    if any("*" in row for row in cells):
        yield folding(page.text(page.say("* several strategies at one place"), "dim"))


def _axis(ticks: Mapping[int, str], width: int) -> str:
    """Write numbers below their columns; the ends first, others only where they stand apart from these."""
    first, last = min(ticks), max(ticks)
    line = f"{ticks[first]}{ticks[last]:>{max(width - len(ticks[first]), len(ticks[last]) + 1)}}"
    for column, number in ticks.items():
        start = column - len(number) // 2
        if line[max(start - 1, 0) : start + len(number) + 1].isspace():
            line = line[:start] + number + line[start + len(number) :]
    return line
