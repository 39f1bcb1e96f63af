"""What came of each trial, as soon as it is over: a line in a log, a table that grows on a terminal."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from harness.document.sections.scores import LONGEST_REASON
from harness.results.records import RunRecord
from harness.terminal.console import Page
from harness.terminal.layout import NAME_WIDTH, STACKED_BELOW
from harness.wording import quantities
from harness.wording.text import left, right


class OutcomeRows:
    """A table of which each trial is a row once it is over, its heading before the first; in lines where it is narrow.

    Args:
        page: Where it is shown.
    """

    def __init__(self, page: Page) -> None:
        say = page.say
        self._page = page
        self._headings = (say("seed"), f"{say('validation')} f1_macro", say("seconds"))
        self._began = False

    def of(self, record: RunRecord) -> Iterator[Text]:
        """Yield the row of a trial."""
        page = self._page
        if not record.is_scored or record.validation is None or page.width < STACKED_BELOW:
            yield outcome_line(record, page)
            return
        if not self._began:
            self._began = True
            self._headings = (self._headings[0], f"{page.say('validation')} {_chosen_by(record)}", self._headings[2])
            yield page.text(self._row(page.say("strategy"), self._headings))
        score = _score(record)
        yield page.text(self._row(record.strategy, (str(record.seed), score, f"{_seconds(record):.1f}")))

    def _row(self, name: str, cells: tuple[str, ...]) -> str:
        widths = (max(cell_len(heading), 5) for heading in self._headings)
        numbers = (right(cell, width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join([left(self._page.short(name, NAME_WIDTH), NAME_WIDTH), *numbers])


def outcome_line(record: RunRecord, page: Page) -> Text:
    """Return what came of a trial in a sentence."""
    trial = page.say("{strategy} seed {seed}").format(strategy=record.strategy, seed=record.seed)
    if record.is_scored and record.validation is not None:
        told = page.say("{trial}: validation {metric} {score}, {seconds} s")
        values = {"metric": _chosen_by(record), "score": _score(record)}
        return page.text(told.format(trial=trial, **values, seconds=f"{_seconds(record):.1f}"))
    status = page.say(record.status)
    if record.error is None:
        return page.text(f"{trial}: {status}", "red")
    told = page.say("{trial}: {status} in {stage}: {reason}")
    reason = page.short(page.say_message(record.error.message.strip()), LONGEST_REASON)
    return page.text(told.format(trial=trial, status=status, stage=page.say(record.error.stage), reason=reason), "red")


def _chosen_by(record: RunRecord) -> str:
    return record.selection.metric if record.selection else "f1_macro"


def _score(record: RunRecord) -> str:
    value = record.validation.score(_chosen_by(record)) if record.validation else None
    return "-" if value is None else quantities.score(value)


def _seconds(record: RunRecord) -> float:
    return sum(part for part in (record.fit_seconds, record.predict_seconds) if part is not None)
