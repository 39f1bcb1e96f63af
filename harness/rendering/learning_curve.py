"""Score against number of labels: a table and a picture made of characters."""

import math
from collections.abc import Iterator, Sequence

from rich.text import Text

from harness.learning_curve import Curve, Point, find_crossing
from harness.rendering import quantities
from harness.rendering.console import Page, folding
from harness.rendering.grid import Grid, Heading
from harness.rendering.scatter import HEIGHT, SIGNS, WIDEST
from harness.rendering.scores import NAME_WIDTH


def learning_curve_lines(curves: Sequence[Curve], page: Page) -> Iterator[Text]:
    """Yield test f1_macro by number of train rows, a picture, and where fine-tuning overtakes the probes.

    Args:
        curves: At least one, as `learning_curves` orders them.
        page: Where it is printed.
    """
    yield page.text(page.say("Learning curves: test f1_macro by rows of train"), "bold underline")
    sizes = sorted({point.n_rows for curve in curves for point in curve.points})
    grid = _table(curves, sizes, page, spread=True)
    if grid.width > page.width:
        grid = _table(curves, sizes, page, spread=False)
    if grid.width <= page.width:
        yield from grid.lines(page.glyphs.rule)
    else:
        yield from _stacked(curves, page)
    if any(point.sd is not None for curve in curves for point in curve.points):
        yield folding(page.text(page.say("mean over seeds ± sd; each seed draws its own rows of train"), "dim"))
    yield Text("")
    yield from _picture(curves, page)
    if crossing := find_crossing(curves):
        phrase = (
            "Fine-tuning ({trained}) is not ahead of the probes ({frozen}) at the largest size."
            if crossing.n_rows is None
            else "Fine-tuning ({trained}) is ahead of the probes ({frozen}) from {n} rows of train on."
        )
        told = page.say(phrase).format(
            trained=crossing.trained, frozen=crossing.frozen, n=f"{crossing.n_rows:,}" if crossing.n_rows else ""
        )
        yield folding(page.text(told))


def _table(curves: Sequence[Curve], sizes: Sequence[int], page: Page, *, spread: bool) -> Grid:
    headings = [Heading("", is_name=True), Heading(page.say("strategy"), is_name=True)]
    headings += [Heading(f"{size:,}", page.say("rows of train")) for size in sizes]
    rows = []
    for sign, curve in zip(_signs(curves), curves, strict=True):
        cells = [sign, page.short(curve.strategy, NAME_WIDTH)]
        points = [curve.at(size) for size in sizes]
        cells += [_score(point, page, spread=spread) if point else "-" for point in points]
        rows.append((cells, ""))
    return Grid(headings, rows)


def _stacked(curves: Sequence[Curve], page: Page) -> Iterator[Text]:
    for sign, curve in zip(_signs(curves), curves, strict=True):
        yield page.text(f"{sign} {curve.strategy}", "bold")
        for point in curve.points:
            yield Text(f"  {point.n_rows:>9,}  {_score(point, page, spread=True)}")


def _score(point: Point, page: Page, *, spread: bool) -> str:
    sd = f" {page.glyphs.plus_minus}{quantities.short_score(point.sd)}" if spread and point.sd is not None else ""
    return quantities.short_score(point.mean) + sd


def _signs(curves: Sequence[Curve]) -> list[str]:
    return [SIGNS[i % len(SIGNS)] for i in range(len(curves))]


def _picture(curves: Sequence[Curve], page: Page) -> Iterator[Text]:
    points = [(sign, point) for sign, curve in zip(_signs(curves), curves, strict=True) for point in curve.points]
    low, high = min(p.mean for _, p in points), max(p.mean for _, p in points)
    few, many = min(p.n_rows for _, p in points), max(p.n_rows for _, p in points)
    labels = [quantities.short_score(high), quantities.short_score(low)]
    margin = max(map(len, labels)) + 1
    width = min(page.width - margin - 1, WIDEST)
    cells = [[" "] * width for _ in range(HEIGHT)]
    for sign, point in points:
        across = (math.log(point.n_rows) - math.log(few)) / (math.log(many) - math.log(few))
        down = (high - point.mean) / (high - low) if high > low else 0.5
        row, column = cells[round(down * (HEIGHT - 1))], round(across * (width - 1))
        row[column] = sign if row[column] == " " else "*"
    for line, row in enumerate(cells):
        label = labels[0] if line == 0 else labels[1] if line == HEIGHT - 1 else ""
        yield Text(f"{label:>{margin - 1}} {page.glyphs.wall}{''.join(row)}".rstrip(), no_wrap=True, overflow="crop")
    left, right = f"{few:,}", f"{many:,}"
    yield Text(" " * margin + page.glyphs.corner + page.glyphs.rule * width, no_wrap=True, overflow="crop")
    gap = max(width - len(left), len(right) + 1)
    yield Text(" " * (margin + 1) + left + f"{right:>{gap}}", style="dim", no_wrap=True)
    if any("*" in row for row in cells):
        yield folding(page.text(page.say("* several strategies at one place"), "dim"))
