"""Intervals as small bars on one axis."""

from collections.abc import Sequence

from harness.evaluation.intervals import Interval
from harness.terminal.console import Page


def interval_bars(points: Sequence[tuple[float, Interval | None]], width: int, page: Page) -> list[str]:
    """Draw each score with its interval, all on the same axis.

    Args:
        points: Scores and their intervals, fractions 0-1; a score without one is a point.
        width: Columns a bar may take, at least 3.
        page: Tells which signs can be shown.

    Returns:
        One line each, such as `  ├──●──┤`; the axis runs from the lowest to the highest end of all intervals.
    """
    known = [(score, interval or Interval(low=score, high=score)) for score, interval in points]
    low = min(interval.low for _, interval in known)
    high = max(interval.high for _, interval in known)
    scale = (width - 1) / (high - low) if high > low else 0.0
    return [_bar(score, interval, low, scale, page) for score, interval in known]


def _bar(score: float, interval: Interval, low: float, scale: float, page: Page) -> str:
    start, middle, end = (round((value - low) * scale) for value in (interval.low, score, interval.high))
    glyphs = page.glyphs
    cells = [" "] * start + [glyphs.rule] * (end - start + 1)
    cells[start], cells[end] = glyphs.bar_start, glyphs.bar_end
    cells[middle] = glyphs.point
    return "".join(cells)
