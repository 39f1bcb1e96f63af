"""The frame of a picture made of characters: a wall with the highest and lowest score, a floor, an axis."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from harness.terminal.console import Page
from harness.wording import quantities

HEIGHT = 10  # lines
WIDEST = 64  # columns


def empty_cells(low: float, high: float, page: Page) -> list[list[str]]:
    """Return lines of blanks, as wide as the page has room for beside the scores."""
    width = min(page.width - _margin(low, high) - 1, WIDEST)
    return [[" "] * width for _ in range(HEIGHT)]


def framed(cells: Sequence[Sequence[str]], low: float, high: float, axis: str, page: Page) -> Iterator[Text]:
    """Yield a picture in its frame.

    Args:
        cells: One character a place, those of the highest score first.
        low: Score of the last line, a fraction.
        high: Score of the first.
        axis: What stands below the floor.
        page: Where it is printed.
    """
    margin = _margin(low, high)
    labels = [quantities.short_score(high), *[""] * (len(cells) - 2), quantities.short_score(low)]
    for label, row in zip(labels, cells, strict=True):
        yield Text(f"{label:>{margin - 1}} {page.glyphs.wall}{''.join(row)}".rstrip(), no_wrap=True, overflow="crop")
    floor = page.glyphs.corner + page.glyphs.rule * len(cells[0])
    yield Text(" " * margin + floor, no_wrap=True, overflow="crop")
    yield Text(" " * (margin + 1) + axis, style="dim", no_wrap=True, overflow="crop")


def _margin(low: float, high: float) -> int:
    return max(len(quantities.short_score(score)) for score in (low, high)) + 1
