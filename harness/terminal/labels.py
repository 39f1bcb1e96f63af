"""What more labels would buy, and which look wrong, on the page."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.analysis.label_forecast import LabelForecast
from harness.document.sections.labels import doubtful_blocks, forecast_blocks
from harness.terminal.console import Page
from harness.terminal.document import block_lines

if TYPE_CHECKING:
    from harness.document.sections.labels import Doubtful


def print_forecasts(forecasts: Sequence[LabelForecast], n_train: int, console: Console, language: str = "en") -> None:
    """Print what more labels would buy.

    Args:
        forecasts: Of each strategy that was asked for, at least one.
        n_train: Rows of train that there are.
        console: Where.
        language: Of headings and sentences, one of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    page.write(block_lines(forecast_blocks(forecasts, n_train, page.say), page))


def print_doubtful(found: "Doubtful", console: Console, language: str = "en", *, saved: Path | None = None) -> None:
    """Print which labels of train look wrong.

    Args:
        found: The rows.
        console: Where.
        language: Of headings and sentences.
        saved: The file that holds the rows, None to print them.
    """
    page = Page(console, language)
    page.write(block_lines(doubtful_blocks(found, page.say, str(saved) if saved else None), page))
