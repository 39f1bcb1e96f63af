"""The bar of a terminal: its columns by the room there is, and the last epochs below it."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn
from rich.table import Column

from harness.terminal.epochs import EpochTable

# Columns of the terminal from which there is room for the rate, the activity and the bar.
RATE_FROM, ACTIVITY_FROM, BAR_FROM = 56, 72, 96


class _BarAndEpochs(Progress):
    """A bar, and below it the last epochs of the training that goes on."""

    def __init__(self, *columns: ProgressColumn, epochs: EpochTable, **options: Any) -> None:
        self._epochs = epochs
        super().__init__(*columns, **options)

    def get_renderables(self) -> Iterator[RenderableType]:
        yield from super().get_renderables()
        yield from self._epochs.lines()


def progress_bar(console: Console, epochs: EpochTable) -> Progress:
    """Return a bar with as many columns as the terminal has room for, the epochs below it; it leaves nothing behind.

    Its task has the fields `what`, `amount`, `rate` and `left`, all text.
    """
    columns: list[ProgressColumn] = [_text_column("description")]
    if console.width >= ACTIVITY_FROM:
        columns.append(_text_column("fields[what]"))
    if console.width >= BAR_FROM:
        columns.append(BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=8)))
    columns.append(_text_column("fields[amount]"))
    if console.width >= RATE_FROM:
        columns.append(_text_column("fields[rate]"))
    columns.append(_text_column("fields[left]"))
    return _BarAndEpochs(*columns, epochs=epochs, console=console, transient=True, expand=console.width >= BAR_FROM)


def _text_column(field: str) -> TextColumn:
    return TextColumn(f"{{task.{field}}}", markup=False, table_column=Column(no_wrap=True, overflow="crop"))
