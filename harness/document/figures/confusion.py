"""A confusion matrix as a heat map: rows are true classes, columns predicted ones, shaded by the share of the row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.document.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, RULE, SMALL, one_picture
from harness.document.figures.labels import text_width
from harness.document.text import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

MOST_WITH_NUMBERS = 12  # classes; with more, the cells are too small to hold them
MOST_WITH_NAMES = 40
LONGEST_NAME = 14
SHADES = 20  # steps from none to all of a row
HALF = 0.5  # share of a row from which a cell is dark and its number written in the colour of the paper
SIDE = 330  # pixels of the whole matrix where it has many classes


def confusion_figure(
    counts: Sequence[Sequence[int]], label_names: Sequence[str], true: str, predicted: str
) -> "Figure":
    """Draw a confusion matrix.

    Args:
        counts: Rows of class i predicted as class j, (k, k).
        label_names: The k class names.
        true: What the rows are.
        predicted: What the columns are.

    Returns:
        The figure.
    """
    table = np.asarray(counts, dtype=np.float64)
    k, cell = len(table), _side_of_cell(len(table))
    names = [shorten(name, LONGEST_NAME) for name in label_names] if k <= MOST_WITH_NAMES else []
    longest = max((text_width(name, SMALL) for name in names), default=0.0)
    upright = longest > cell
    left, top = longest + 26, (longest if upright else SMALL) + 28
    width, height = round(left + k * cell + 4), round(top + k * cell + 4)
    with one_picture((width, height), (left, width - left - k * cell, top, height - top - k * cell)) as (figure, axes):
        axes.set_xlim(0, k)
        axes.set_ylim(k, 0)
        _draw_cells(axes, table)
        if k <= MOST_WITH_NUMBERS:
            _write_numbers(axes, table)
        _write_names(axes, names, upright=upright, size=min(SMALL, cell))
        style: dict[str, Any] = {"color": MUTED, "fontsize": SMALL}
        figure.text(left / width, 1 - 10 / height, predicted, va="center", **style)
        figure.text(10 / width, 1 - top / height, true, ha="center", va="top", rotation=90, **style)
        return figure


def _side_of_cell(k: int) -> float:
    if k > MOST_WITH_NUMBERS:
        return SIDE / k
    return 42.0 if k <= 6 else 36.0  # noqa: PLR2004


def shares_of_rows(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each cell's share of its row, 0 where the row is empty, (k, k)."""
    totals = table.sum(axis=1, keepdims=True)
    shares: NDArray[np.float64] = np.divide(table, totals, out=np.zeros_like(table), where=totals > 0)
    return shares


def opacity(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how strong the colour of each cell is, in 20 steps.

    A few rows of many are seen, and what lies between is left out: on light paper and on dark, every number then
    stands out from its cell by 4.5 to 1, as WCAG 2.2 asks (1.4.3).
    """
    steps = np.ceil(shares * SHADES) / SHADES
    return np.where(shares < HALF, 0.08 + 0.42 * (steps / HALF) ** 0.8, 0.87 + 0.26 * (steps - HALF))


def _draw_cells(axes: "Axes", table: NDArray[np.float64]) -> None:
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    k = len(table)
    inset = 0.015 if k <= MOST_WITH_NUMBERS else 0.0
    axes.add_patch(Rectangle((0, 0), k, k, facecolor=RULE, alpha=0.28, edgecolor="none"))
    opacities = opacity(shares_of_rows(table))
    is_right = np.eye(k, dtype=bool)
    for colour, chosen in ((BLUE, is_right), (ORANGE, ~is_right)):
        for alpha in np.unique(opacities[chosen & (table > 0)]):
            cells = np.argwhere(chosen & (table > 0) & (opacities == alpha))
            squares = [_square(column + inset, row + inset, 1 - 2 * inset) for row, column in cells]
            path = Path.make_compound_path(*squares)
            axes.add_patch(PathPatch(path, facecolor=colour, alpha=alpha, edgecolor="none"))


def _square(x: float, y: float, side: float) -> "Path":
    from matplotlib.path import Path

    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return Path(corners, closed=True)


def _write_numbers(axes: "Axes", table: NDArray[np.float64]) -> None:
    shares = shares_of_rows(table)
    for row, column in np.argwhere(table > 0):
        colour = PAPER if shares[row, column] >= HALF else INK
        number = f"{int(table[row, column]):,}"
        axes.text(column + 0.5, row + 0.5, number, ha="center", va="center", color=colour, fontsize=SMALL + 0.5)


def _write_names(axes: "Axes", names: Sequence[str], *, upright: bool, size: float) -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)
    places = np.arange(len(names)) + 0.5
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0, labelsize=size, labelcolor=INK)
    axes.set_xticks(places, names, rotation=90 if upright else 0)
    axes.set_yticks(places, names)
