"""The differences of every two strategies on the same test rows, with what chance makes of them."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from harness.document import numbers
from harness.document.model import Block, Cell, Column, Fold, Paragraph, Phrase, Row, Section, Table, Words
from harness.document.subject import Subject
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.conclusion import Difference
from harness.evaluation.evidence import PairEvidence
from harness.evaluation.metric_evidence import MetricDifference
from harness.evaluation.metrics import CoreMetric

Tested: TypeAlias = Mapping[tuple[str, str], Difference | MetricDifference]
MOST_WITH_NAMES = 8  # strategies; the columns of more are numbered

CAPTIONS: dict[CoreMetric, str] = {
    "f1_macro": "Difference in test f1_macro, row minus column, with its p",
    "accuracy": "Difference in test accuracy, row minus column, with its p",
}


def differences_section(subject: Subject) -> Section | None:
    """Lay out all pairs as matrices, with intervals on demand; None where nothing was paired."""
    say, pairs = subject.say, subject.study.evidence.pairs
    if not pairs:
        return None
    blocks: list[Block] = [_matrix(subject, say(caption), _tested(pairs, name)) for name, caption in CAPTIONS.items()]
    for by in subject.study.evidence.metrics:
        told = Phrase(say("Difference in test {metric}, row minus column, with its p"), {"metric": by.metric})
        blocks.append(
            _matrix(subject, told, {(each.first, each.second): each for each in by.pairs}, by.higher_is_better)
        )
    note = say("p is Holm-corrected over all pairs. Differences with p under 5 % are marked by a star.")
    blocks += [Paragraph(note, "note"), Fold(say("All pairs with intervals"), [_list(subject)])]
    return Section("differences", say("Differences between strategies"), blocks)


def _tested(pairs: Sequence[PairEvidence], metric: CoreMetric) -> Tested:
    return {(pair.first, pair.second): getattr(pair, metric) for pair in pairs}


def _matrix(subject: Subject, caption: Words, pairs: Tested, higher_is_better: bool = True) -> Table:
    say, names = subject.say, [studied.name for studied in subject.study.strategies]
    numbered = len(names) > MOST_WITH_NAMES
    heads = [str(i + 1) for i in range(len(names))] if numbered else names
    rows = []
    for i, first in enumerate(names):
        title = f"{i + 1} {first}" if numbered else first
        rows.append(Row.of(title, *(_cell(pairs, first, second, higher_is_better) for second in names)))
    columns = [Column(say("strategy"), kind="name"), *(Column(head) for head in heads)]
    return Table(caption, columns, rows, style="matrix")


def _cell(pairs: Tested, first: str, second: str, higher_is_better: bool) -> Cell:
    difference, sign = pairs.get((first, second)), 1
    if difference is None:
        difference, sign = pairs.get((second, first)), -1
    if difference is None:
        return Cell("")
    significant = difference.p_holm < ALPHA
    value = sign * difference.value
    tone: Literal["", "good", "bad"] = ("good" if (value > 0) == higher_is_better else "bad") if significant else ""
    small = f"p {numbers.p_value(difference.p_holm)}{' *' if significant else ''}"
    return Cell(numbers.difference(value), small, bold=significant, tone=tone)


def _list(subject: Subject) -> Table:
    say = subject.say
    accuracy, f1 = say("accuracy"), say("f1_macro")
    only = say("rows only one gets right")
    tested = [say("difference"), say("p"), say("p, Holm")]
    columns = [Column(say("first"), kind="name"), Column(say("second"), kind="name")]
    columns += [Column(say("first"), only), Column(say("second"), only)]
    by_metric = [{(each.first, each.second): each for each in by.pairs} for by in subject.study.evidence.metrics]
    groups = (accuracy, f1, *(by.metric for by in subject.study.evidence.metrics))
    columns += [Column(heading, group) for group in groups for heading in tested]
    rows = [
        Row.of(
            pair.first,
            pair.second,
            numbers.count(pair.only_first_right),
            numbers.count(pair.only_second_right),
            *_difference_cells(pair.accuracy),
            *_difference_cells(pair.f1_macro),
            *(cell for by in by_metric for cell in _difference_cells(by.get((pair.first, pair.second)))),
        )
        for pair in subject.study.evidence.pairs
    ]
    return Table(say("All pairs: first minus second, 95 % intervals of the difference below"), columns, rows)


def _difference_cells(difference: Difference | MetricDifference | None) -> list[Cell]:
    if difference is None:
        return [Cell("")] * 3
    small = numbers.difference_interval(difference.interval.low, difference.interval.high)
    bold = difference.p_holm < ALPHA
    p, p_holm = numbers.p_value(difference.p), numbers.p_value(difference.p_holm)
    return [Cell(numbers.difference(difference.value), small, bold=bold), Cell(p), Cell(p_holm, bold=bold)]
