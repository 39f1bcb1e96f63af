"""Errors that strategies share: rows missed by all, right by one alone, right by any."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.calibration import calibrate
from harness.results.predictions import Predictions

CALIBRATED = 0.1
"""Expected calibration error up to which a strategy has a say in which labels are likely wrong."""


@dataclass(frozen=True)
class MissedByAll:
    """A row that every strategy gets wrong.

    Attributes:
        row: Row in the split as it was read, from 0.
        label: Class id it is labelled with.
        answer: Class id that most strategies predict; of several, the one with the highest confidence.
        n_agree: How many predict it.
        label_probability: Probability of `label`, the mean over the calibrated strategies.
    """

    row: int
    label: int
    answer: int
    n_agree: int
    label_probability: float


@dataclass(frozen=True)
class JointErrors:
    """What at least two strategies make of the same n test rows.

    A strategy that predicts one class for every row, or that guesses, is left out: it is right on some rows without
    having looked at one, so that these could not be missed by all, and some would be right by it alone.

    Attributes:
        compared: Names of the strategies, at least two.
        left_out: Names of those that predict the same class for every row, or are floors.
        n: Number of rows.
        n_right: Strategy -> rows that it gets right.
        only_right: Strategy -> rows that it alone gets right.
        right_by_any: Rows that at least one strategy gets right.
        calibrated: Names of those whose probabilities can be taken at their word, all where that is true of none.
        missed_by_all: The rows that none gets right, those first whose label the calibrated strategies hold least
            probable: likely label errors. This is the self-confidence of Northcutt, Jiang and Chuang (2021), Confident
            Learning, Journal of Artificial Intelligence Research 70, section 3.4, of several classifiers; what answers
            with certainty would push its own mistakes to the front. `benchmarks/label_errors.py` measures it.
    """

    compared: tuple[str, ...]
    left_out: tuple[str, ...]
    n: int
    n_right: dict[str, int]
    only_right: dict[str, int]
    right_by_any: int
    calibrated: tuple[str, ...]
    missed_by_all: tuple[MissedByAll, ...]

    @property
    def ceiling(self) -> float:
        """Accuracy of somebody who always chooses a strategy that is right, where there is one, 0-1."""
        return self.right_by_any / self.n

    @property
    def best(self) -> str:
        """The strategy that gets most rows right, the first of several."""
        return max(self.compared, key=lambda name: self.n_right[name])


def find_joint_errors(predictions: Mapping[str, Predictions], floors: Collection[str] = ()) -> JointErrors | None:
    """Compare strategies row by row.

    Args:
        predictions: Strategy -> its predictions, all on the same rows.
        floors: Names of strategies that do not read the texts.

    Returns:
        What they miss and get right together, None where fewer than two are to be compared.
    """
    left_out = tuple(name for name, each in predictions.items() if name in floors or is_constant(each))
    compared = {name: each for name, each in predictions.items() if name not in left_out}
    if len(compared) < 2:  # noqa: PLR2004
        return None
    right = np.stack([is_right(each) for each in compared.values()])  # (strategies, n)
    times_right = right.sum(axis=0)
    alone = right & (times_right == 1)
    calibrated = calibrated_of(compared)
    return JointErrors(
        compared=tuple(compared),
        left_out=left_out,
        n=right.shape[1],
        n_right=dict(zip(compared, map(int, right.sum(axis=1)), strict=True)),
        only_right=dict(zip(compared, map(int, alone.sum(axis=1)), strict=True)),
        right_by_any=int((times_right > 0).sum()),
        calibrated=tuple(calibrated),
        missed_by_all=likely_label_errors(compared),
    )


def likely_label_errors(compared: Mapping[str, Predictions]) -> tuple[MissedByAll, ...]:
    """Return the rows that no strategy gets right, those first whose label the calibrated ones hold least probable.

    Args:
        compared: Strategy -> its predictions on the same rows, at least one.
    """
    missed = np.flatnonzero(~np.any([is_right(each) for each in compared.values()], axis=0))
    return _missed_by_all(list(compared.values()), list(calibrated_of(compared).values()), missed)


def calibrated_of(compared: Mapping[str, Predictions]) -> Mapping[str, Predictions]:
    """Return the strategies whose probabilities can be taken at their word, all where that is true of none."""
    found = {
        name: each for name, each in compared.items() if calibrate(each.labels, each.probabilities).ece <= CALIBRATED
    }
    return found or compared


def label_probabilities(calibrated: Sequence[Predictions]) -> NDArray[np.float64]:
    """Return the probability of each row's label, the mean over strategies, float64 (n,); low where it looks wrong."""
    rows = np.arange(len(calibrated[0].labels))
    of_label = [each.probabilities[rows, each.labels] for each in calibrated]
    mean: NDArray[np.float64] = np.mean(of_label, axis=0, dtype=np.float64)
    return mean


def is_constant(predictions: Predictions) -> bool:
    """Return whether the same class is predicted for every row."""
    return bool((predictions.predictions == predictions.predictions[0]).all())


def is_right(predictions: Predictions) -> NDArray[np.bool_]:
    """Return whether each row is predicted right, bool (n,)."""
    right: NDArray[np.bool_] = predictions.predictions == predictions.labels
    return right


def _missed_by_all(
    compared: list[Predictions], calibrated: list[Predictions], missed: NDArray[np.int64]
) -> tuple[MissedByAll, ...]:
    """Return the rows at these positions, int64 (m,), the least probable label first."""
    first, k = compared[0], compared[0].probabilities.shape[1]
    mean = np.stack([each.probabilities[missed] for each in compared]).mean(axis=0, dtype=np.float64)  # (m, k)
    votes = np.zeros((len(missed), k))
    for each in compared:
        votes[np.arange(len(missed)), each.predictions[missed]] += 1
    answers = np.argmax(votes + mean / 2, axis=1)  # a mean is at most 1, so it decides between equal votes only
    of_label = label_probabilities(calibrated)[missed]
    return tuple(
        MissedByAll(
            row=int(first.rows[missed[i]]),
            label=int(first.labels[missed[i]]),
            answer=int(answers[i]),
            n_agree=int(votes[i, answers[i]]),
            label_probability=float(of_label[i]),
        )
        for i in np.argsort(of_label, kind="stable")
    )
