"""Where strategies fail: the worst errors, the pairs of classes that are confused, what all get wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.error_analysis import ErrorAnalysis, analyse_errors
from harness.analysis.joint_errors import JointErrors
from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Fold, Heading, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject

N_SHOWN = 10
LONGEST_TEXT = 600  # characters


@dataclass(frozen=True)
class _Rows:
    """What the rows of a strategy's test split are called: class names, and the texts where they may be shown."""

    label_names: Sequence[str]
    texts: Mapping[int, str]

    def text_columns(self, subject: Subject) -> list[Column]:
        return [Column(subject.say("text"), kind="text")] if self.texts else []

    def text_cells(self, row: int) -> list[Cell]:
        return [Cell(_cut(self.texts.get(row, "")))] if self.texts else []


def errors_section(subject: Subject) -> Section:
    """Show the errors of the best strategy in full, those of the others folded away."""
    say, best = subject.say, subject.best
    rows = _rows(subject, best)
    analysis = _analysis(subject, best)
    blocks: list[Block] = []
    if not rows.texts:
        blocks.append(Paragraph(_why_no_texts(subject), "note"))
    blocks += _errors_of(subject, analysis, rows)
    if analysis.joint:
        blocks += _joint(subject, analysis.joint, rows)
    for studied in subject.study.strategies:
        if studied is not best:
            summary = Phrase(say("Errors of {name}"), {"name": studied.name})
            blocks.append(
                Fold(summary, list(_errors_of(subject, _analysis(subject, studied), _rows(subject, studied))))
            )
    return Section("errors", say("Errors"), blocks)


def _rows(subject: Subject, studied: Studied) -> _Rows:
    facts = subject.facts(studied) if subject.with_texts else None
    return _Rows(subject.label_names(studied), facts.texts_by_row() if facts else {})


def _analysis(subject: Subject, studied: Studied) -> ErrorAnalysis:
    comparable = subject.comparable(studied)
    predictions = {other.name: other.predictions for other in comparable}
    floors = {other.name for other in comparable if other.is_floor}
    return analyse_errors(studied.name, predictions, subject.facts(studied), N_SHOWN, floors)


def _why_no_texts(subject: Subject) -> str:
    if not subject.with_texts:
        return subject.say(
            "Texts are left out of this report. Rows are counted from 1 in the test split as it was read."
        )
    return subject.say("The run kept no texts. Rows are counted from 1 in the test split as it was read.")


def _errors_of(subject: Subject, analysis: ErrorAnalysis, rows: _Rows) -> Iterator[Block]:
    if analysis.confused:
        yield _confused(subject, analysis, rows)
    else:
        yield Paragraph(subject.say("no confusions: every text was classified right"))
    yield _worst(subject, analysis, rows)
    if analysis.breakdowns:
        yield _breakdowns(subject, analysis)


def _confused(subject: Subject, analysis: ErrorAnalysis, rows: _Rows) -> Table:
    say, names = subject.say, rows.label_names
    columns = [Column(say("true"), kind="name"), Column(say("predicted"), kind="name")]
    columns += [Column(say("rows")), Column(say("of the class"))]
    columns.append(Column(say("examples, rows from 1"), kind="name"))
    columns += [Column(say("surest of them"), kind="text")] if rows.texts else []
    found = [
        Row(
            [
                Cell(names[pair.label]),
                Cell(names[pair.prediction]),
                Cell(numbers.count(pair.n)),
                Cell(numbers.share(pair.share)),
                Cell(say(", ").join(numbers.count(row + 1) for row in pair.examples)),
                *rows.text_cells(pair.examples[0]),
            ]
        )
        for pair in analysis.confused
    ]
    caption = Phrase(say("Most confused pairs of classes, {name}"), {"name": analysis.strategy})
    return Table(caption, columns, found, style="texts")


def _worst(subject: Subject, analysis: ErrorAnalysis, rows: _Rows) -> Table:
    say, names = subject.say, rows.label_names
    columns = [Column(say("row")), *rows.text_columns(subject), Column(say("true"), kind="name")]
    columns += [Column(say("predicted"), kind="name"), Column(say("probability")), Column(say("loss"))]
    found = [
        Row(
            [
                Cell(numbers.count(error.row + 1)),
                *rows.text_cells(error.row),
                Cell(names[error.label]),
                Cell(names[error.prediction]),
                Cell(f"{error.probability:.3f}"),
                Cell(f"{error.loss:.2f}"),
            ]
        )
        for error in analysis.highest_loss
    ]
    caption = Phrase(say("Rows with the highest loss, {name}"), {"name": analysis.strategy})
    return Table(caption, columns, found, style="texts")


def _breakdowns(subject: Subject, analysis: ErrorAnalysis) -> Table:
    say = subject.say
    columns = [Column(say("group"), kind="name"), Column(say("rows")), Column(say("accuracy"))]
    found = [
        Row(
            [
                Cell(Phrase("{by}: {group}", {"by": say(breakdown.by), "group": say(group.name)})),
                Cell(numbers.count(group.n)),
                Cell(numbers.score(group.accuracy), numbers.interval(group.interval.low, group.interval.high)),
            ]
        )
        for breakdown in analysis.breakdowns
        for group in breakdown.groups
    ]
    caption = Phrase(say("Accuracy on groups of test rows, {name}, with 95 % intervals"), {"name": analysis.strategy})
    return Table(caption, columns, found)


def _joint(subject: Subject, joint: JointErrors, rows: _Rows) -> Iterator[Block]:
    say = subject.say
    yield Heading(say("What the strategies get right and wrong together"))
    sentence = say(
        "{missed} of {n} rows are missed by all {strategies} strategies that were compared. Somebody who always chose "
        "a strategy that is right would reach accuracy {ceiling}; the best single one, {best}, reaches {accuracy}."
    )
    values = {
        "missed": numbers.count(len(joint.missed_by_all)),
        "n": numbers.count(joint.n),
        "strategies": numbers.count(len(joint.compared)),
        "ceiling": numbers.score(joint.ceiling),
        "best": joint.best,
        "accuracy": numbers.score(joint.n_right[joint.best] / joint.n),
    }
    yield Paragraph(Phrase(sentence, values))
    if joint.missed_by_all:
        yield _missed(subject, joint, rows)
    columns = [Column(say("strategy"), kind="name"), Column(say("right")), Column(say("right alone"))]
    found = [
        Row([Cell(n), Cell(numbers.count(joint.n_right[n])), Cell(numbers.count(joint.only_right[n]))])
        for n in joint.compared
    ]
    yield Table(say("Test rows that each strategy gets right, and that no other one does"), columns, found)


def _missed(subject: Subject, joint: JointErrors, rows: _Rows) -> Table:
    say, names = subject.say, rows.label_names
    columns = [Column(say("row")), *rows.text_columns(subject), Column(say("label"), kind="name")]
    columns += [Column(say("answer of most"), kind="name"), Column(say("agree")), Column(say("mean probability"))]
    found = [
        Row(
            [
                Cell(numbers.count(missed.row + 1)),
                *rows.text_cells(missed.row),
                Cell(names[missed.label]),
                Cell(names[missed.answer]),
                Cell(numbers.count(missed.n_agree)),
                Cell(f"{missed.confidence:.3f}"),
            ]
        )
        for missed in joint.missed_by_all[:N_SHOWN]
    ]
    return Table(say("Rows that all miss, the surest first: likely label errors"), columns, found, style="texts")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT].rstrip()}…"
