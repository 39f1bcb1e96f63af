"""Cost against quality as pictures, and the efficient strategies by name."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from harness.analysis.tradeoff import efficient
from harness.document import numbers
from harness.document.figures.cost import Point, cost_figure
from harness.document.model import Gallery, Phrase, Picture, Section
from harness.document.subject import Subject
from harness.results.records import RunRecord


@dataclass(frozen=True)
class Cost:
    """A cost of strategies: what it is called, how it is read off a record, and how it is written at an axis."""

    label: str
    of: Callable[[RunRecord], float | None]
    write: Callable[[float], str]


COSTS = {
    "seconds": Cost("seconds to encode, fit and predict", lambda record: record.seconds, numbers.seconds_tick),
    "parameters": Cost("trained weights", lambda record: record.trainable_parameters, numbers.parameters_tick),
}


def tradeoff_section(subject: Subject) -> Section | None:
    """Draw f1_macro against seconds and against trained weights; None where no cost is known."""
    pictures = [picture for cost in COSTS.values() if (picture := cost_picture(subject, cost))]
    return Section("cost", subject.say("Cost against quality"), [Gallery(pictures)]) if pictures else None


def cost_picture(subject: Subject, cost: Cost) -> Picture | None:
    """Draw test f1_macro against a cost; None where no strategy's is known."""
    label, points = subject.say(cost.label), _points(subject, cost.of)
    if not points:
        return None
    draw = partial(cost_figure, points, label, subject.say("test f1_macro"), cost.write)
    return Picture(draw, _alternative(subject, points, label, cost.write), _caption(subject, label))


def _points(subject: Subject, cost_of: Callable[[RunRecord], float | None]) -> list[Point]:
    points = []
    for studied in subject.study.strategies:
        known = [cost for record in studied.records if (cost := cost_of(record)) is not None]
        if len(known) == len(studied.records):
            cost, score, interval = fmean(known), studied.test("f1_macro"), subject.interval(studied, "f1_macro")
            low, high = (interval.low, interval.high) if interval else (score, score)
            points.append(Point(studied.name, cost, score, low, high))
    return points


def _alternative(subject: Subject, points: list[Point], label: str, write: Callable[[float], str]) -> Phrase:
    front = [points[i] for i in efficient([(point.cost, point.score) for point in points])]
    told = [f"{point.name} ({write(point.cost)}, {numbers.score(point.score)})" for point in front]
    sentence = subject.say("Test f1_macro against {cost}, logarithmic. Efficient, from cheap to costly: {strategies}.")
    return Phrase(sentence, {"cost": label, "strategies": subject.names(told)})


def _caption(subject: Subject, label: str) -> Phrase:
    return Phrase(
        subject.say(
            "Test f1_macro with 95 % interval against {cost}. The line joins the efficient strategies: "
            "no other one is both cheaper and better."
        ),
        {"cost": label},
    )
