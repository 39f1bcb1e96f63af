"""Scored trials on the same test rows -> intervals, tests of every difference, calibration, and one conclusion."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harness.evaluation.comparisons import ALPHA, rank_letters
from harness.evaluation.conclusion import MARGIN, Conclusion, Contestant, Difference, conclude, differences
from harness.evaluation.intervals import FEW_ROWS, LEVEL, Interval, score_interval
from harness.evaluation.metric import AnyMetric, Metric, Selection
from harness.evaluation.metric_evidence import MetricEvidence, metric_evidence
from harness.evaluation.metrics import TESTED, CoreMetric
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows
from harness.evaluation.search_evidence import SearchEvidence
from harness.evaluation.shipped_metrics import CORE
from harness.evaluation.trial_evidence import ScoredTrial, TrialEvidence, trial_evidence
from harness.frozen_model import Count, Fraction, FrozenModel


class MeanScore(FrozenModel):
    """A test score of a strategy: mean over its seeds, their standard deviation, interval over rows and seeds.

    `sd` is None with one seed, or where all seeds predict the same, `interval` where there is none to be had.
    """

    value: Fraction
    sd: Fraction | None
    interval: Interval | None


class StrategyEvidence(FrozenModel):
    """What is known of a strategy; `n_trainings` of its seeds gave different predictions."""

    strategy: str
    n_seeds: Count
    n_trainings: Count
    accuracy: MeanScore
    f1_macro: MeanScore
    f1_weighted: MeanScore


class PairEvidence(FrozenModel):
    """Two strategies on the same test rows, means over their seeds.

    The counts are rows that the lowest seed of one of them alone has right.
    """

    first: str
    second: str
    only_first_right: Count
    only_second_right: Count
    accuracy: Difference
    f1_macro: Difference


class Letters(FrozenModel):
    """Rank letters of a strategy: those who share one are not distinguishable in that score."""

    accuracy: str
    f1_macro: str


class Evidence(FrozenModel):
    """What the test rows can say about the strategies of a run.

    Attributes:
        level: Share of samples of test rows whose interval covers the true value.
        n_rows: Number of test rows.
        n_texts: Number of different texts among them; None in runs of older versions.
        small_classes: Ids of classes with one to four test rows.
        trials: Every trial.
        strategies: Every strategy, the mean over its seeds; [] in runs of older versions.
        pairs: Every two strategies; none where there is one strategy.
        letters: Rank letters of each strategy, from all pairs.
        conclusion: Which strategy to take.
        metrics: The same by each metric that was asked for besides.
        search: What searches within a budget found on validation, None where nothing was searched.
        n_resamples: Of the bootstrap of older versions.
        seed: Of the same.
    """

    level: Fraction = LEVEL
    n_rows: Count
    n_texts: Count | None = None
    small_classes: list[Count] = Field(default_factory=list)
    trials: list[TrialEvidence]
    strategies: list[StrategyEvidence] = Field(default_factory=list)
    pairs: list[PairEvidence]
    letters: dict[str, Letters]
    conclusion: Conclusion
    metrics: list[MetricEvidence] = Field(default_factory=list)
    search: SearchEvidence | None = None
    n_resamples: Count | None = None
    seed: Count | None = None

    def strategy(self, name: str) -> StrategyEvidence | None:
        """Return what is known of a strategy, None where nothing is, as in runs of older versions."""
        return next((each for each in self.strategies if each.strategy == name), None)

    def metric(self, name: str) -> MetricEvidence | None:
        """Return what is known by a metric that was asked for besides, None where nothing is."""
        return next((each for each in self.metrics if each.metric == name), None)


def assess(
    labels: NDArray[np.int64],
    trials: Sequence[ScoredTrial],
    in_train: NDArray[np.bool_] | None = None,
    texts: NDArray[np.int64] | None = None,
    margin: float = MARGIN,
    metrics: Sequence[Metric] = (),
    selection: Selection | None = None,
) -> Evidence:
    """Say how far each score may be off, and which strategies the test rows can tell apart.

    Every trial has intervals over the test rows. Those of strategies, pairs, letters and the conclusion are of means
    over the seeds, and take in both the chance of the test rows and that of training.

    Args:
        labels: True class ids of the test rows, int64 (n,), n at least 1.
        trials: The scored trials, at least one, no strategy with the same seed twice.
        in_train: Which test rows have a text that occurs in train, bool (n,); None where nobody looked.
        texts: Number of the text of each row, int64 (n,): equal ones are one draw. None where all texts differ.
        margin: How far behind in a score is as good, a fraction above 0.
        metrics: Metrics that were asked for besides.
        selection: What was named to choose by, one of these metrics or of those that every table has; None for
            f1_macro.

    Returns:
        The same for the same arguments; trials, pairs and letters in the order of `trials`.

    Raises:
        ValueError: Where there is no trial, one of them twice, or one of another shape.
    """
    rows = Rows(labels, _checked_n_classes(labels, trials), texts)
    names = dict.fromkeys(each.strategy for each in trials)
    contestants = [_contestant(rows, name, trials, keep=bool(metrics)) for name in names]
    pairs = _pairs(contestants, trials, labels)
    return Evidence(
        n_rows=rows.n,
        n_texts=rows.n_texts,
        small_classes=np.flatnonzero((rows.of_class > 0) & (rows.of_class < FEW_ROWS)).tolist(),
        trials=[trial_evidence(rows, in_train, trial) for trial in trials],
        strategies=[_strategy(each) for each in contestants],
        pairs=pairs,
        letters=_letters(contestants, pairs),
        conclusion=conclude(contestants, margin, selection, _metric_of(selection, metrics)),
        metrics=[metric_evidence(metric, rows, contestants, trials) for metric in metrics],
    )


def _metric_of(selection: Selection | None, metrics: Sequence[Metric]) -> AnyMetric | None:
    """Return the metric that chooses as it is computed, None where none was named or its code is not at hand."""
    if selection is None or selection.metric in CORE:
        return CORE[selection.metric] if selection else None
    return next((each for each in metrics if each.name == selection.metric), None)


def _checked_n_classes(labels: NDArray[np.int64], trials: Sequence[ScoredTrial]) -> int:
    names = [(trial.strategy, trial.seed) for trial in trials]
    if not names or len({*names}) < len(names):
        raise ValueError(f"Evidence needs at least one trial, and each of them once, got {names}.")
    n_classes = int(trials[0].probabilities.shape[1])
    shapes = {trial.probabilities.shape for trial in trials}
    if shapes != {(len(labels), n_classes)}:
        raise ValueError(f"Evidence needs probabilities of {len(labels)} rows and the same classes, got {shapes}.")
    return n_classes


def _contestant(rows: Rows, name: str, trials: Sequence[ScoredTrial], *, keep: bool) -> Contestant:
    mine = sorted((each for each in trials if each.strategy == name), key=lambda each: each.seed)
    known = [each.seconds for each in mine if each.seconds is not None]
    kept = np.stack([each.probabilities for each in mine]) if keep else None
    predicted = Predicted(rows, np.stack([each.probabilities.argmax(axis=1) for each in mine]), kept)
    return Contestant(
        name=name,
        predicted=predicted,
        validation=fmean(each.validation - each.optimism for each in mine),
        seconds=fmean(known) if len(known) == len(mine) else None,
        trainable_parameters=mine[0].trainable_parameters,
        left_out=mine[0].left_out,
        deterministic=mine[0].deterministic or (len(mine) > 1 and predicted.n_trainings == 1),
        n_seeds=len(mine),
    )


def _strategy(contestant: Contestant) -> StrategyEvidence:
    predicted = contestant.predicted

    def mean_of(metric: CoreMetric) -> MeanScore:
        interval = score_interval(predicted, metric)
        return MeanScore(value=predicted.score(metric), sd=predicted.deviation(metric), interval=interval)

    return StrategyEvidence(
        strategy=contestant.name,
        n_seeds=contestant.n_seeds,
        n_trainings=predicted.n_trainings,
        accuracy=mean_of("accuracy"),
        f1_macro=mean_of("f1_macro"),
        f1_weighted=mean_of("f1_weighted"),
    )


def _pairs(
    contestants: Sequence[Contestant], trials: Sequence[ScoredTrial], labels: NDArray[np.int64]
) -> list[PairEvidence]:
    both = list(combinations(contestants, 2))
    found = {metric: differences([contrast(metric, a.predicted, b.predicted) for a, b in both]) for metric in TESTED}
    right = {each.name: _lowest_seed(each.name, trials) == labels for each in contestants}
    return [
        PairEvidence(
            first=a.name,
            second=b.name,
            only_first_right=int((right[a.name] & ~right[b.name]).sum()),
            only_second_right=int((right[b.name] & ~right[a.name]).sum()),
            accuracy=found["accuracy"][i],
            f1_macro=found["f1_macro"][i],
        )
        for i, (a, b) in enumerate(both)
    ]


def _lowest_seed(name: str, trials: Sequence[ScoredTrial]) -> NDArray[np.int64]:
    """Return what a strategy's lowest seed predicted, int64 (n,)."""
    lowest = min((each for each in trials if each.strategy == name), key=lambda each: each.seed)
    predictions: NDArray[np.int64] = lowest.probabilities.argmax(axis=1)
    return predictions


def _letters(contestants: Sequence[Contestant], pairs: Sequence[PairEvidence]) -> dict[str, Letters]:
    by_metric = {}
    for metric in TESTED:
        different = np.zeros((len(contestants), len(contestants)), dtype=bool)
        for (i, j), pair in zip(combinations(range(len(contestants)), 2), pairs, strict=True):
            different[i, j] = different[j, i] = getattr(pair, metric).p_holm < ALPHA
        by_metric[metric] = rank_letters(different, [each.predicted.score(metric) for each in contestants])
    return {
        each.name: Letters(accuracy=accuracy, f1_macro=f1_macro)
        for each, accuracy, f1_macro in zip(contestants, by_metric["accuracy"], by_metric["f1_macro"], strict=True)
    }
