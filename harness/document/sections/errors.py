"""The section on errors: the worst ones, the pairs of classes that are confused, what all get wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.error_analysis import ErrorAnalysis, analyse_errors
from harness.analysis.joint_errors import JointErrors
from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.model import Block, Cell, Column, Fold, Heading, Paragraph, Phrase, Row, Section, Table
from harness.document.subject import Subject
from harness.results.row_facts import RowFacts
from harness.wording.languages import Say

N_SHOWN = 10
LONGEST_TEXT = 600  # characters
ROWS_COUNTED = "Rows are counted from 1 in the test split as it was read."
NO_TEXTS = "This run kept no texts. Look the rows up in the test split, or run again with --save-texts."
NO_FACTS = "This run kept no facts of its test rows, so accuracy cannot be told by groups of them. Run it again."


@dataclass(frozen=True)
class ErrorRows:
    """The test rows of a strategy and how they are shown.

    Attributes:
        label_names: The k class names.
        facts: Facts of the rows, None where there are none.
        say: Translates fixed phrases.
        n_shown: Rows shown of each kind.
        with_texts: Whether texts may be shown.
    """

    label_names: Sequence[str]
    facts: RowFacts | None
    say: Say
    n_shown: int = N_SHOWN
    with_texts: bool = True

    @property
    def texts(self) -> Mapping[int, str]:
        """Row -> its text, {} where texts were not kept or may not be shown."""
        return self.facts.texts_by_row() if self.facts and self.with_texts else {}

    def text_columns(self) -> list[Column]:
        """Return the column of texts, [] where there are none."""
        return [Column(self.say("text"), kind="text")] if self.texts else []

    def text_cells(self, row: int) -> list[Cell]:
        """Return the text of a row."""
        return [Cell(cut(self.texts.get(row, "")))] if self.texts else []


def errors_section(subject: Subject) -> Section:
    """Show the errors of the best strategy in full, those of the others folded away."""
    say, best = subject.say, subject.best
    rows, analysis = _rows(subject, best), _analysis(subject, best)
    blocks: list[Block] = [*error_blocks(analysis, rows), *joint_blocks(analysis, rows), *remark_blocks(analysis, rows)]
    for studied in subject.study.strategies:
        if studied is not best:
            summary = Phrase(say("Errors of {name}"), {"name": studied.name})
            blocks.append(Fold(summary, list(error_blocks(_analysis(subject, studied), _rows(subject, studied)))))
    return Section("errors", say("Errors"), blocks)


def _rows(subject: Subject, studied: Studied) -> ErrorRows:
    names, facts = subject.label_names(studied), subject.facts(studied)
    return ErrorRows(names, facts, subject.say, with_texts=subject.with_texts)


def _analysis(subject: Subject, studied: Studied) -> ErrorAnalysis:
    comparable = subject.comparable(studied)
    predictions = {other.name: other.predictions for other in comparable}
    floors = {other.name for other in comparable if other.is_floor}
    return analyse_errors(studied.name, predictions, subject.facts(studied), N_SHOWN, floors)


def error_blocks(analysis: ErrorAnalysis, rows: ErrorRows) -> Iterator[Block]:
    """Yield where one strategy fails: how often, confused classes, the highest losses, accuracy on groups of rows."""
    told = rows.say("{right} of {n} test rows are right: accuracy {accuracy}, 95 % interval {interval}.")
    values = {
        "right": numbers.count(analysis.n_right),
        "n": numbers.count(analysis.n),
        "accuracy": numbers.score(analysis.accuracy),
        "interval": numbers.interval(analysis.interval.low, analysis.interval.high),
    }
    yield Paragraph(Phrase(told, values))
    if analysis.confused:
        yield _confused(analysis, rows)
    else:
        yield Paragraph(rows.say("no confusions: every text was classified right"))
    yield _worst(analysis, rows)
    if analysis.breakdowns:
        yield _breakdowns(analysis, rows.say)
        yield Paragraph(rows.say("Negation words are English ones; 95 % intervals are Wilson's."), "note")


def remark_blocks(analysis: ErrorAnalysis, rows: ErrorRows) -> Iterator[Paragraph]:
    """Yield what to know of the rows: how they are counted, what was left out, what the run did not keep."""
    say = rows.say
    yield Paragraph(say(ROWS_COUNTED), "note")
    if analysis.joint is None:
        told = "The run has no second strategy to compare with that predicts more than one class."
        yield Paragraph(say(told), "note")
    elif analysis.joint.left_out:
        told = "Not compared, as they guess or predict the same class for every row: {names}."
        yield Paragraph(Phrase(say(told), {"names": say(", ").join(analysis.joint.left_out)}), "note")
    if not rows.with_texts:
        yield Paragraph(say("Texts are left out of this report."), "note")
    elif rows.facts is None:
        yield Paragraph(say(NO_FACTS), "note")
    elif rows.facts.texts is None:
        yield Paragraph(say(NO_TEXTS), "note")


def _confused(analysis: ErrorAnalysis, rows: ErrorRows) -> Table:
    say, names = rows.say, rows.label_names
    columns = [Column(say("true"), kind="name"), Column(say("predicted"), kind="name")]
    columns += [Column(say("rows")), Column(say("of the class"))]
    columns.append(Column(say("examples, rows from 1"), kind="name"))
    columns += [Column(say("surest of them"), kind="text")] if rows.texts else []
    found = [
        Row.of(
            names[pair.label],
            names[pair.prediction],
            f"{numbers.count(pair.n)} / {numbers.count(pair.support)}",
            numbers.share(pair.share),
            say(", ").join(numbers.count(row + 1) for row in pair.examples),
            *rows.text_cells(pair.examples[0]),
        )
        for pair in analysis.confused[: rows.n_shown]
    ]
    caption = Phrase(say("Most confused pairs of classes, {name}"), {"name": analysis.strategy})
    return Table(caption, columns, found, style="texts")


def _worst(analysis: ErrorAnalysis, rows: ErrorRows) -> Table:
    say, names = rows.say, rows.label_names
    columns = [Column(say("row")), *rows.text_columns(), Column(say("true"), kind="name")]
    columns += [Column(say("predicted"), kind="name"), Column(say("true"), say("probability"))]
    columns += [Column(say("predicted"), say("probability")), Column(say("loss"))]
    found = [
        Row.of(
            numbers.count(error.row + 1),
            *rows.text_cells(error.row),
            names[error.label],
            names[error.prediction],
            numbers.score(error.label_probability),
            numbers.score(error.probability),
            f"{error.loss:.2f}",
        )
        for error in analysis.highest_loss[: rows.n_shown]
    ]
    caption = Phrase(say("Rows with the highest loss, {name}"), {"name": analysis.strategy})
    return Table(caption, columns, found, style="texts")


def _breakdowns(analysis: ErrorAnalysis, say: Say) -> Table:
    columns = [Column(say("group"), kind="name"), Column(say("rows")), Column(say("accuracy"))]
    found = [
        Row.of(
            Phrase("{by}: {group}", {"by": say(breakdown.by), "group": say(group.name)}),
            numbers.count(group.n),
            Cell(numbers.score(group.accuracy), numbers.interval(group.interval.low, group.interval.high)),
        )
        for breakdown in analysis.breakdowns
        for group in breakdown.groups
    ]
    caption = Phrase(say("Accuracy on groups of test rows, {name}, with 95 % intervals"), {"name": analysis.strategy})
    return Table(caption, columns, found)


def joint_blocks(analysis: ErrorAnalysis, rows: ErrorRows) -> Iterator[Block]:
    """Yield what the strategies get right and wrong together, nothing where there are no two to compare."""
    joint, say = analysis.joint, rows.say
    if joint is None:
        return
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
        yield _missed(joint, rows)
    yield _alone(joint, say)
    if analysis.only_right:
        yield _only_right(analysis, rows)


def _alone(joint: JointErrors, say: Say) -> Table:
    columns = [Column(say("strategy"), kind="name"), Column(say("right")), Column(say("right alone"))]
    found = [Row.of(n, numbers.count(joint.n_right[n]), numbers.count(joint.only_right[n])) for n in joint.compared]
    return Table(say("Test rows that each strategy gets right, and that no other one does"), columns, found)


def _only_right(analysis: ErrorAnalysis, rows: ErrorRows) -> Table:
    found = [Row.of(numbers.count(row + 1), *rows.text_cells(row)) for row in analysis.only_right[: rows.n_shown]]
    caption = Phrase(rows.say("Only {strategy} gets these right:"), {"strategy": analysis.strategy})
    return Table(caption, [Column(rows.say("row")), *rows.text_columns()], found, style="texts")


def _missed(joint: JointErrors, rows: ErrorRows) -> Table:
    say, names = rows.say, rows.label_names
    columns = [Column(say("row")), *rows.text_columns(), Column(say("label"), kind="name")]
    columns += [
        Column(say("answer of most"), kind="name"),
        Column(say("agree")),
        Column(say("probability of the label")),
    ]
    found = [
        Row.of(
            numbers.count(missed.row + 1),
            *rows.text_cells(missed.row),
            names[missed.label],
            names[missed.answer],
            numbers.count(missed.n_agree),
            numbers.score(missed.label_probability),
        )
        for missed in joint.missed_by_all[: rows.n_shown]
    ]
    caption = say("Rows that all miss, the label least probable to the calibrated first: likely label errors")
    return Table(caption, columns, found, style="texts")


def cut(text: str) -> str:
    """Return a text as far as a table has room for it."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT].rstrip()}…"
