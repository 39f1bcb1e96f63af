"""The last epochs of the training that goes on: a table that grows on a terminal, a line now and then in a log."""

from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from rich.text import Text

from harness.document import numbers
from harness.terminal.console import Page
from harness.wording import quantities
from harness.wording.text import right

LAST = 5  # epochs that are shown
NARROWEST = 6  # columns of a number
SCORES = ("validation_accuracy", "validation_f1_macro")


class EpochTable:
    """Loss on train and scores on validation of the last epochs, of the trial that told of one last.

    Args:
        page: Where it is shown.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._trial = ""
        self._rows: tuple[tuple[str, ...], ...] = ()  # never changed in place: another thread draws it

    def add(self, trial: str, entry: Mapping[str, float]) -> None:
        """Put an epoch below the last."""
        if "epoch" not in entry:
            return
        rows = self._rows if trial == self._trial else ()
        self._trial, self._rows = trial, (*rows, _cells(entry))[-LAST:]

    def remove(self, trial: str) -> None:
        """Show nothing more of a trial."""
        if trial == self._trial:
            self._trial, self._rows = "", ()

    def lines(self) -> Iterator[Text]:
        """Yield whose training it is, headings and epochs; nothing where none is over."""
        trial, rows, page = self._trial, self._rows, self._page
        if not rows:
            return
        told = page.say("{trial}: loss on train, scores on validation").format(trial=trial)
        yield page.text(told if cell_len(told) <= page.width else page.short(trial, page.width), "dim")
        headings = [page.say(name) for name in ("epoch", "loss", "accuracy", "f1_macro")]
        widths = [max(cell_len(heading), NARROWEST) for heading in headings]
        for cells in (headings, *rows):
            line = "  ".join(right(cell, width) for cell, width in zip(cells, widths, strict=True))
            yield page.text(line, "dim" if cells is headings else "")


def epoch_line(trial: str, entry: Mapping[str, float], page: Page) -> Text | None:
    """Return an epoch in a sentence, None where it is none."""
    if "epoch" not in entry:
        return None
    told = page.say("{trial}: epoch {epoch}, loss on train {loss}, validation accuracy {accuracy}, f1_macro {score}")
    epoch, loss, accuracy, score = _cells(entry)
    return page.text(told.format(trial=trial, epoch=epoch, loss=loss, accuracy=accuracy, score=score))


def _cells(entry: Mapping[str, float]) -> tuple[str, ...]:
    loss = entry.get("train_loss")
    scores = (entry.get(name) for name in SCORES)
    return (
        f"{entry['epoch']:g}",
        numbers.MISSING if loss is None else f"{loss:.4f}",
        *(numbers.MISSING if score is None else quantities.score(score) for score in scores),
    )
