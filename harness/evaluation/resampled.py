"""Means over folds that share rows to train on, and tests of their differences.

The scores of folds are not independent: each row trains most of them. Nadeau and Bengio (2003), "Inference for the
Generalization Error", Machine Learning 52, 239-281, correct the variance of their mean: with J folds it is
(1/J + n_test / n_train) times the variance between folds, where independent ones would have 1/J.
"""

from dataclasses import dataclass

import numpy as np

from harness.evaluation.intervals import LEVEL
from harness.evaluation.metrics import Floats


@dataclass(frozen=True)
class FoldMean:
    """A mean over folds.

    Attributes:
        value: The mean.
        low: Lower bound of its interval, None of a single fold.
        high: Upper bound, likewise.
        p: How often a mean as far from 0, or farther, comes about where the truth is 0; 1 of a single fold.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float = 1.0


def mean_over_folds(
    values: Floats, test_share: float, level: float = LEVEL, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> FoldMean:
    """Return the mean of values, one a fold, with its corrected interval and test.

    Args:
        values: Scores, or differences of the scores of two strategies on the same folds, float (J,), at least one.
        test_share: Rows that a fold tests on, divided by rows that it trains on.
        level: Share of samples whose interval covers the truth.
        bounds: The lowest and the highest value that there can be.
    """
    from scipy.special import stdtr, stdtrit

    n = len(values)
    mean = float(values.mean())
    if n == 1:
        return FoldMean(mean)
    error = float(np.sqrt((1 / n + test_share) * values.var(ddof=1)))
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * error
    if error == 0:
        return FoldMean(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    low, high = max(mean - reach, bounds[0]), min(mean + reach, bounds[1])
    return FoldMean(mean, low, high, float(2 * stdtr(n - 1, -abs(mean) / error)))
