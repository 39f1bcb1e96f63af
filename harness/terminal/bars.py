"""Intervals as small bars on one axis."""

from collections.abc import Sequence

from harness.evaluation.intervals import Interval
from harness.terminal.console import Page


def interval_bars(points: Sequence[tuple[float, Interval]], width: int, page: Page) -> list[str]:
    """Draw each score with its interval, all on the same axis.

    Args:
        points: Scores and their intervals, fractions 0-1.
        width: Columns a bar may take, at least 3.
        page: Tells which signs can be shown.

    Returns:
        One line each, such as `  ├──●──┤`; the axis runs from the lowest to the highest end of all intervals.
    """
    low = min(interval.low for _, interval in points)
    high = max(interval.high for _, interval in points)
    scale = (width - 1) / (high - low) if high > low else 0.0
    return [_bar(score, interval, low, scale, page) for score, interval in points]


def _bar(score: float, interval: Interval, low: float, scale: float, page: Page) -> str:
    start, middle, end = (round((value - low) * scale) for value in (interval.low, score, interval.high))
    glyphs = page.glyphs
    cells = [" "] * start + [glyphs.rule] * (end - start + 1)
    cells[start], cells[end] = glyphs.bar_start, glyphs.bar_end
    cells[middle] = glyphs.point
    return "".join(cells)
