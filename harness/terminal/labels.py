"""What more labels would buy, on the page."""

from collections.abc import Sequence

from rich.console import Console

from harness.analysis.label_forecast import Forecast
from harness.document.sections.labels import forecast_blocks
from harness.terminal.console import Page
from harness.terminal.document import block_lines


def print_forecasts(forecasts: Sequence[Forecast], n_train: int, console: Console, language: str = "en") -> None:
    """Print what more labels would buy.

    Args:
        forecasts: Of each strategy that was asked for, at least one.
        n_train: Rows of train that there are.
        console: Where.
        language: Of headings and sentences, one of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    page.write(block_lines(forecast_blocks(forecasts, n_train, page.say), page))
