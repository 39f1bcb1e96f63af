"""Mean ranks on a line, with bars that join what cannot be told apart: the critical difference diagram of Demšar."""

import math
from typing import TYPE_CHECKING

from harness.analysis.suite_ranking import Ranking
from harness.document.figures.canvas import BLUE, INK, MUTED, ORANGE, SMALL, one_picture
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, LINE = 470, 18.0  # pixels; a strategy takes a line
LEFT, RIGHT, TOP, BOTTOM = 140, 140, 60, 8
LONGEST_NAME = 20
GAP = 5  # pixels between a line and its name
FIRST_BAR, BETWEEN_BARS = 0.5, 0.4  # lines below the scale


def rank_figure(ranking: Ranking, label: str, difference_label: str) -> "Figure":
    """Draw mean ranks, 1 at the left, each joined to its name by a line.

    Args:
        ranking: Strategies, with a critical difference.
        label: What the scale is.
        difference_label: What the bar above it is.

    Returns:
        The figure.
    """
    n, n_bars = len(ranking.names), len(ranking.alike)
    lines = math.ceil(n / 2) + FIRST_BAR + BETWEEN_BARS * n_bars + 1
    with one_picture((WIDTH, TOP + BOTTOM + LINE * lines), (LEFT, RIGHT, TOP, BOTTOM)) as (figure, axes):
        axes.set_xlim(1, n)
        axes.set_ylim(lines, 0)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.spines["top"].set_visible(True)
        axes.spines["top"].set_color(MUTED)
        axes.xaxis.tick_top()
        axes.set_xticks(range(1, n + 1))
        axes.tick_params(length=3)
        figure.text(0.004, 0.995, label, ha="left", va="top", color=MUTED, fontsize=SMALL + 0.5)
        _draw_difference(axes, ranking, difference_label)
        _draw_names(axes, ranking, FIRST_BAR + BETWEEN_BARS * n_bars + 0.5)
        for row, (first, last) in enumerate(ranking.alike):
            at = FIRST_BAR + BETWEEN_BARS * row
            ends = [ranking.ranks[first].value - 0.04, ranking.ranks[last].value + 0.04]
            axes.plot(ends, [at, at], color=ORANGE, linewidth=4, solid_capstyle="round", clip_on=False)
        return figure


def _draw_difference(axes: "Axes", ranking: Ranking, label: str) -> None:
    """Draw how far apart mean ranks have to be, above the scale at the right."""
    n, width = len(ranking.names), min(ranking.difference or 0.0, len(ranking.names) - 1.0)
    at = -2.2  # lines above the scale
    axes.plot([n - width, n], [at, at], color=INK, linewidth=1.6, clip_on=False)
    told = f"{label} {ranking.difference:.2f}"
    axes.text(n, at - 0.35, told, ha="right", va="bottom", color=MUTED, fontsize=SMALL, clip_on=False)


def _draw_names(axes: "Axes", ranking: Ranking, start: float) -> None:
    """Write the better half at the left, the best on top, the others at the right, the worst on top."""
    n = len(ranking.names)
    half = math.ceil(n / 2)
    for i, (name, rank) in enumerate(zip(ranking.names, ranking.ranks, strict=True)):
        is_left = i < half
        row = start + (i if is_left else n - 1 - i)
        end = 1.0 if is_left else float(n)
        axes.plot([rank.value, rank.value, end], [0, row, row], color=BLUE, linewidth=1.2, clip_on=False)
        axes.plot([rank.value], [0], "o", color=BLUE, markersize=5, clip_on=False, zorder=3)
        text = f"{shorten(name, LONGEST_NAME)}  {rank.value:.2f}"
        side, shift = ("right", -GAP) if is_left else ("left", GAP)
        axes.annotate(
            text,
            (end, row),
            (shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            color=INK,
            fontsize=SMALL,
            annotation_clip=False,
        )
