"""Cost against quality: what each further point of a score costs."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.tradeoff import efficient
from harness.document.figures.canvas import BLUE, INK, MUTED, PAPER, RULE, SMALL, name_vertical_axis, one_picture
from harness.document.figures.labels import place_names, write_name
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 420, 340
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 32, 44
LONGEST_NAME = 26
ROOM_FOR_ZERO = 0.8  # decades left of the smallest cost
FEW_DECADES = 2.5  # below that there are ticks at 2 and 5, too
MARGIN = 0.08  # of the range, at both ends


@dataclass(frozen=True)
class Point:
    """A strategy: its name, its cost from 0, its score with the interval, fractions."""

    name: str
    cost: float
    score: float
    low: float
    high: float


def cost_figure(points: Sequence[Point], cost_label: str, score_label: str, write: Callable[[float], str]) -> "Figure":
    """Draw strategies by cost (logarithmic; 0 stands apart at the left) and score, the efficient ones joined.

    Args:
        points: At least one.
        cost_label: What the cost is.
        score_label: What the score is.
        write: Cost -> what stands at its tick.

    Returns:
        The figure.
    """
    with one_picture((WIDTH, HEIGHT), (LEFT, RIGHT, TOP, BOTTOM)) as (figure, axes):
        xs = _positions(points, axes, write)
        low, high = min(point.low for point in points), max(point.high for point in points)
        pad = MARGIN * max(high - low, 0.02)
        axes.set_ylim(max(low - pad, -0.02), min(high + pad, 1.02))
        axes.set_xlabel(cost_label)
        name_vertical_axis(figure, score_label)
        axes.grid(axis="y")
        axes.tick_params(length=0)
        _draw(figure, axes, points, xs)
        return figure


def _positions(points: Sequence[Point], axes: "Axes", write: Callable[[float], str]) -> list[float]:
    logs = [math.log10(point.cost) for point in points if point.cost > 0] or [0.0]
    zero = math.floor(min(logs)) - ROOM_FOR_ZERO
    xs = [math.log10(point.cost) if point.cost > 0 else zero for point in points]
    ticks = _ticks(min(logs), max(logs))
    labels = [write(tick) for tick in ticks]
    with_zero = any(point.cost <= 0 for point in points)
    axes.set_xticks([math.log10(tick) for tick in ticks] + [zero] * with_zero, labels + ["0"] * with_zero)
    low, high = min(*xs, math.log10(ticks[0])), max(*xs, math.log10(ticks[-1]))
    pad = MARGIN * max(high - low, 1)
    axes.set_xlim(low - pad, high + pad)
    return xs


def _ticks(low: float, high: float) -> list[float]:
    steps = (1, 2, 5) if high - low < FEW_DECADES else (1,)
    candidates = [step * 10.0**k for k in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    first = max((c for c in candidates if math.log10(c) <= low + 1e-9), default=candidates[0])
    last = min((c for c in candidates if math.log10(c) >= high - 1e-9), default=candidates[-1])
    shown = [c for c in candidates if first <= c <= last]
    every = math.ceil(len(shown) / 7)
    return shown[::every]


def _draw(figure: "Figure", axes: "Axes", points: Sequence[Point], xs: Sequence[float]) -> None:
    front = efficient([(point.cost, point.score) for point in points])
    axes.plot([xs[i] for i in front], [points[i].score for i in front], color=BLUE, linewidth=1.6, zorder=2)
    for i, (x, point) in enumerate(zip(xs, points, strict=True)):
        colour = BLUE if i in front else MUTED
        axes.plot([x, x], [point.low, point.high], color=colour, linewidth=1.2, alpha=0.4, zorder=1)
        axes.plot([x], [point.score], "o", color=colour, markersize=7, markeredgecolor=PAPER, zorder=3)
    names = [shorten(point.name, LONGEST_NAME) for point in points]
    order = front + [i for i in range(len(points)) if i not in front]
    pixels = axes.transData.transform([(xs[i], points[i].score) for i in order])
    page = (LEFT, BOTTOM, WIDTH - 2, HEIGHT - 2)
    for i, place in zip(order, place_names(pixels, [names[i] for i in order], SMALL, page), strict=True):
        if place is not None:
            write_name(figure, place, names[i], SMALL, INK if i in front else MUTED)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
