"""The section on learning curves: scores by number of training rows."""

from collections.abc import Iterator, Sequence
from functools import partial

from harness.analysis.learning_curve import Curve, Point, find_crossing, learning_curves
from harness.document import numbers
from harness.document.figures.curves import Line, curves_figure
from harness.document.model import (
    Block,
    Cell,
    Column,
    Gallery,
    Heading,
    Paragraph,
    Phrase,
    Picture,
    Row,
    Section,
    Table,
)
from harness.document.subject import Subject


def curves_section(subject: Subject) -> Section | None:
    """Draw and tabulate the learning curves of every run; None where no run learnt on several sizes."""
    blocks: list[Block] = []
    for index, run in enumerate(subject.study.runs):
        if curves := learning_curves(run):
            blocks += [Heading(subject.where(index))] if len(subject.study.runs) > 1 else []
            blocks += _blocks(subject, curves)
    title = subject.say("Learning curves: test f1_macro by rows of train")
    return Section("curves", title, blocks) if blocks else None


def _blocks(subject: Subject, curves: Sequence[Curve]) -> Iterator[Block]:
    say = subject.say
    if crossing := find_crossing(curves):
        sentence = "Fine-tuning ({trained}) is ahead of the probes ({frozen}) from {n} rows of train on."
        if crossing.n_rows is None:
            sentence = "Fine-tuning ({trained}) is not ahead of the probes ({frozen}) at the largest size."
        values = {"trained": crossing.trained, "frozen": crossing.frozen, "n": numbers.count(crossing.n_rows)}
        yield Paragraph(Phrase(say(sentence), values))
    yield Gallery([curves_picture(subject, curves)])
    yield _table(subject, curves)
    if any(point.sd is not None for curve in curves for point in curve.points):
        yield Paragraph(say("mean over seeds ± sd; each seed draws its own rows of train"), "note")


def curves_picture(subject: Subject, curves: Sequence[Curve]) -> Picture:
    """Draw learning curves, with a line where fine-tuning overtakes the probes."""
    say, crossing = subject.say, find_crossing(curves)
    lines = [Line(curve.strategy, [(p.n_rows, p.mean, p.sd) for p in curve.points]) for curve in curves]
    overtaken = crossing.n_rows if crossing else None
    draw = partial(curves_figure, lines, say("rows of train"), say("test f1_macro"), overtaken)
    return Picture(draw, _alternative(subject, curves))


def _alternative(subject: Subject, curves: Sequence[Curve]) -> Phrase:
    told = [f"{curve.strategy} {numbers.score(curve.points[-1].mean)}" for curve in curves]
    title = subject.say("Learning curves: test f1_macro by rows of train")
    return Phrase("{title}: {ends}", {"title": title, "ends": subject.say(", ").join(told)})


def _table(subject: Subject, curves: Sequence[Curve]) -> Table:
    say = subject.say
    sizes = sorted({point.n_rows for curve in curves for point in curve.points})
    columns = [Column(say("strategy"), kind="name")]
    columns += [Column(numbers.count(size), say("rows of train")) for size in sizes]
    rows = [Row.of(curve.strategy, *(_cell(curve.at(size)) for size in sizes)) for curve in curves]
    return Table(say("Learning curves: test f1_macro by rows of train"), columns, rows, style="matrix")


def _cell(point: Point | None) -> Cell:
    if point is None:
        return Cell(numbers.MISSING)
    return Cell(numbers.score(point.mean), "" if point.sd is None else f"± {numbers.score(point.sd)}")
