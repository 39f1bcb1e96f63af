"""What the test rows say by a metric that was asked for besides: intervals, tests of every difference, rank letters."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations

import numpy as np

from harness.evaluation.comparisons import ALPHA, rank_letters
from harness.evaluation.conclusion import Contestant, ScoreDifference, score_differences
from harness.evaluation.intervals import Span, metric_interval
from harness.evaluation.metric import AnyMetric, Metric, UndefinedMetricError, bounds_of
from harness.evaluation.pairs import Contrast, contrast
from harness.evaluation.predicted import Predicted, Rows
from harness.evaluation.shipped_metrics import CORE
from harness.evaluation.trial_evidence import ScoredTrial
from harness.frozen_model import Count, FrozenModel, Score


class MetricTrial(FrozenModel):
    """The interval of one trial over samples of test rows, None where there is none to be had."""

    strategy: str
    seed: Count
    interval: Span | None


class MetricScore(FrozenModel):
    """The score of a strategy: mean over its seeds, standard deviation, interval over rows and seeds, rank letters.

    What is not known is None; `letters` is then "".
    """

    strategy: str
    value: Score | None
    sd: Score | None
    interval: Span | None
    letters: str = ""


class MetricDifference(ScoreDifference):
    """By how much the score of the first lies above that of the second; p as of `Difference`.

    Where a low value is the better one, the first is the better one below 0.
    """

    first: str
    second: str


class MetricEvidence(FrozenModel):
    """What is known by one metric.

    Attributes:
        metric: Its name.
        higher_is_better: Whether the largest value is the best.
        trials: Every trial.
        strategies: Every strategy.
        pairs: Every two strategies that have a score.
    """

    metric: str
    higher_is_better: bool
    trials: list[MetricTrial]
    strategies: list[MetricScore]
    pairs: list[MetricDifference]

    def interval(self, strategy: str, seed: int | None = None) -> Span | None:
        """Return the interval of a strategy's mean, or that of one of its seeds; None where there is none."""
        if seed is None:
            return known.interval if (known := self.strategy(strategy)) else None
        return next((e.interval for e in self.trials if (e.strategy, e.seed) == (strategy, seed)), None)

    def strategy(self, name: str) -> MetricScore | None:
        """Return what is known of a strategy, None where nothing is."""
        return next((each for each in self.strategies if each.strategy == name), None)


def metric_evidence(
    metric: Metric, rows: Rows, contestants: Sequence[Contestant], trials: Sequence[ScoredTrial]
) -> MetricEvidence:
    """Say by a metric how far each score may be off, and which strategies the test rows can tell apart.

    The rules are those of the other scores (`score_interval`, `contrast`).

    Args:
        metric: The metric.
        rows: The test rows.
        contestants: The strategies.
        trials: Those that were scored.
    """
    by: AnyMetric = CORE.get(metric.name, metric)
    scores = [_score(by, each.name, each.predicted) for each in contestants]
    scored = [each for each, score in zip(contestants, scores, strict=True) if score.value is not None]
    pairs = _pairs(by, scored)
    letters = _letters(metric, scored, pairs)
    return MetricEvidence(
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        trials=[_trial(by, rows, each) for each in trials],
        strategies=[each.model_copy(update={"letters": letters.get(each.strategy, "")}) for each in scores],
        pairs=pairs,
    )


def _trial(metric: AnyMetric, rows: Rows, trial: ScoredTrial) -> MetricTrial:
    probabilities = trial.probabilities[np.newaxis]
    found = _score(metric, trial.strategy, Predicted(rows, probabilities.argmax(axis=2), probabilities))
    return MetricTrial(strategy=trial.strategy, seed=trial.seed, interval=found.interval)


def _score(metric: AnyMetric, name: str, predicted: Predicted) -> MetricScore:
    value, sd, interval = None, None, None
    with suppress(UndefinedMetricError):
        value, sd = predicted.score(metric), predicted.deviation(metric)
        interval = metric_interval(predicted, metric)
    return MetricScore(strategy=name, value=value, sd=sd, interval=interval)


def _pairs(metric: AnyMetric, contestants: Sequence[Contestant]) -> list[MetricDifference]:
    lowest, highest = bounds_of(metric)
    found: list[tuple[str, str, Contrast]] = []
    for first, second in combinations(contestants, 2):
        with suppress(UndefinedMetricError):
            found.append((first.name, second.name, contrast(metric, first.predicted, second.predicted)))
    tested = score_differences([each for _, _, each in found], highest - lowest)
    return [
        MetricDifference(first=first, second=second, **dict(each))
        for (first, second, _), each in zip(found, tested, strict=True)
    ]


def _letters(metric: Metric, scored: Sequence[Contestant], pairs: Sequence[MetricDifference]) -> dict[str, str]:
    names = [each.name for each in scored]
    different = np.zeros((len(names), len(names)), dtype=bool)
    for pair in pairs:
        i, j = names.index(pair.first), names.index(pair.second)
        different[i, j] = different[j, i] = pair.p_holm < ALPHA
    sign = 1 if metric.higher_is_better else -1
    by: AnyMetric = CORE.get(metric.name, metric)
    return dict(zip(names, rank_letters(different, [sign * each.predicted.score(by) for each in scored]), strict=True))
