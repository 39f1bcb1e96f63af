"""Cost against quality as a picture made of characters."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from harness.analysis.ranking import Standing
from harness.analysis.tradeoff import efficient
from harness.terminal.console import Page
from harness.terminal.frame import empty_cells, framed
from harness.wording import quantities
from harness.wording.text import right

SMALLEST_COST = 0.01  # seconds; a logarithm needs something
SIGNS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class _Point:
    sign: str
    name: str
    seconds: float
    score: float


def cost_against_quality(standings: Sequence[Standing], page: Page) -> Iterator[Text]:
    """Yield a scatter plot of test f1_macro over seconds (encode, fit, predict), seconds on a logarithmic axis.

    Strategies that no other beats in both are marked in the legend. Nothing is drawn for fewer than two strategies,
    or where one of them took an unknown time.

    Args:
        standings: The strategies, in the order in which they are numbered.
        page: Where it is printed.
    """
    points = [point for sign, standing in zip(SIGNS, standings, strict=False) if (point := _point(sign, standing))]
    if len(points) < 2:  # noqa: PLR2004
        return
    yield page.text(page.say("Cost against quality on the test split"), "bold underline")
    yield from _canvas(points, page)
    front = {points[i].sign for i in efficient([(point.seconds, point.score) for point in points])}
    for point in points:
        star = page.glyphs.efficient if point.sign in front else " "
        numbers = f"{quantities.score(point.score)} {quantities.seconds(point.seconds):>7} {page.say('s')}"
        name = page.short(point.name, max(page.width - len(numbers) - 5, 4))
        yield Text(f"{point.sign} {star} {numbers}  {name}", no_wrap=True, overflow="crop")
    yield page.text(f"{page.glyphs.efficient} {page.say('no other is both cheaper and better')}", "dim")


def _point(sign: str, standing: Standing) -> _Point | None:
    headline = standing.headline
    if headline.all_seconds is None:
        return None
    return _Point(sign, standing.name, headline.all_seconds, headline.test.f1_macro)


def _canvas(points: Sequence[_Point], page: Page) -> Iterator[Text]:
    low, high = min(p.score for p in points), max(p.score for p in points)
    costs = [max(point.seconds, SMALLEST_COST) for point in points]
    fast, slow = min(costs), max(costs)
    cells = empty_cells(low, high, page)
    width = len(cells[0])
    for point, cost in zip(points, costs, strict=True):
        across = _share(math.log(cost), math.log(fast), math.log(slow))
        down = 1 - _share(point.score, low, high)
        _put(cells[round(down * (len(cells) - 1))], round(across * (width - 1)), point.sign)
    start, end = (f"{quantities.seconds(cost)} {page.say('s')}" for cost in (fast, slow))
    axis = start + right(end, max(width - cell_len(start), cell_len(end) + 1))
    yield from framed(cells, low, high, axis, page)


def _put(row: list[str], column: int, sign: str) -> None:
    """Write a sign at its place, or at the nearest free one, so that none hides another."""
    free = [i for i, cell in enumerate(row) if cell == " "]
    if free:
        row[min(free, key=lambda i: abs(i - column))] = sign


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
