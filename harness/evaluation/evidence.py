"""Scored trials on the same test rows -> intervals, tests of every difference, calibration, and one conclusion."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.calibration import Calibration, calibrate
from harness.evaluation.comparisons import ALPHA, holm, mcnemar_p, rank_letters
from harness.evaluation.intervals import LEVEL, N_RESAMPLES, Bootstrap, Interval, wilson
from harness.evaluation.metrics import TESTED, Metric, best_first, evaluate
from harness.frozen_model import FrozenModel

SEED = 0


@dataclass(frozen=True)
class Candidate:
    """One scored trial, as far as evidence needs it.

    Attributes:
        strategy: Name of the strategy.
        seed: Seed of the trial.
        probabilities: Class probabilities of the test rows, float32 (n, k).
        validation_f1_macro: Mean over the strategy's seeds.
        seconds: What encoding, fitting and predicting the test rows took, None where unknown.
        trainable_parameters: Their number, None where unknown.
    """

    strategy: str
    seed: int
    probabilities: NDArray[np.float32]
    validation_f1_macro: float
    seconds: float | None
    trainable_parameters: int | None


class UnseenScores(FrozenModel):
    """Scores on the test rows whose text does not occur in train, and their number."""

    n_rows: int
    accuracy: float
    f1_macro: float
    f1_weighted: float


class TrialEvidence(FrozenModel):
    """What is known of one trial; `unseen` is None where nobody looked for its rows, or none is left."""

    strategy: str
    seed: int
    accuracy: Interval
    f1_macro: Interval
    f1_weighted: Interval
    calibration: Calibration
    unseen: UnseenScores | None


class Difference(FrozenModel):
    """By how much the first scores above the second; `p_holm` is `p` corrected for the number of pairs.

    The interval is that of this one difference. It is not corrected: where it leaves out 0 and `p_holm` is
    not below 0.05, so many pairs were looked at that one like this was to be expected.
    """

    value: float
    interval: Interval
    p: float
    p_holm: float


class PairEvidence(FrozenModel):
    """Two strategies on the same test rows; the counts are rows that one of them alone has right."""

    first: str
    second: str
    only_first_right: int
    only_second_right: int
    accuracy: Difference
    f1_macro: Difference


class Letters(FrozenModel):
    """Rank letters of a strategy: those who share one are not distinguishable in that score."""

    accuracy: str
    f1_macro: str


class Conclusion(FrozenModel):
    """Which strategy to take.

    Attributes:
        best: The best by validation f1_macro.
        tied: Those whose test f1_macro cannot be told from its, the best by validation first.
        cheapest: Among all these, what took the fewest seconds; of equal ones, has the fewest parameters to train.
    """

    best: str
    tied: list[str]
    cheapest: str


class Evidence(FrozenModel):
    """What the test rows can say about the strategies of a run.

    Attributes:
        level: Share of samples of test rows whose interval covers the true value.
        n_resamples: Number of resamples of the bootstrap.
        seed: Seed of the bootstrap.
        n_rows: Number of test rows.
        trials: Every trial.
        pairs: Every two strategies, their lowest seeds; none where there is one strategy.
        letters: Rank letters of each strategy.
        conclusion: Which strategy to take.
    """

    level: float = LEVEL
    n_resamples: int = N_RESAMPLES
    seed: int = SEED
    n_rows: int
    trials: list[TrialEvidence]
    pairs: list[PairEvidence]
    letters: dict[str, Letters]
    conclusion: Conclusion


def assess(
    labels: NDArray[np.int64], candidates: Sequence[Candidate], in_train: NDArray[np.bool_] | None = None
) -> Evidence:
    """Say how far each score may be off, and which strategies the test rows can tell apart.

    Every trial has intervals. Pairs, letters and the conclusion are of each strategy's lowest seed: they are
    about the chance of the test rows, and the chance of training, which the seeds show, is another.

    Args:
        labels: True class ids of the test rows, int64 (n,), n at least 1.
        candidates: The scored trials, at least one, no strategy with the same seed twice.
        in_train: Which test rows have a text that occurs in train, bool (n,); None where nobody looked.

    Returns:
        The same for the same arguments; trials, pairs and letters in the order of `candidates`.

    Raises:
        ValueError: Where there is no candidate, one of them twice, or one of another shape.
    """
    n_classes = _checked_n_classes(labels, candidates)
    chosen = _lowest_seeds(candidates)
    pairs = list(combinations(chosen.values(), 2))
    predictions = np.stack([candidate.probabilities.argmax(axis=1) for candidate in candidates])
    bootstrap = Bootstrap(labels, predictions, n_classes, pairs, N_RESAMPLES, SEED, LEVEL)
    compared = _compare(labels, predictions, candidates, pairs, bootstrap)
    return Evidence(
        n_rows=len(labels),
        trials=[_trial(labels, in_train, each, bootstrap, i) for i, each in enumerate(candidates)],
        pairs=compared,
        letters=_letters(chosen, compared, bootstrap),
        conclusion=_conclusion([candidates[i] for i in chosen.values()], compared),
    )


def _checked_n_classes(labels: NDArray[np.int64], candidates: Sequence[Candidate]) -> int:
    trials = [(candidate.strategy, candidate.seed) for candidate in candidates]
    if not trials or len({*trials}) < len(trials):
        raise ValueError(f"Evidence needs at least one trial, and each of them once, got {trials}.")
    n_classes = int(candidates[0].probabilities.shape[1])
    shapes = {candidate.probabilities.shape for candidate in candidates}
    if shapes != {(len(labels), n_classes)}:
        raise ValueError(f"Evidence needs probabilities of {len(labels)} rows and the same classes, got {shapes}.")
    return n_classes


def _lowest_seeds(candidates: Sequence[Candidate]) -> dict[str, int]:
    """Return strategy -> position of its candidate with the lowest seed."""
    positions: dict[str, int] = {}
    for i, candidate in enumerate(candidates):
        best = positions.setdefault(candidate.strategy, i)
        if candidate.seed < candidates[best].seed:
            positions[candidate.strategy] = i
    return positions


def _trial(
    labels: NDArray[np.int64],
    in_train: NDArray[np.bool_] | None,
    candidate: Candidate,
    bootstrap: Bootstrap,
    i: int,
) -> TrialEvidence:
    n_right = int((candidate.probabilities.argmax(axis=1) == labels).sum())
    return TrialEvidence(
        strategy=candidate.strategy,
        seed=candidate.seed,
        accuracy=wilson(n_right, len(labels)),
        f1_macro=bootstrap.interval("f1_macro", i),
        f1_weighted=bootstrap.interval("f1_weighted", i),
        calibration=calibrate(labels, candidate.probabilities),
        unseen=None if in_train is None else _unseen(labels, candidate.probabilities, ~in_train),
    )


def _unseen(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], rows: NDArray[np.bool_]
) -> UnseenScores | None:
    if not rows.any():
        return None
    scores = evaluate(labels[rows], probabilities[rows])
    return UnseenScores(
        n_rows=int(rows.sum()), accuracy=scores.accuracy, f1_macro=scores.f1_macro, f1_weighted=scores.f1_weighted
    )


def _compare(
    labels: NDArray[np.int64],
    predictions: NDArray[np.int64],
    candidates: Sequence[Candidate],
    pairs: Sequence[tuple[int, int]],
    bootstrap: Bootstrap,
) -> list[PairEvidence]:
    right = predictions == labels
    only = [(int((right[a] & ~right[b]).sum()), int((right[b] & ~right[a]).sum())) for a, b in pairs]
    accuracy = _differences("accuracy", [mcnemar_p(*each) for each in only], pairs, bootstrap)
    f1_macro = _differences("f1_macro", [bootstrap.p_value(*pair) for pair in pairs], pairs, bootstrap)
    return [
        PairEvidence(
            first=candidates[a].strategy,
            second=candidates[b].strategy,
            only_first_right=only[i][0],
            only_second_right=only[i][1],
            accuracy=accuracy[i],
            f1_macro=f1_macro[i],
        )
        for i, (a, b) in enumerate(pairs)
    ]


def _differences(
    metric: Metric, p_values: Sequence[float], pairs: Sequence[tuple[int, int]], bootstrap: Bootstrap
) -> list[Difference]:
    corrected = holm(p_values)
    found = [bootstrap.difference(metric, a, b) for a, b in pairs]
    return [
        Difference(value=value, interval=interval, p=p, p_holm=p_holm)
        for (value, interval), p, p_holm in zip(found, p_values, corrected, strict=True)
    ]


def _letters(chosen: dict[str, int], pairs: Sequence[PairEvidence], bootstrap: Bootstrap) -> dict[str, Letters]:
    by_metric = {}
    for metric in TESTED:
        different = np.zeros((len(chosen), len(chosen)), dtype=bool)
        for (i, j), pair in zip(combinations(range(len(chosen)), 2), pairs, strict=True):
            different[i, j] = different[j, i] = getattr(pair, metric).p_holm < ALPHA
        by_metric[metric] = rank_letters(different, [bootstrap.score(metric, i) for i in chosen.values()])
    return {
        strategy: Letters(accuracy=accuracy, f1_macro=f1_macro)
        for strategy, accuracy, f1_macro in zip(chosen, by_metric["accuracy"], by_metric["f1_macro"], strict=True)
    }


def _conclusion(strategies: Sequence[Candidate], pairs: Sequence[PairEvidence]) -> Conclusion:
    """Return the best by validation, and what is tied with it, best first; equal ones by name, as tables have them."""
    by_validation = sorted(strategies, key=lambda each: best_first(each.validation_f1_macro, each.strategy))
    best = by_validation[0].strategy
    alike = [pair for pair in pairs if best in (pair.first, pair.second) and pair.f1_macro.p_holm >= ALPHA]
    names = {name for pair in alike for name in (pair.first, pair.second)}
    tied = [each for each in by_validation[1:] if each.strategy in names]
    cheapest = min([by_validation[0], *tied], key=_cost)
    return Conclusion(best=best, tied=[each.strategy for each in tied], cheapest=cheapest.strategy)


def _cost(candidate: Candidate) -> tuple[float, float]:
    """Return seconds and then trainable parameters; what is unknown may cost anything."""
    seconds, parameters = candidate.seconds, candidate.trainable_parameters
    return inf if seconds is None else seconds, inf if parameters is None else parameters
