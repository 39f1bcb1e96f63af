"""What more labels would buy, a sentence for each strategy and the scores to expect; which labels look wrong."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from harness.analysis.label_forecast import FARTHEST, FEWEST_SIZES, LabelForecast
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Name, Paragraph, Phrase, Row, Table
from harness.document.sections.errors import cut
from harness.wording.languages import Say

TOLD = {
    "reached": "{strategy} is there: test {metric} {score} with {n} rows of train.",
    "between": "{strategy}: {low} to {high} more rows of train take test {metric} from {score} to {target}.",
    "at least": "{strategy}: at least {low} more rows of train for test {metric} {target}; how many at most cannot be "
    "told, since fitted curves level off anywhere from {floor} to {ceiling}.",
    "perhaps far": "{strategy}: at least {low} more rows of train for test {metric} {target}; how many at most cannot "
    "be told, since it may take more than {farthest}, too far from the {n} that were measured.",
    "too far": "{strategy}: test {metric} {target} takes more than {farthest} rows of train, too far from the {n} that "
    "were measured to say how many.",
    "above the ceiling": "{strategy}: no number of rows is enough for test {metric} {target}: its curve levels off at "
    "{floor} to {ceiling}.",
    "flat": "{strategy}: the curve is flat. From {first} to {n} rows of train test {metric} rises by no more than "
    "chance, so nothing can be said of more.",
    "few sizes": "{strategy}: a forecast takes {fewest} numbers of rows or more, such as --train-sizes "
    "100,200,400,800; measured: {sizes}.",
}
EXPLAINED = (
    "Bands hold 95 % of the power laws fitted to draws of test rows and seeds. They cannot know of a curve that "
    "changes its shape."
)
SLOW_START = "The curve of {strategies} began more slowly than a power law does, so its band is wide."
ONE_SEED = "With one seed no band holds which rows of train were drawn: run again with --seeds 0-2."
MORE_AT_HAND = "Train has {n} rows: measure with them before more are labelled, --train-sizes up to all."


class Doubtful(Protocol):
    """Rows of train whose labels look wrong, the most doubtful first."""

    @property
    def strategies(self) -> Sequence[str]:
        """Those that were asked."""

    @property
    def n_rows(self) -> int:
        """Rows of train that they were asked of."""

    @property
    def n_missed(self) -> int:
        """How many of these none of them gets right."""

    def columns(self) -> dict[str, list[Any]]:
        """Return row from 0, text, label, answer, agree and label_probability of those to be shown."""


def doubtful_blocks(found: Doubtful, say: Say, saved: str | None = None) -> Iterator[Block]:
    """Yield which labels look wrong; where a file holds the rows, its name in place of them."""
    cells = found.columns()
    told = "{missed} of {n} rows of train are missed by all that did not see them: {strategies}."
    values = {"missed": numbers.count(found.n_missed), "n": numbers.count(found.n_rows)}
    yield Paragraph(Phrase(say(told), values | {"strategies": say(", ").join(found.strategies)}), "lead")
    if saved:
        told = "The {k} whose label they hold least probable are in {file}, rows counted from 0."
        yield Paragraph(Phrase(say(told), {"k": numbers.count(len(cells["row"])), "file": saved}))
    else:
        yield _doubtful_table(cells, say)
        yield Paragraph(say("Rows are counted from 1 in the train split as it was read."), "note")
    yield Paragraph(say("A doubtful label may be right: a person decides. Ambiguous texts stand here, too."), "note")


def _doubtful_table(cells: dict[str, list[Any]], say: Say) -> Table:
    columns = [Column(say("row")), Column(say("text"), kind="text"), Column(say("label"), kind="name")]
    columns += [Column(say("answer of most"), kind="name"), Column(say("agree"))]
    columns.append(Column(say("probability of the label")))
    rows = [
        Row.of(numbers.count(row + 1), cut(text), label, answer, numbers.count(agree), numbers.score(probability))
        for row, text, label, answer, agree, probability in zip(*cells.values(), strict=True)
    ]
    return Table(say("Rows of train that all miss, the least probable labels first"), columns, rows, style="texts")


def forecast_blocks(forecasts: Sequence[LabelForecast], n_train: int, say: Say) -> Iterator[Block]:
    """Yield what more labels would buy.

    Args:
        forecasts: Of each strategy that was asked for, at least one.
        n_train: Rows of train that there are.
        say: Translates fixed phrases.
    """
    for each in forecasts:
        if each.target is not None or not each.expected:
            yield Paragraph(told_of(each, say), "lead")
    if any(each.expected for each in forecasts):
        yield _table([each for each in forecasts if each.expected], say)
        yield Paragraph(say(EXPLAINED), "note")
        if slow := [each.strategy for each in forecasts if each.began_slowly]:
            yield Paragraph(Phrase(say(SLOW_START), {"strategies": say(", ").join(slow)}), "note")
        if any(each.n_seeds == 1 for each in forecasts):
            yield Paragraph(say(ONE_SEED), "note")
    if n_train > max(each.n_rows for each in forecasts):
        yield Paragraph(Phrase(say(MORE_AT_HAND), {"n": numbers.count(n_train)}), "note")


def told_of(forecast: LabelForecast, say: Say) -> Phrase:
    """Return the answer of a forecast in a sentence."""
    floor, ceiling = forecast.ceiling or (math.nan, math.nan)
    more = {
        "low": max(two_digits((forecast.low or 0) - forecast.n_rows, up=False), 1),
        "high": two_digits((forecast.high or 0) - forecast.n_rows, up=True),
        "farthest": FARTHEST * forecast.n_rows,
        "n": forecast.n_rows,
        "first": forecast.sizes[0],
        "sizes": len(forecast.sizes),
        "fewest": FEWEST_SIZES,
    }
    values: dict[str, str] = {"strategy": Name(forecast.strategy), "metric": forecast.metric}
    values |= {name: numbers.count(n) for name, n in more.items()}
    values |= {"score": f"{forecast.score:.2f}", "target": f"{forecast.target or 0:.4g}"}
    return Phrase(say(TOLD[forecast.verdict]), values | {"floor": f"{floor:.2f}", "ceiling": f"{ceiling:.2f}"})


def two_digits(n: int, *, up: bool) -> int:
    """Return a number of rows with two digits, rounded up or down: a forecast knows no more."""
    if n <= 0:
        return 0
    step = int(10 ** max(len(str(n)) - 2, 0))
    return -(-n // step) * step if up else n // step * step


def _table(forecasts: Sequence[LabelForecast], say: Say) -> Table:
    metric = forecasts[0].metric
    columns = [Column(say("strategy"), kind="name"), Column(say("rows of train")), Column(f"{say('test')} {metric}")]
    rows = []
    for each in forecasts:
        measured = Phrase(say("{score}, measured"), {"score": numbers.score(each.score)})
        rows.append(Row([Cell(each.strategy), Cell(numbers.count(each.n_rows)), Cell(measured)]))
        rows += [
            Row.of(each.strategy, numbers.count(more.n_rows), numbers.interval(more.low, more.high))
            for more in each.expected
        ]
    return Table(say("Scores to be expected with more rows of train"), columns, rows)
