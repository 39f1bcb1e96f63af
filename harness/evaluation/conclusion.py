"""The conclusion: the best strategy by validation against each of the others, and what of that is beyond chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Literal

from pydantic import Field

from harness.evaluation.comparisons import ALPHA, holm
from harness.evaluation.intervals import Interval, Span
from harness.evaluation.metric import AnyMetric, Selection, UndefinedMetricError, bounds_of
from harness.evaluation.metrics import CoreMetric, best_first
from harness.evaluation.pairs import Contrast, contrast
from harness.evaluation.predicted import Predicted
from harness.frozen_model import Fraction, FrozenModel, Score, SignedFraction

MARGIN = 0.01  # of a score: what is not further behind is as good
TENTH = 0.1  # seconds; costs that differ by less are ties

LeftOut = Literal["floor", "not learnt", "no better than majority"]
Verdict = Literal["as good", "worse", "better", "unclear"]


class Difference(FrozenModel):
    """By how much the first scores above the second; `p_holm` is `p` corrected for the number of comparisons.

    The interval is that of this one difference. It is not corrected: where it leaves out 0 and `p_holm` is
    not below 0.05, so many pairs were looked at that one like this was to be expected.
    """

    value: SignedFraction
    interval: Interval
    p: Fraction
    p_holm: Fraction


class ScoreDifference(FrozenModel):
    """The same of any metric: its values need not lie between -1 and 1."""

    value: Score
    interval: Span
    p: Fraction
    p_holm: Fraction


class Comparison(FrozenModel):
    """The best by validation against another strategy, on the same test rows.

    Attributes:
        other: The other strategy.
        verdict: Of the other. `as good`: in f1_macro and accuracy less than the margin behind; otherwise `worse` or
            `better`: its f1_macro differs beyond chance; `unclear`: with these rows none of these can be told. Where a
            metric was named to choose by, it alone decides.
        f1_macro: The best minus the other, p corrected for the comparisons with the best alone.
        accuracy: The same of accuracy.
        selected: By how much the best is better by the metric that was named to choose by, above 0 also where low
            values are good; None where none was named.
        p_margin: p of being the margin or more behind, in the worse of the two scores, corrected likewise.
        detectable: The smallest difference in f1_macro, or that metric, that these rows and seeds show in four of
            five cases.
    """

    other: str
    verdict: Verdict
    f1_macro: Difference
    accuracy: Difference
    selected: ScoreDifference | None = None
    p_margin: Fraction
    detectable: float

    @property
    def decisive(self) -> Difference | ScoreDifference:
        """The difference that decides: in f1_macro, or by the metric that was named to choose by."""
        return self.selected or self.f1_macro


class Conclusion(FrozenModel):
    """Which strategy to take.

    Attributes:
        selection: The metric that was named to choose by, in place of f1_macro; None where none was.
        best: The best by validation f1_macro, of what has learnt where anything has.
        tied: Those that are not worse beyond chance in test f1_macro, nor better, the best by validation first.
        cheapest: Among the best and those that are as good, what took the fewest seconds.
        margin: How far behind is as good; None in runs of older versions, as are all that follow.
        comparisons: The best against each of the others, in the order of validation.
        left_out: Strategy -> why it is not compared and never recommended.
        one_training: Those that were trained once though chance has a part in it: what it moves is not known.
    """

    selection: Selection | None = None
    best: str
    tied: list[str]
    cheapest: str
    margin: Fraction | None = None
    comparisons: list[Comparison] = Field(default_factory=list)
    left_out: dict[str, LeftOut] = Field(default_factory=dict)
    one_training: list[str] = Field(default_factory=list)

    @property
    def chosen_by(self) -> str:
        """Name of the metric that chooses."""
        return self.selection.metric if self.selection else "f1_macro"

    @property
    def recommended(self) -> str | None:
        """The cheapest of what is as good as the best; None where nothing is better than the floors."""
        return None if self.cheapest in self.left_out else self.cheapest

    @property
    def better(self) -> list[str]:
        """Strategies that are better on test than the best by validation, beyond chance."""
        return [each.other for each in self.comparisons if each.verdict == "better"]

    @property
    def detectable(self) -> float | None:
        """The smallest difference that the rows would have shown, of the middle comparison."""
        return median(each.detectable for each in self.comparisons) if self.comparisons else None


@dataclass(frozen=True)
class Contestant:
    """A strategy, as far as the conclusion needs it.

    Attributes:
        name: The strategy's.
        predicted: What it predicted.
        validation: The score that chooses, such that the largest is the best: mean over the seeds, less what choosing
            among many configurations flatters.
        seconds: Mean of what encoding, fitting and predicting the test rows took, None where unknown.
        trainable_parameters: Their number, None where unknown.
        left_out: Why it is not to be compared, None where it is.
        deterministic: Whether another seed would change nothing; None where unknown.
    """

    name: str
    predicted: Predicted
    validation: float
    seconds: float | None
    trainable_parameters: int | None
    left_out: LeftOut | None = None
    deterministic: bool | None = None
    n_seeds: int = 1


def conclude(
    contestants: Sequence[Contestant],
    margin: float = MARGIN,
    selection: Selection | None = None,
    by: AnyMetric | None = None,
) -> Conclusion:
    """Hold the best by validation against each of the others.

    The comparisons are those with the best alone, corrected for their number by Holm's method; what has not learnt
    and floors are no part of it, so that poor rows in a table change nothing about good ones.

    Args:
        contestants: The strategies, at least one.
        margin: How far behind in a score is as good, a fraction above 0.
        selection: The metric that was named to choose by, None for f1_macro.
        by: The same as it is computed; None where its code is not at hand: then nothing is compared.
    """
    if selection and by is None:
        return _uncompared(contestants, selection)
    try:
        return _conclude(contestants, margin, selection, by)
    except UndefinedMetricError:  # on these rows, of some strategy
        return _uncompared(contestants, selection)


def _uncompared(contestants: Sequence[Contestant], selection: Selection | None) -> Conclusion:
    ordered = sorted(contestants, key=lambda each: (each.left_out is not None, best_first(each.validation, each.name)))
    left_out = {each.name: each.left_out for each in contestants if each.left_out}
    best = ordered[0].name
    return Conclusion(selection=selection, best=best, tied=[], cheapest=best, left_out=left_out)


def _conclude(
    contestants: Sequence[Contestant], margin: float, selection: Selection | None, by: AnyMetric | None
) -> Conclusion:
    ordered = sorted(contestants, key=lambda each: best_first(each.validation, each.name))
    left_out = {each.name: each.left_out for each in contestants if each.left_out}
    fair = [each for each in ordered if not each.left_out]
    if not fair:
        first = ordered[0].name
        return Conclusion(selection=selection, best=first, tied=[], cheapest=first, margin=margin, left_out=left_out)
    best, others = fair[0], fair[1:]
    compared = _comparisons(best, others, margin)
    if selection and by:
        compared = _by_selection(compared, [_oriented(selection, by, best, other) for other in others], margin, by)
    verdicts = {each.other: each.verdict for each in compared}
    return Conclusion(
        selection=selection,
        best=best.name,
        tied=[each.name for each in others if verdicts[each.name] in ("as good", "unclear")],
        cheapest=min([best, *(each for each in others if verdicts[each.name] == "as good")], key=cost).name,
        margin=margin,
        comparisons=compared,
        left_out=left_out,
        one_training=[each.name for each in fair if each.n_seeds == 1 and not each.deterministic],
    )


def cost(contestant: Contestant) -> tuple[float, float]:
    """Return seconds, to a tenth, and then trainable parameters; what is unknown may cost anything."""
    seconds, parameters = contestant.seconds, contestant.trainable_parameters
    return inf if seconds is None else round(seconds / TENTH), inf if parameters is None else parameters


def _comparisons(best: Contestant, others: Sequence[Contestant], margin: float) -> list[Comparison]:
    found: Mapping[CoreMetric, list[Contrast]] = {
        metric: [contrast(metric, best.predicted, other.predicted) for other in others]
        for metric in ("f1_macro", "accuracy")
    }
    f1_macro, accuracy = (differences(found[metric]) for metric in ("f1_macro", "accuracy"))
    pairs = zip(found["f1_macro"], found["accuracy"], strict=True)
    p_margin = holm([max(f1.p_behind(margin), share.p_behind(margin)) for f1, share in pairs])
    return [
        Comparison(
            other=other.name,
            verdict=_verdict(f1_macro[i], p_margin[i]),
            f1_macro=f1_macro[i],
            accuracy=accuracy[i],
            p_margin=p_margin[i],
            detectable=min(found["f1_macro"][i].detectable, 1.0),
        )
        for i, other in enumerate(others)
    ]


def _oriented(selection: Selection, by: AnyMetric, best: Contestant, other: Contestant) -> Contrast:
    """Compare by the metric that chooses, above 0 where the best is better."""
    both = (best.predicted, other.predicted) if selection.higher_is_better else (other.predicted, best.predicted)
    return contrast(by, *both)


def _by_selection(
    compared: Sequence[Comparison], found: Sequence[Contrast], margin: float, by: AnyMetric
) -> list[Comparison]:
    """Return the comparisons as the metric that chooses alone decides them."""
    lowest, highest = bounds_of(by)
    selected = score_differences(found, highest - lowest)
    p_margin = holm([each.p_behind(margin) for each in found])
    return [
        each.model_copy(
            update={
                "selected": selected[i],
                "verdict": _verdict(selected[i], p_margin[i]),
                "p_margin": p_margin[i],
                "detectable": min(found[i].detectable, highest - lowest),
            }
        )
        for i, each in enumerate(compared)
    ]


def score_differences(contrasts: Sequence[Contrast], widest: float) -> list[ScoreDifference]:
    """Return contrasts in any metric with their p values corrected for their number.

    Args:
        contrasts: The contrasts.
        widest: The largest difference that there can be.
    """
    corrected = holm([each.p for each in contrasts])
    return [
        ScoreDifference(value=each.value, interval=each.span(widest), p=each.p, p_holm=p_holm)
        for each, p_holm in zip(contrasts, corrected, strict=True)
    ]


def differences(contrasts: Sequence[Contrast]) -> list[Difference]:
    """Return contrasts with their p values corrected for their number."""
    corrected = holm([each.p for each in contrasts])
    return [
        Difference(value=each.value, interval=each.interval(), p=each.p, p_holm=p_holm)
        for each, p_holm in zip(contrasts, corrected, strict=True)
    ]


def _verdict(difference: Difference | ScoreDifference, p_margin: float) -> Verdict:
    if p_margin < ALPHA:
        return "better" if difference.p_holm < ALPHA and difference.value < 0 else "as good"
    if difference.p_holm < ALPHA:
        return "worse" if difference.value > 0 else "better"
    return "unclear"
