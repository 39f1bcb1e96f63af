"""Layout of pages: widths of names, banners, labels beside values."""

from collections.abc import Sequence

from rich.panel import Panel
from rich.table import Column, Table

from harness.terminal.console import Page, folding

STACKED_BELOW = 64  # columns
NAME_WIDTH = 32


def banner(message: str, page: Page) -> Panel:
    """Return a message in a frame."""
    return Panel(folding(page.text(message)), style="yellow", expand=False)


def label_value_lines(lines: Sequence[tuple[str, str]], page: Page) -> Table:
    """Lay out labels and values, the values wrapped beside their labels."""
    grid = Table.grid(Column(), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for label, value in lines:
        grid.add_row(page.text(label, "dim"), folding(page.text(value)))
    return grid
