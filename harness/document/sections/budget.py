"""The section on searches within a budget: what each strategy finds with more of it, and where their order changes."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from harness.document import numbers
from harness.document.figures.tuning import Line, tuning_figure
from harness.document.model import (
    Block,
    Cell,
    Column,
    Fold,
    Gallery,
    Heading,
    Listing,
    Name,
    Paragraph,
    Phrase,
    Picture,
    Row,
    Section,
    Table,
)
from harness.document.subject import Subject
from harness.evaluation.search_evidence import BestOf, SearchEvidence, TuningCurve, written_order
from harness.wording.languages import Say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_CHANGES = 12  # of the order, which are listed


def budget_section(subject: Subject) -> Section | None:
    """Draw and tabulate the tuning curves of a run; None where nothing was searched."""
    search = subject.study.evidence.search
    return Section("budget", _title(subject), list(_blocks(subject, search))) if search else None


def _title(subject: Subject) -> str:
    return subject.say("Search: best validation {metric} by budget").format(metric=_metric(subject))


def _blocks(subject: Subject, search: SearchEvidence) -> Iterator[Block]:
    say = subject.say
    together, *each = budget_pictures(subject, search)
    yield Gallery([together])
    yield _table(subject, search)
    yield from _order(subject, search)
    if told := _top_two(subject, search):
        yield Paragraph(told)
    band = (
        "Beside each score the 95 % band of the whole curve on these validation rows, whatever the distribution of "
        "scores (Lourie, Cho and He 2024, Show Your Work with Confidence). Where it has one end alone, these "
        "configurations do not tell how much better others may be."
    )
    yield Paragraph(say(band), "note")
    test = "A search makes no interval of a test score narrower: these are of the chosen configuration alone."
    yield Paragraph(say(test), "note")
    yield Fold(say("Each strategy with its 95 % band"), [Gallery(each)])


def budget_pictures(subject: Subject, search: SearchEvidence) -> list[Picture]:
    """Draw the tuning curves together, marks where their order changes, and each with its band."""
    say = subject.say
    lines = [
        Line(curve.strategy, [(point.budget, point.value, point.low, point.high) for point in curve.points])
        for curve in search.curves
    ]
    marks = [order.budget for order in search.orders[1:]]
    draw = partial(tuning_figure, lines, _unit(subject, search), f"{say('validation')} {_metric(subject)}")
    ends = say(", ").join(f"{curve.strategy} {numbers.score(curve.points[-1].value)}" for curve in search.curves)
    told = say("At the dotted lines the order of the strategies changes.") if marks else ""
    together = Picture(partial(draw, marks), Phrase("{title}: {ends}", {"title": _title(subject), "ends": ends}), told)
    return [together, *(_with_band(subject, search, i, partial(draw, (), i)) for i in range(len(lines)))]


def _with_band(subject: Subject, search: SearchEvidence, i: int, draw: "Callable[[], Figure]") -> Picture:
    curve = search.curves[i]
    point = curve.points[-1]
    band = _band(point, subject.say) or numbers.MISSING
    told = {"strategy": curve.strategy, "value": numbers.score(point.value), "band": band}
    alternative = Phrase(subject.say("{strategy} with its 95 % band, at the end {value} ({band})"), told)
    return Picture(draw, alternative, Phrase(subject.say("{strategy} with its 95 % band"), told))


def _metric(subject: Subject) -> str:
    return subject.heading(subject.chosen_by)


def _unit(subject: Subject, search: SearchEvidence) -> str:
    return subject.say("configurations tried" if search.unit == "configurations" else "seconds of fitting")


def _table(subject: Subject, search: SearchEvidence) -> Table:
    say, budgets = subject.say, _budgets(search)
    half = "found by half of all searches of that length (95 % band)"
    columns = [
        Column(say("strategy"), kind="name"),
        Column(say("tried"), say("search")),
        Column(say("best"), say("search")),
        Column(say("optimism"), say("search")),
        *(Column(_written(search, budget), say(half)) for budget in budgets),
    ]
    rows = [Row.of(*_cells(subject, curve, budgets)) for curve in search.curves]
    return Table(_title(subject), columns, rows)


def _cells(subject: Subject, curve: TuningCurve, budgets: list[float]) -> Iterator[Cell]:
    record = subject.study.strategy(curve.strategy).first
    failed = subject.say("{n} failed").format(n=curve.n_failed) if curve.n_failed else ""
    best = record.validation.score(subject.chosen_by) if record.validation else None
    yield Cell(curve.strategy)
    yield Cell(numbers.count(record.configurations_tried), failed)
    yield Cell(numbers.score(best))
    yield Cell(numbers.MISSING if record.optimism is None else numbers.score(record.optimism))
    for point in map(curve.at, budgets):
        yield Cell(numbers.score(point.value) if point else numbers.MISSING, _band(point, subject.say))


def _band(point: BestOf | None, say: Say) -> str:
    if point is None or point.low is point.high is None:
        return ""
    low, high = (None if end is None else f"{end:.3f}" for end in (point.low, point.high))
    if low is None:
        return say("up to {high}").format(high=high)
    return say("from {low}").format(low=low) if high is None else f"{low}{numbers.DASH}{high}"


def _budgets(search: SearchEvidence) -> list[float]:
    """Return the budgets that the table has: the whole one, and powers of four below it."""
    whole = search.budget
    if search.unit == "configurations":
        return [*(k for k in (1.0, 4.0, 16.0, 64.0, 256.0) if k < whole), whole]
    return [whole / 16, whole / 4, whole]


def _written(search: SearchEvidence, budget: float) -> str:
    return numbers.count(round(budget)) if search.unit == "configurations" else f"{numbers.seconds(budget)} s"


def _order(subject: Subject, search: SearchEvidence) -> Iterator[Block]:
    """Tell the order of the strategies, and from which budgets on it is another one."""
    say, orders = subject.say, search.orders
    by_name = {curve.strategy: curve for curve in search.curves}
    written = [
        {"budget": _written(search, b), "order": written_order([by_name[name] for name in each.strategies], b)}
        for each in orders
        for b in (each.budget,)
    ]
    if len(search.curves) == 1:
        return
    if len(orders) == 1:
        yield Paragraph(Phrase(say("The order is the same at every budget: {order}."), written[0]))
        return
    yield Heading(say("Order by budget ({unit})").format(unit=_unit(subject, search)))
    yield Listing([Phrase(say("from {budget} on: {order}"), each) for each in written[:MOST_CHANGES]])
    if (rest := len(orders) - MOST_CHANGES) > 0:
        more = say("{n} more changes, the last from {budget} on: {order}")
        yield Paragraph(Phrase(more, {"n": numbers.count(rest), **written[-1]}))


def _top_two(subject: Subject, search: SearchEvidence) -> Phrase | None:
    """Say up to which budget the bands of the best two are apart."""
    if len(search.curves) == 1:
        return None
    first, second = search.curves[:2]
    names = {"first": Name(first.strategy), "second": Name(second.strategy)}
    until = search.apart_until(first, second)
    if until is None:
        told = "The bands of {first} and {second} overlap at every budget: the draws do not tell which finds better."
        return Phrase(subject.say(told), names)
    told = (
        "Beyond the chance of the draws {first} and {second} differ up to {budget} {unit}; of longer searches their "
        "bands do not tell."
    )
    told_of = numbers.count(round(until)) if search.unit == "configurations" else numbers.seconds(until)
    return Phrase(subject.say(told), {**names, "budget": told_of, "unit": _unit(subject, search)})
