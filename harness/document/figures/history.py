"""The picture of training, epoch by epoch: losses above, scores below, each line named at its end."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.document.figures.canvas import HUES, PAPER, SMALL, axes_with_margins, drawing, new_figure
from harness.document.figures.labels import name_ends, text_width
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, PANEL = 420, 130
LEFT, TOP, BOTTOM, GAP = 38, 10, 42, 22
LONGEST_NAME = 24
SETTING = "param_"  # begins the name of a hyperparameter that was tried
CLOCKS = ("epoch", "layer", "configuration", "step")  # names of what is counted, not measured

Series = Mapping[str, list[tuple[float, float]]]


def history_figure(history: Sequence[Mapping[str, float]]) -> "Figure":
    """Draw a history of training.

    Args:
        history: One mapping name -> number for each epoch, at least one of them with something measured; fractions
            and other numbers get a panel each.

    Returns:
        The figure.
    """
    clock = next((name for name in CLOCKS if all(name in epoch for epoch in history)), None)
    panels = [panel for panel in _panels(_series(history, clock)) if panel]
    height = TOP + BOTTOM + len(panels) * PANEL + (len(panels) - 1) * GAP
    names = [shorten(name, LONGEST_NAME) for panel in panels for name in panel]
    right = max(text_width(name, SMALL) for name in names) + 14
    with drawing():
        figure = new_figure(WIDTH, height)
        for i, panel in enumerate(panels):
            top = TOP + i * (PANEL + GAP)
            axes = axes_with_margins(figure, LEFT, right, top, height - top - PANEL)
            _draw(axes, panel)
            if i < len(panels) - 1:
                axes.tick_params(labelbottom=False)
            else:
                axes.set_xlabel(clock or CLOCKS[-1])
        return figure


def is_drawable(history: Sequence[Mapping[str, float]]) -> bool:
    """Return whether a history holds anything that was measured."""
    return any(_is_measured(name) for epoch in history for name in epoch)


def _is_measured(name: str) -> bool:
    return name not in CLOCKS and not name.startswith(SETTING)


def _series(history: Sequence[Mapping[str, float]], clock: str | None) -> Series:
    names = list(dict.fromkeys(name for epoch in history for name in epoch if _is_measured(name)))
    return {
        name: [(epoch[clock] if clock else i + 1, epoch[name]) for i, epoch in enumerate(history) if name in epoch]
        for name in names
    }


def _panels(series: Series) -> tuple[Series, Series]:
    """Part what has no common scale: losses and other numbers, and scores, which are fractions."""
    scores = {
        name: points
        for name, points in series.items()
        if "loss" not in name and all(0 <= value <= 1 for _, value in points)
    }
    return {name: points for name, points in series.items() if name not in scores}, scores


def _draw(axes: "Axes", panel: Series) -> None:
    from matplotlib.ticker import MaxNLocator

    ends = []
    for i, (name, points) in enumerate(panel.items()):
        colour = HUES[i % len(HUES)]
        xs, ys = zip(*points, strict=True)
        axes.plot(xs, ys, "o-", color=colour, linewidth=1.6, markersize=5, markeredgecolor=PAPER)
        ends.append((ys[-1], shorten(name, LONGEST_NAME), colour))
    axes.grid(axis="y")
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.margins(x=0.02, y=0.12)
    axes.autoscale_view()
    name_ends(axes, ends, PANEL)
