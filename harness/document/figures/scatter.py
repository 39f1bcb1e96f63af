"""Many numbers a text -> a point in the plane, coloured by label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.document.figures.canvas import HUES, MUTED, PAPER, RULE, SMALL, one_picture
from harness.document.figures.labels import place_names, write_name
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 440, 400
LEFT, RIGHT, TOP, BOTTOM = 24, 8, 8, 26
LONGEST_NAME = 18
DOT = 4.5  # pixels


def scatter_figure(
    points: NDArray[np.float64], labels: NDArray[np.int64], label_names: Sequence[str], axis_names: tuple[str, str]
) -> "Figure":
    """Draw points coloured by label, each class named at its middle; classes beyond the ten largest are grey.

    Args:
        points: Places, float (m, 2).
        labels: Class ids, int64 (m,).
        label_names: The k class names.
        axis_names: What the axes are.

    Returns:
        The figure.
    """
    named = largest_classes(labels)
    with one_picture((WIDTH, HEIGHT), (LEFT, RIGHT, TOP, BOTTOM)) as (figure, axes):
        _frame(axes, points, axis_names)
        others = ~np.isin(labels, named)
        _dots(axes, points[others], MUTED)
        for i, label in enumerate(named):
            _dots(axes, points[labels == label], HUES[i])
        middles = np.array([np.median(points[labels == label], axis=0) for label in named])
        _name_middles(figure, axes, middles, [shorten(label_names[label], LONGEST_NAME) for label in named])
        return figure


def largest_classes(labels: NDArray[np.int64]) -> list[int]:
    """Return the classes that get a colour of their own: the ten with most rows, in the order of their ids."""
    classes, counts = np.unique(labels, return_counts=True)
    largest = classes[np.argsort(-counts, kind="stable")][: len(HUES)]
    return sorted(largest.tolist())


def _frame(axes: "Axes", points: NDArray[np.float64], axis_names: tuple[str, str]) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    pad = np.maximum((high - low) * 0.04, 1e-6)
    axes.set_xlim(low[0] - pad[0], high[0] + pad[0])
    axes.set_ylim(low[1] - pad[1], high[1] + pad[1])
    axes.set_aspect("equal", adjustable="datalim")  # distances are what the picture is about
    axes.apply_aspect()
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(axis_names[0])
    axes.set_ylabel(axis_names[1])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(RULE)


def _dots(axes: "Axes", points: NDArray[np.float64], colour: str) -> None:
    """Draw dots as one path of strokes without length and with round ends: a tenth of the size of as many circles."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not len(points):
        return
    places = np.repeat(points, 2, axis=0)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(points))
    style = {"edgecolor": colour, "facecolor": "none", "linewidth": DOT, "capstyle": "round", "alpha": 0.55}
    axes.add_patch(PathPatch(Path(places, codes), **style))


def _name_middles(figure: "Figure", axes: "Axes", middles: NDArray[np.float64], names: Sequence[str]) -> None:
    pixels = axes.transData.transform(middles)
    page = (LEFT, BOTTOM, WIDTH - RIGHT, HEIGHT - TOP)
    for i, place in enumerate(place_names(pixels, names, SMALL + 1, page)):
        axes.plot(*middles[i], "o", color=HUES[i], markersize=10, markeredgecolor=PAPER, markeredgewidth=1.5)
        if place is not None:
            write_name(figure, place, names[i], SMALL + 1, HUES[i], bold=True)
