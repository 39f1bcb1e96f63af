"""A reliability curve: how often a classifier is right, against how sure it says it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.document.figures.canvas import BLUE, MUTED, ORANGE, PAPER, name_vertical_axis, one_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 240, 262
LEFT, RIGHT, TOP, BOTTOM = 30, 10, 30, 42
TICKS = {0.0: "0", 0.25: ".25", 0.5: ".5", 0.75: ".75", 1.0: "1"}
LARGEST, SMALLEST = 11.0, 3.0  # diameters in pixels: of all rows, and of few


@dataclass(frozen=True)
class Bin:
    """Rows of about the same confidence: their share of all rows, mean confidence and accuracy, fractions."""

    share: float
    confidence: float
    accuracy: float


def reliability_figure(bins: Sequence[Bin], confidence: str, accuracy: str) -> "Figure":
    """Draw accuracy against confidence; the nearer to the diagonal, the more the probabilities can be believed.

    Args:
        bins: Those that hold rows, by confidence; their dots are as large as they hold rows.
        confidence: Label of the horizontal axis.
        accuracy: Label of the vertical axis.

    Returns:
        The figure.
    """
    with one_picture((WIDTH, HEIGHT), (LEFT, RIGHT, TOP, BOTTOM)) as (figure, axes):
        axes.set_xlabel(confidence)
        name_vertical_axis(figure, accuracy)
        _frame(axes)
        _draw(axes, bins)
        return figure


def _frame(axes: "Axes") -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks(list(TICKS), list(TICKS.values()))
    axes.set_yticks(list(TICKS), list(TICKS.values()))
    axes.tick_params(length=0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, dashes=(4, 3))


def _draw(axes: "Axes", bins: Sequence[Bin]) -> None:
    for each in bins:
        axes.plot([each.confidence] * 2, [each.confidence, each.accuracy], color=ORANGE, linewidth=1.4, alpha=0.7)
    axes.plot([each.confidence for each in bins], [each.accuracy for each in bins], color=BLUE, linewidth=1.4)
    for each in bins:
        size = max(LARGEST * each.share**0.5, SMALLEST) + 2
        axes.plot([each.confidence], [each.accuracy], "o", color=BLUE, markersize=size, markeredgecolor=PAPER)
