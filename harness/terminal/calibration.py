"""Whether probabilities can be taken at their word: expected calibration error and a reliability curve."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from harness.evaluation.calibration import Calibration, ReliabilityBin
from harness.terminal.console import Page, folding
from harness.terminal.grid import Grid, Heading
from harness.wording import quantities

WIDEST_BAR = 41  # columns


def print_calibration(calibration: Calibration, console: Console, language: str = "en") -> None:
    """Print the expected calibration error and, for each bin of confidence, how often such rows are right."""
    page = Page(console, language)
    page.write(_lines(calibration, page))


def _lines(calibration: Calibration, page: Page) -> Iterator[Text]:
    yield Text("")
    title = page.say("Calibration: expected error {ece}").format(ece=quantities.score(calibration.ece))
    yield page.text(title, "bold underline")
    headings = [Heading(page.say(name)) for name in ("confidence", "accuracy", "rows")]
    cells = [
        [quantities.score(each.confidence), quantities.score(each.accuracy), f"{each.n:,}"] for each in calibration.bins
    ]
    grid = Grid(headings, [(row, "") for row in cells])
    width = min(page.width - grid.width - 2, WIDEST_BAR)
    bars = [_bar(each, width, page) for each in calibration.bins]
    rows = [([*row, bar], "") for row, bar in zip(cells, bars, strict=True)]
    yield from Grid([*headings, Heading("", is_name=True)], rows).lines(page.glyphs.rule)
    confidence, accuracy = page.say("confidence"), page.say("accuracy")
    yield folding(page.text(f"{page.glyphs.wall} {confidence}, {page.glyphs.point} {accuracy}", "dim"))


def _bar(each: ReliabilityBin, width: int, page: Page) -> str:
    """Draw confidence and accuracy of a bin on an axis from 0 to 1."""
    cells = [" "] * max(width, 1)
    cells[round(each.confidence * (len(cells) - 1))] = page.glyphs.wall
    cells[round(each.accuracy * (len(cells) - 1))] = page.glyphs.point
    return "".join(cells)
