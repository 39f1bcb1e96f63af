"""Best validation score against the budget of a search: curves with their bands."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.document import numbers
from harness.document.figures.canvas import HUES, MUTED, RULE, SMALL, name_vertical_axis, one_picture
from harness.document.figures.labels import name_ends, text_width
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 420, 320
LEFT, TOP, BOTTOM = 42, 32, 44
LONGEST_NAME = 22
MOST_TICKS = 6

Point = tuple[float, float | None, float | None, float | None]
"""A budget, the score that half of all searches reach with it, and the ends of its band; None where it has none."""


@dataclass(frozen=True)
class Line:
    """A strategy: its name and its points by budget."""

    name: str
    points: Sequence[Point]

    @property
    def known(self) -> list[tuple[float, float]]:
        """The budgets with a score, logarithmic, and these scores."""
        return [(math.log2(budget), value) for budget, value, _, _ in self.points if value is not None]


def tuning_figure(
    lines: Sequence[Line], label: str, score_label: str, marked: Sequence[float] = (), chosen: int | None = None
) -> "Figure":
    """Draw scores against budgets (logarithmic) as steps, each line named at its end; beyond ten lines are grey.

    Args:
        lines: At least one.
        label: What budgets are counted in.
        score_label: What the score is.
        marked: Budgets at which dotted lines stand.
        chosen: Position of the line that is drawn with its band, others in grey; None for all in colour, without bands.

    Returns:
        The figure.
    """
    right = max(text_width(shorten(line.name, LONGEST_NAME), SMALL) for line in lines) + 14
    with one_picture((WIDTH, HEIGHT), (LEFT, right if chosen is None else 12, TOP, BOTTOM)) as (figure, axes):
        axes.set_xlabel(label)
        name_vertical_axis(figure, score_label)
        axes.grid(axis="y")
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
        _set_limits(axes, lines)
        for budget in marked:
            axes.axvline(math.log2(budget), color=MUTED, linewidth=1, linestyle=":", zorder=0)
        for i, line in enumerate(lines):
            colour = HUES[i] if i < len(HUES) else MUTED
            xs, values = zip(*line.known, strict=True) if line.known else ((), ())
            in_colour = chosen in (None, i)
            axes.plot(
                xs,
                values,
                color=colour if in_colour else RULE,
                linewidth=1.8,
                drawstyle="steps-post",
                zorder=2 + in_colour,
            )
        if chosen is not None:
            _draw_band(axes, lines[chosen], HUES[chosen] if chosen < len(HUES) else MUTED)
        else:
            ends = [(line.known[-1][1], line.name, i) for i, line in enumerate(lines) if line.known]
            named = [(y, shorten(name, LONGEST_NAME), HUES[i] if i < len(HUES) else MUTED) for y, name, i in ends]
            name_ends(axes, named, HEIGHT - TOP - BOTTOM)
        return figure


def _set_limits(axes: "Axes", lines: Sequence[Line]) -> None:
    """Show every score and every end of a band; the same for all pictures of the same lines."""
    seen = [score for line in lines for _, *scores in line.points for score in scores if score is not None]
    low, high = min(seen, default=0.0), max(seen, default=1.0)
    pad = 0.06 * max(high - low, 0.01)
    axes.set_ylim(low - pad, high + pad)
    first, last = min(line.points[0][0] for line in lines), max(line.points[-1][0] for line in lines)
    axes.set_xlim(math.log2(first), max(math.log2(last), math.log2(first) + 1))
    doublings = math.floor(math.log2(last / first) + 1e-9)
    ticks = [first * 2**k for k in range(0, doublings + 1, math.ceil((doublings + 1) / MOST_TICKS))]
    written = [numbers.count(round(tick)) if tick >= 1 else numbers.seconds(tick) for tick in ticks]
    axes.set_xticks([math.log2(tick) for tick in ticks], written)


def _draw_band(axes: "Axes", line: Line, colour: str) -> None:
    """Shade a band, to the edge of the axes where it has no end."""
    bottom, top = axes.get_ylim()
    xs = [math.log2(budget) for budget, _, _, _ in line.points]
    lows = [bottom if low is None else low for _, _, low, _ in line.points]
    highs = [top if high is None else high for _, _, _, high in line.points]
    axes.fill_between(xs, lows, highs, step="post", color=colour, alpha=0.15, linewidth=0)
