"""What was not scored: a red row for each, with the place where it stopped and the reason."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from harness.results.records import RunRecord
from harness.terminal.console import Page
from harness.terminal.layout import NAME_WIDTH, STACKED_BELOW

STYLE = "red"
REASON_LENGTH = 600  # characters; the whole message and the traceback are in run.json


def not_scored(records: Sequence[RunRecord]) -> list[RunRecord]:
    """Return the records that hold no scores, by strategy and seed."""
    left_out = [record for record in records if not record.is_scored]
    return sorted(left_out, key=lambda record: (record.strategy, record.seed))


def failure_lines(records: Sequence[RunRecord], page: Page) -> Iterator[RenderableType]:
    """Yield the table of records without scores; as short paragraphs where it is narrow."""
    yield page.text(page.say("not scored"), f"bold {STYLE}")
    if page.width < STACKED_BELOW:
        for record in records:
            seed = page.say("seed {seed}").format(seed=record.seed)
            yield page.text(f"{record.strategy}  {seed}  {page.say(where_it_stopped(record))}", STYLE)
            if why := reason(record, page):
                yield Padding(page.text(why, STYLE), (0, 0, 0, 2))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", style=STYLE)
    for heading in ("strategy", "seed", "stopped in", "reason"):
        table.add_column(page.say(heading), overflow="fold", no_wrap=heading in ("seed", "stopped in"))
    for record in records:
        cells = (page.short(record.strategy, NAME_WIDTH), str(record.seed), page.say(where_it_stopped(record)))
        table.add_row(*(Text(cell) for cell in cells), page.text(reason(record, page)), style=STYLE)
    yield table


def where_it_stopped(record: RunRecord) -> str:
    """Return the stage that failed, or the status where none did."""
    return record.error.stage if record.error else record.status


def reason(record: RunRecord, page: Page) -> str:
    """Return why a record has no scores, in one line."""
    if record.error is None:
        return page.say("the record holds no scores") if record.status == "ok" else ""
    return page.short(record.error.message.strip(), REASON_LENGTH)
