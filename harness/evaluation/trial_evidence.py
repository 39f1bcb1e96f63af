"""Evidence on one scored trial: intervals, calibration, scores on rows whose text train does not hold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harness.evaluation.calibration import Calibration, calibrate
from harness.evaluation.conclusion import LeftOut
from harness.evaluation.intervals import Interval, score_interval
from harness.evaluation.metrics import evaluate
from harness.evaluation.predicted import Predicted, Rows
from harness.frozen_model import Count, Fraction, FrozenModel


@dataclass(frozen=True)
class ScoredTrial:
    """One scored trial, as far as evidence needs it.

    Attributes:
        strategy: Name of the strategy.
        seed: Seed of the trial.
        probabilities: Class probabilities of the test rows, float32 (n, k).
        validation: The score that chooses, such that the largest is the best: of this trial, or mean over the seeds.
        seconds: What encoding, fitting and predicting the test rows took, None where unknown.
        trainable_parameters: Their number, None where unknown.
        left_out: Why the strategy is not to be recommended, None where it may be.
        deterministic: Whether another seed would change nothing; None where unknown.
        optimism: By how much choosing among configurations flatters its validation score.
    """

    strategy: str
    seed: int
    probabilities: NDArray[np.float32]
    validation: float
    seconds: float | None
    trainable_parameters: int | None
    left_out: LeftOut | None = None
    deterministic: bool | None = None
    optimism: float = 0.0


class UnseenScores(FrozenModel):
    """Scores on the test rows whose text does not occur in train, over the classes of all test rows.

    Attributes:
        n_rows: Number of these rows.
        accuracy: Share of them that is right.
        f1_macro: None where a class has test rows, but none of these: it could not be compared.
        f1_weighted: None likewise.
        lost_classes: Ids of such classes.
    """

    n_rows: Count
    accuracy: Fraction
    f1_macro: Fraction | None
    f1_weighted: Fraction | None
    lost_classes: list[Count] = Field(default_factory=list)


class TrialEvidence(FrozenModel):
    """What is known of one trial: intervals over samples of test rows.

    `f1_macro` is None where a class has too few test rows for an interval, `unseen` where nobody looked for its
    rows, or none is left.
    """

    strategy: str
    seed: int
    accuracy: Interval
    f1_macro: Interval | None
    f1_weighted: Interval | None
    calibration: Calibration
    unseen: UnseenScores | None


def trial_evidence(rows: Rows, in_train: NDArray[np.bool_] | None, trial: ScoredTrial) -> TrialEvidence:
    """Return what the test rows say of one trial.

    Args:
        rows: The n test rows.
        in_train: Which of them have a text that occurs in train, bool (n,); None where nobody looked.
        trial: The trial.
    """
    predicted = Predicted(rows, trial.probabilities.argmax(axis=1)[np.newaxis])
    accuracy = score_interval(predicted, "accuracy")
    if accuracy is None:
        raise RuntimeError("accuracy always has an interval")
    return TrialEvidence(
        strategy=trial.strategy,
        seed=trial.seed,
        accuracy=accuracy,
        f1_macro=score_interval(predicted, "f1_macro"),
        f1_weighted=score_interval(predicted, "f1_weighted"),
        calibration=calibrate(rows.labels, trial.probabilities),
        unseen=None if in_train is None else _unseen(predicted, trial.probabilities, ~in_train),
    )


def _unseen(predicted: Predicted, probabilities: NDArray[np.float32], kept: NDArray[np.bool_]) -> UnseenScores | None:
    if not kept.any():
        return None
    labels, k = predicted.rows.labels, predicted.rows.n_classes
    lost = np.flatnonzero((predicted.rows.of_class > 0) & (np.bincount(labels[kept], minlength=k) == 0))
    occurs = predicted.table.sum(axis=0) + predicted.table.sum(axis=1) > 0
    scores = evaluate(labels[kept], probabilities[kept], np.flatnonzero(occurs))
    return UnseenScores(
        n_rows=int(kept.sum()),
        accuracy=scores.accuracy,
        f1_macro=None if len(lost) else scores.f1_macro,
        f1_weighted=None if len(lost) else scores.f1_weighted,
        lost_classes=lost.tolist(),
    )
