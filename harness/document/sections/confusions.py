"""Confusion matrices as pictures, with their numbers; and the scores of each class."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from harness.analysis.study import Studied
from harness.document import numbers
from harness.document.figures.confusion import MOST_WITH_NUMBERS, confusion_figure
from harness.document.model import Block, Cell, Column, Fold, Gallery, Paragraph, Phrase, Picture, Row, Section, Table
from harness.document.subject import Subject
from harness.evaluation.metrics import Evaluation
from harness.wording.languages import Say

LISTED = 20  # confusions where a matrix is too large to be read as a table


def confusions_section(subject: Subject) -> Section:
    """Draw the confusion matrix of every strategy on test, the best by validation first."""
    say = subject.say
    pictures = [picture for studied in subject.study.strategies if (picture := confusion_picture(subject, studied))]
    note = say(
        "Rows are true classes, columns predicted ones. Blue is right, orange is wrong, darker is more of the row."
    )
    return Section("confusion", say("Confusion on the test split"), [Paragraph(note, "note"), Gallery(pictures)])


def title(subject: Subject, studied: Studied) -> Phrase:
    """Name a strategy, with the seed where that makes a difference."""
    if len(studied.records) == 1 or studied.deterministic:
        return Phrase("{name}", {"name": studied.name})
    values = {"name": studied.name, "seed": str(studied.records[0].seed)}
    return Phrase(subject.say("{name}, seed {seed}"), values)


def confusion_picture(subject: Subject, studied: Studied) -> Picture | None:
    """Draw the confusion matrix of a strategy's lowest seed on test; None where it has no test scores."""
    say, names, test = subject.say, subject.label_names(studied), studied.records[0].test
    if test is None:
        return None
    draw = partial(confusion_figure, test.confusion, names, say("true"), say("predicted"))
    n_right = sum(row[i] for i, row in enumerate(test.confusion))
    alternative = Phrase(
        say("Confusion matrix of {name}: {right} of {n} test rows are on the diagonal. The numbers follow as a table."),
        {"name": studied.name, "right": numbers.count(n_right), "n": numbers.count(sum(map(sum, test.confusion)))},
    )
    few = len(names) <= MOST_WITH_NUMBERS
    table = _matrix(subject, studied, test) if few else largest_confusions(studied.name, names, test.confusion, say)
    below = [Fold(say("Numbers"), [table])]
    return Picture(draw, alternative, title(subject, studied), below)


def _matrix(subject: Subject, studied: Studied, test: Evaluation) -> Table:
    names = subject.label_names(studied)
    predicted = subject.say("predicted")
    columns = [Column(subject.say("true"), kind="name"), *(Column(name, predicted) for name in names)]
    rows = [
        Row.of(names[i], *(Cell(numbers.count(count), bold=i == j) for j, count in enumerate(row)))
        for i, row in enumerate(test.confusion)
    ]
    return Table(_caption(subject, studied), columns, rows, style="matrix")


def largest_confusions(
    name: str, label_names: Sequence[str], confusion: Sequence[Sequence[int]], say: Say, listed: int = LISTED
) -> Table:
    """Return the most frequent confusions of a strategy, where a matrix is too large to be read.

    Args:
        name: The strategy's.
        label_names: The k class names.
        confusion: Counts by true and predicted class, (k, k).
        say: Translates fixed phrases.
        listed: How many are listed.
    """
    counts = np.asarray(confusion)
    wrong = [(int(counts[i, j]), int(i), int(j)) for i, j in np.argwhere(counts) if i != j]
    most = sorted(wrong, key=lambda each: -each[0])[:listed]
    columns = [Column(say("true"), kind="name"), Column(say("predicted"), kind="name")]
    columns += [Column(say("rows")), Column(say("of the class"))]
    rows = [
        Row.of(label_names[i], label_names[j], numbers.count(n), numbers.share(n / counts[i].sum())) for n, i, j in most
    ]
    caption = Phrase(
        say("The {shown} most frequent of {n} confusions of {name}"),
        {"shown": numbers.count(len(most)), "n": numbers.count(len(wrong)), "name": name},
    )
    return Table(caption, columns, rows)


def _caption(subject: Subject, studied: Studied) -> Phrase:
    return Phrase(subject.say("Test rows of {name} by true and predicted class"), {"name": studied.name})


def classes_section(subject: Subject) -> Section:
    """Lay out the scores of each class: of the best strategy in full, of all others their f1."""
    say, best = subject.say, subject.best
    blocks: list[Block] = [class_table(subject, best)]
    others = subject.comparable(best)
    if len(others) > 1:
        blocks.append(Fold(say("f1 of each class, all strategies"), [_of_all(subject, others)]))
    return Section("classes", say("Scores of each class"), blocks)


def class_table(subject: Subject, studied: Studied) -> Table:
    """Return precision, recall and f1 of each class, of the lowest seed of a strategy."""
    say = subject.say
    columns = [Column(say("class"), kind="name")]
    columns += [Column(say(heading)) for heading in ("precision", "recall", "f1", "support")]
    test = studied.records[0].test
    rows = [
        Row.of(
            name,
            *(numbers.score(value) for value in (score.precision, score.recall, score.f1)),
            numbers.count(score.support),
        )
        for name, score in zip(subject.label_names(studied), test.per_class if test else [], strict=True)
    ]
    caption = Phrase(say("Test scores of each class, {name}"), {"name": str(title(subject, studied))})
    return Table(caption, columns, rows)


def _of_all(subject: Subject, strategies: list[Studied]) -> Table:
    say = subject.say
    columns = [Column(say("class"), kind="name"), *(Column(studied.name) for studied in strategies)]
    scores = [studied.records[0].test.per_class for studied in strategies if studied.records[0].test]
    rows = [
        Row.of(name, *(numbers.score(of_strategy[i].f1) for of_strategy in scores))
        for i, name in enumerate(subject.label_names(strategies[0]))
    ]
    return Table(say("Test f1 of each class"), columns, rows, style="matrix")
