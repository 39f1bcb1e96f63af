"""Names beside points and lines, where they cover neither these nor each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from harness.document.figures.canvas import PAPER, SMALL
from harness.document.text import cells

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTER_WIDTH = 0.58  # of the font's size; a wide estimate for sans-serif fonts
GAP = 6.0  # pixels between a point and its name


@dataclass(frozen=True)
class Place:
    """Where a name stands, in pixels: its anchor, and which end of it is there."""

    x: float
    y: float
    align: Literal["left", "center", "right"]


@dataclass(frozen=True)
class _Box:
    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "_Box") -> bool:
        apart = (
            self.right <= other.left or other.right <= self.left or self.top <= other.bottom or other.top <= self.bottom
        )
        return not apart

    def lies_in(self, other: "_Box") -> bool:
        inside = self.left >= other.left and self.right <= other.right
        return inside and self.bottom >= other.bottom and self.top <= other.top


def text_width(text: str, size: float) -> float:
    """Return about how many pixels text of a font size takes."""
    return cells(text) * size * LETTER_WIDTH


def place_names(
    points: NDArray[np.float64], names: Sequence[str], size: float, page: tuple[float, float, float, float]
) -> list[Place | None]:
    """Find a place for the name of each point, the first names first.

    Args:
        points: Positions in pixels, float (m, 2).
        names: What is to stand beside them.
        size: Font size in pixels.
        page: Left, bottom, right and top of the space there is.

    Returns:
        The places; None where there is none.
    """
    space, taken = _Box(*page), [_Box(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    places: list[Place | None] = []
    for (x, y), name in zip(points, names, strict=True):
        for place, box in _candidates(x, y, text_width(name, size), size):
            if box.lies_in(space) and not any(map(box.meets, taken)):
                taken.append(box)
                places.append(place)
                break
        else:
            places.append(None)
    return places


def write_name(figure: "Figure", place: Place, name: str, size: float, colour: str, *, bold: bool = False) -> None:
    """Write a name at its place, on paper through which a line does not strike it."""
    width, height = figure.get_size_inches() * 72
    figure.text(
        place.x / width,
        place.y / height,
        name,
        color=colour,
        fontsize=size,
        fontweight="bold" if bold else "normal",
        ha=place.align,
        va="center_baseline",
        bbox={"facecolor": PAPER, "alpha": 0.8, "edgecolor": "none", "boxstyle": "square,pad=0.1"},
    )


def name_ends(axes: "Axes", ends: Sequence[tuple[float, str, str]], height: float) -> None:
    """Write the names of lines at their ends, moved apart where they would cover each other.

    Args:
        axes: Where, with their final limits.
        ends: Height of the end of a line, in data, its name and its colour.
        height: Of the axes, in pixels.
    """
    low, high = axes.get_ylim()
    step, at = SMALL * 1.25 * (high - low) / height, -math.inf
    for value, name, colour in sorted(ends):
        at = max(value, at + step)
        axes.annotate(
            name,
            (1, at),
            xycoords=("axes fraction", "data"),
            xytext=(GAP, 0),
            textcoords="offset points",
            color=colour,
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
        )


def _candidates(x: float, y: float, width: float, size: float) -> list[tuple[Place, _Box]]:
    candidates = []
    half = size * 0.6
    for dy in (0.0, 0.9, -0.9, 1.7, -1.7):
        middle = y + dy * size
        to_the_right = _Box(x + GAP, middle - half, x + GAP + width, middle + half)
        to_the_left = _Box(x - GAP - width, middle - half, x - GAP, middle + half)
        candidates.append((Place(x + GAP, middle, "left"), to_the_right))
        candidates.append((Place(x - GAP, middle, "right"), to_the_left))
        if abs(dy) > 0.5:  # noqa: PLR2004
            centred = _Box(x - width / 2, middle - half, x + width / 2, middle + half)
            candidates.append((Place(x, middle, "center"), centred))
    return candidates
