"""The section on learning curves: scores by number of training rows."""

from collections.abc import Iterator, Sequence
from functools import partial

from harness.analysis.learning_curve import (
    Curve,
    Point,
    crossing_of_zero_shot,
    find_crossing,
    learning_curves,
)
from harness.document import numbers
from harness.document.figures.curves import Line, curves_figure
from harness.document.model import (
    Block,
    Cell,
    Column,
    Gallery,
    Heading,
    Name,
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
        if (between := crossing.marks(curves)) and crossing.by and len(between) > 1:
            told = "Beyond chance the answer changes between {after} and {by} rows of train."
            ends = dict(zip(("after", "by"), map(numbers.count, between), strict=True))
            yield Paragraph(Phrase(say(told), ends))
    yield from _against_zero_shot(subject, curves)
    yield Gallery([curves_picture(subject, curves)])
    yield _table(subject, curves)
    if any(point.steps for curve in curves for point in curve.points):
        yield _steps(subject, curves)
    if any(point.sd is not None for curve in curves for point in curve.points):
        yield Paragraph(say("mean over seeds ± sd; each seed draws its own rows of train"), "note")


def _against_zero_shot(subject: Subject, curves: Sequence[Curve]) -> Iterator[Block]:
    """Say from how many rows of train on learning is ahead of what learns nothing, and between which beyond chance."""
    if not (crossing := crossing_of_zero_shot(curves)):
        return
    say, between = subject.say, crossing.marks(curves)
    sentence = "{trained} is ahead of {zero_shot}, which learns nothing, from {n} rows of train on."
    if crossing.n_rows is None:
        sentence = "{trained} is not ahead of {zero_shot}, which learns nothing, at the largest size."
    told = "Beyond chance nowhere."
    if crossing.by:
        told = "Beyond chance with {by} rows of train already."
    if crossing.by and len(between) > 1:
        told = "Beyond chance that begins between {after} and {by} rows of train."
    names = {"trained": Name(crossing.trained), "zero_shot": Name(crossing.frozen)}
    yield Paragraph(Phrase(say(sentence), {**names, "n": numbers.count(crossing.n_rows)}))
    if crossing.n_rows is not None:
        yield Paragraph(Phrase(say(told), {"after": numbers.count(min(between)), "by": numbers.count(max(between))}))


def curves_picture(subject: Subject, curves: Sequence[Curve]) -> Picture:
    """Draw learning curves, and mark between which numbers of rows fine-tuning overtakes the probes."""
    say, crossing = subject.say, find_crossing(curves)
    lines = [Line(curve.strategy, [(p.n_rows, p.mean, p.sd) for p in curve.points]) for curve in curves]
    marks = crossing.marks(curves) if crossing else ()
    draw = partial(curves_figure, lines, say("rows of train"), say("test f1_macro"), marks)
    return Picture(draw, _alternative(subject, curves))


def _alternative(subject: Subject, curves: Sequence[Curve]) -> Phrase:
    told = [f"{curve.strategy} {numbers.score(curve.points[-1].mean)}" for curve in curves]
    title = subject.say("Learning curves: test f1_macro by rows of train")
    return Phrase("{title}: {ends}", {"title": title, "ends": subject.say(", ").join(told)})


def _steps(subject: Subject, curves: Sequence[Curve]) -> Table:
    """Tabulate how long each strategy trained on each size: what is few steps need not be few rows."""
    trained, sizes = [curve for curve in curves if any(point.steps for point in curve.points)], _sizes(curves)
    rows = [Row.of(curve.strategy, *(_n_steps(curve.at(size)) for size in sizes)) for curve in trained]
    return Table(subject.say("Steps of training by rows of train"), _columns(subject, sizes), rows, style="matrix")


def _n_steps(point: Point | None) -> str:
    return numbers.count(round(point.steps) if point and point.steps else None)


def _sizes(curves: Sequence[Curve]) -> list[int]:
    return sorted({point.n_rows for curve in curves for point in curve.points})


def _columns(subject: Subject, sizes: Sequence[int]) -> list[Column]:
    say = subject.say
    return [Column(say("strategy"), kind="name"), *(Column(numbers.count(n), say("rows of train")) for n in sizes)]


def _table(subject: Subject, curves: Sequence[Curve]) -> Table:
    say, sizes = subject.say, _sizes(curves)
    columns = _columns(subject, sizes)
    rows = [Row.of(curve.strategy, *(_cell(curve.at(size)) for size in sizes)) for curve in curves]
    return Table(say("Learning curves: test f1_macro by rows of train"), columns, rows, style="matrix")


def _cell(point: Point | None) -> Cell:
    if point is None:
        return Cell(numbers.MISSING)
    return Cell(numbers.score(point.mean), "" if point.sd is None else f"± {numbers.score(point.sd)}")
