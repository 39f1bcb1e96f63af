"""Means over folds: Nadeau and Bengio's correction, and what it holds of equal strategies."""

import numpy as np
import pytest
from scipy.stats import t

from harness.evaluation.resampled import mean_over_folds


def test_the_variance_of_the_mean_is_that_of_nadeau_and_bengio() -> None:
    values, share = np.array([0.02, 0.05, -0.01, 0.04, 0.03]), 1 / 3
    error = np.sqrt((1 / 5 + share) * values.var(ddof=1))
    found = mean_over_folds(values, share)
    assert found.value == pytest.approx(0.026)
    assert found.p == pytest.approx(2 * t.sf(0.026 / error, df=4))
    assert (found.low, found.high) == pytest.approx(t.interval(0.95, 4, loc=0.026, scale=error))


def test_without_shared_rows_it_is_students_test() -> None:
    from scipy.stats import ttest_1samp

    values = np.random.default_rng(0).normal(0.1, 1, 12)
    assert mean_over_folds(values, 0.0).p == pytest.approx(ttest_1samp(values, 0.0).pvalue)


def test_folds_that_agree_are_certain_and_one_fold_says_nothing_of_chance() -> None:
    assert mean_over_folds(np.zeros(5), 0.25).p == 1
    assert mean_over_folds(np.full(5, 0.1), 0.25).p == 0
    assert (mean_over_folds(np.array([0.3]), 0.25).low, mean_over_folds(np.array([0.3]), 0.25).p) == (None, 1.0)


def test_equal_classifiers_are_seldom_told_apart() -> None:
    """Nearest centroids on two sets of noisy copies of the same feature: a truth of no difference."""
    rng, told = np.random.default_rng(0), 0
    for _ in range(200):
        y = rng.integers(0, 2, 60)
        views = [y[:, None] + rng.normal(0, 2, (60, 2)) for _ in range(2)]
        fold = rng.permutation(60) % 5
        apart = [accuracy_of(views[0], y, fold == k) - accuracy_of(views[1], y, fold == k) for k in range(5)]
        told += mean_over_folds(np.array(apart), 12 / 48).p < 0.05
    assert told <= 0.08 * 200


def accuracy_of(x: np.ndarray, y: np.ndarray, tests: np.ndarray) -> float:
    centres = np.array([x[~tests & (y == k)].mean(axis=0) for k in (0, 1)])
    answers = ((x[tests, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return float((answers == y[tests]).mean())


def test_no_end_of_an_interval_is_a_value_that_cannot_be() -> None:
    values = np.array([1.0, 1.0, 0.6])
    free, found = mean_over_folds(values, 0.25), mean_over_folds(values, 0.25, bounds=(0.0, 1.0))
    assert free.low is not None
    assert free.high is not None
    assert free.high > 1
    assert (found.low, found.high, found.p) == (max(free.low, 0.0), 1.0, free.p)
