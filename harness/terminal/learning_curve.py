"""Score against number of labels: a table and a picture made of characters."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from harness.analysis.learning_curve import Curve, Point, find_crossing
from harness.terminal.console import Page, folding
from harness.terminal.frame import empty_cells, framed
from harness.terminal.grid import Grid, Heading
from harness.terminal.layout import NAME_WIDTH
from harness.terminal.scatter import SIGNS
from harness.wording import quantities


def learning_curve_lines(curves: Sequence[Curve], page: Page) -> Iterator[Text]:
    """Yield test f1_macro by number of train rows, a picture, and where fine-tuning overtakes the probes.

    Args:
        curves: At least one, as `learning_curves` orders them.
        page: Where it is printed.
    """
    yield page.text(page.say("Learning curves: test f1_macro by rows of train"), "bold underline")
    sizes = sorted({point.n_rows for curve in curves for point in curve.points})
    grid = _table(curves, sizes, page, in_one_line=True)
    if grid.width > page.width:
        grid = _table(curves, sizes, page, in_one_line=False)
    if grid.width <= page.width:
        yield from grid.lines(page.glyphs.rule)
    else:
        yield from _stacked(curves, page)
    if any(point.sd is not None for curve in curves for point in curve.points):
        told = page.say("mean over seeds ± sd; each seed draws its own rows of train")
        yield folding(page.text(told.replace("±", page.glyphs.plus_minus), "dim"))
    yield Text("")
    crossing = find_crossing(curves)
    yield from _picture(curves, crossing.n_rows if crossing else None, page)
    if crossing:
        phrase = (
            "Fine-tuning ({trained}) is not ahead of the probes ({frozen}) at the largest size."
            if crossing.n_rows is None
            else "Fine-tuning ({trained}) is ahead of the probes ({frozen}) from {n} rows of train on."
        )
        told = page.say(phrase).format(
            trained=crossing.trained, frozen=crossing.frozen, n=f"{crossing.n_rows:,}" if crossing.n_rows else ""
        )
        yield folding(page.text(told))


def _table(curves: Sequence[Curve], sizes: Sequence[int], page: Page, *, in_one_line: bool) -> Grid:
    """Return the table, the standard deviations behind the means or in a line of their own."""
    headings = [Heading("", is_name=True), Heading(page.say("strategy"), is_name=True)]
    headings += [Heading(f"{size:,}", page.say("rows of train")) for size in sizes]
    rows = []
    for sign, curve in zip(_signs(curves), curves, strict=True):
        cells = [sign, page.short(curve.strategy, NAME_WIDTH)]
        points = [curve.at(size) for size in sizes]
        cells += [_score(point, page, spread=in_one_line) if point else "-" for point in points]
        rows.append((cells, ""))
        if not in_one_line and any(point and point.sd is not None for point in points):
            rows.append((["", "", *(_spread(point, page) for point in points)], "dim"))
    return Grid(headings, rows)


def _stacked(curves: Sequence[Curve], page: Page) -> Iterator[Text]:
    for sign, curve in zip(_signs(curves), curves, strict=True):
        yield page.text(f"{sign} {curve.strategy}", "bold")
        for point in curve.points:
            yield Text(f"  {point.n_rows:>9,}  {_score(point, page, spread=True)}")


def _score(point: Point, page: Page, *, spread: bool) -> str:
    return f"{quantities.short_score(point.mean)} {_spread(point, page) if spread else ''}".rstrip()


def _spread(point: Point | None, page: Page) -> str:
    return f"{page.glyphs.plus_minus}{quantities.short_score(point.sd)}" if point and point.sd is not None else ""


def _signs(curves: Sequence[Curve]) -> list[str]:
    return [SIGNS[i % len(SIGNS)] for i in range(len(curves))]


def _picture(curves: Sequence[Curve], overtaken: int | None, page: Page) -> Iterator[Text]:
    """Yield the curves in a frame; a dotted line stands where fine-tuning overtakes the probes."""
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
    if overtaken:
        across = column(overtaken)
        for row in cells:
            row[across] = page.glyphs.dotted if row[across] == " " else row[across]
    ticks = {column(size): f"{size:,}" for size in (few, overtaken, many) if size}
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
