"""The result of a search on the page: the best configurations."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from harness.runs.tuning import Tuning
from harness.terminal.console import Page, folding
from harness.wording import quantities
from harness.wording.text import assignments

SHOWN = 5


def print_tuning(tuning: Tuning, console: Console, language: str = "en") -> None:
    """Print the best configurations and how many were tried; `harness.runs.tuned_config.as_toml` writes the winner."""
    page = Page(console, language)
    page.write(_lines(tuning, page))


def _lines(tuning: Tuning, page: Page) -> Iterator[Text]:
    scored = tuning.ranked
    failed = len(tuning.tried) - len(scored)
    told = f"{tuning.strategy}: {len(tuning.tried)} configurations tried, {failed} failed"
    yield page.text(page.say_message(told), "bold")
    for each in scored[:SHOWN]:
        yield folding(page.text(f"{quantities.score(each.shown or 0.0)}  {assignments(each.params)}"))
    chosen_by = tuning.selection.metric if tuning.selection else "f1_macro"
    told = f"Validation {chosen_by}; test was not touched. The same command goes on from {tuning.file}"
    yield folding(page.text(page.say_message(told), "dim"))
    if tuning.tried and not tuning.best:
        told = f"None could be scored; the last said: {tuning.tried[-1].problem}"
        yield folding(page.text(page.say_message(told), "red"))
