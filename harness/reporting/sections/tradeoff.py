"""Cost against quality as pictures, and the efficient strategies by name."""

from collections.abc import Callable, Iterator
from functools import partial

from harness.reporting import numbers
from harness.reporting.document import Gallery, Phrase, Picture, Section
from harness.reporting.figures.cost import Point, cost_picture, efficient
from harness.reporting.subject import Subject
from harness.results.records import RunRecord


def tradeoff_section(subject: Subject) -> Section | None:
    """Draw f1_macro against seconds and against trained weights; None where no cost is known."""
    pictures = list(_pictures(subject))
    return Section("cost", subject.say("Cost against quality"), [Gallery(pictures)]) if pictures else None


def _pictures(subject: Subject) -> Iterator[Picture]:
    say = subject.say
    costs: list[tuple[str, Callable[[RunRecord], float | None], Callable[[float], str]]] = [
        (say("seconds to encode, fit and predict"), lambda record: record.seconds, numbers.seconds_tick),
        (say("trained weights"), lambda record: record.trainable_parameters, numbers.parameters_tick),
    ]
    for label, cost_of, write in costs:
        points = _points(subject, cost_of)
        if points:
            draw = partial(cost_picture, points, label, say("test f1_macro"), write)
            yield Picture(draw, _alternative(subject, points, label, write), _caption(subject, label))


def _points(subject: Subject, cost_of: Callable[[RunRecord], float | None]) -> list[Point]:
    points = []
    for studied in subject.study.strategies:
        record, trial = studied.records[0], subject.trial(studied)
        cost = cost_of(record)
        if cost is not None and record.test:
            score = record.test.f1_macro
            low, high = (trial.f1_macro.low, trial.f1_macro.high) if trial else (score, score)
            points.append(Point(studied.name, cost, score, low, high))
    return points


def _alternative(subject: Subject, points: list[Point], label: str, write: Callable[[float], str]) -> Phrase:
    told = [f"{points[i].name} ({write(points[i].cost)}, {numbers.score(points[i].score)})" for i in efficient(points)]
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
