"""Score against number of training rows: what more labels would bring."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.document import numbers
from harness.document.figures.canvas import HUES, MUTED, PAPER, RULE, SMALL, name_vertical_axis, one_picture
from harness.document.figures.labels import name_ends, text_width
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 420, 300
LEFT, TOP, BOTTOM = 38, 32, 44
LONGEST_NAME = 22


@dataclass(frozen=True)
class Line:
    """A strategy: its name, and by number of rows its mean score and the standard deviation, fractions."""

    name: str
    points: Sequence[tuple[int, float, float | None]]


def curves_figure(lines: Sequence[Line], rows_label: str, score_label: str, marked: Sequence[int] = ()) -> "Figure":
    """Draw scores against numbers of rows (logarithmic), each line named at its end; beyond ten lines are grey.

    Args:
        lines: At least one.
        rows_label: What the rows are.
        score_label: What the score is.
        marked: Numbers of rows at which dotted lines stand; what lies between two is tinted.

    Returns:
        The figure.
    """
    right = max(text_width(shorten(line.name, LONGEST_NAME), SMALL) for line in lines) + 14
    with one_picture((WIDTH, HEIGHT), (LEFT, right, TOP, BOTTOM)) as (figure, axes):
        axes.set_xlabel(rows_label)
        name_vertical_axis(figure, score_label)
        sizes = sorted({n_rows for line in lines for n_rows, _, _ in line.points})
        axes.set_xticks([math.log10(size) for size in sizes], [numbers.count(size) for size in sizes])
        axes.grid(axis="y")
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        places = [math.log10(n_rows) for n_rows in marked]
        for place in places:
            axes.axvline(place, color=MUTED, linewidth=1, linestyle=":", zorder=0)
        if len(places) > 1:
            axes.axvspan(places[0], places[-1], color=RULE, alpha=0.35, linewidth=0, zorder=0)
        _draw(axes, lines)
        return figure


def _draw(axes: "Axes", lines: Sequence[Line]) -> None:
    ends = []
    for i, line in enumerate(lines):
        colour = HUES[i] if i < len(HUES) else MUTED
        xs = [math.log10(n_rows) for n_rows, _, _ in line.points]
        means = [mean for _, mean, _ in line.points]
        for x, (_, mean, sd) in zip(xs, line.points, strict=True):
            axes.plot([x, x], [mean - (sd or 0), mean + (sd or 0)], color=colour, linewidth=1.2, alpha=0.4)
        axes.plot(xs, means, "o-", color=colour, linewidth=1.6, markersize=6, markeredgecolor=PAPER)
        ends.append((means[-1], shorten(line.name, LONGEST_NAME), colour))
    axes.margins(x=0.03, y=0.08)
    axes.autoscale_view()
    name_ends(axes, ends, HEIGHT - TOP - BOTTOM)
