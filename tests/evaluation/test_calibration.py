"""The expected calibration error is the distance of accuracy from confidence, and bins hold what belongs in them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.evaluation.calibration import N_BINS, calibrate


def of_two_classes(confidence: list[float], dtype: Any = np.float32) -> NDArray[Any]:
    """Return probabilities of which class 0 is always the prediction."""
    return np.array([[each, 1 - each] for each in confidence], dtype=dtype)


def test_an_example_worked_by_hand() -> None:
    """Five bins: two rows at 0.55, one right; three at 0.75, 0.7 and 0.8, all right; one at 0.9, wrong.

    Bin (0.4, 0.6]: |0.5 - 0.55| = 0.05; bin (0.6, 0.8]: |1 - 0.75| = 0.25; bin (0.8, 1]: |0 - 0.9| = 0.9.
    Weighted by 2, 3 and 1 of 6 rows: (0.1 + 0.75 + 0.9) / 6.
    """
    found = calibrate(np.array([0, 1, 0, 0, 0, 1]), of_two_classes([0.55, 0.55, 0.75, 0.7, 0.8, 0.9]), n_bins=5)
    assert found.ece == pytest.approx(1.75 / 6)
    assert [(each.low, each.high, each.n) for each in found.bins] == [(0.4, 0.6, 2), (0.6, 0.8, 3), (0.8, 1.0, 1)]
    assert [each.confidence for each in found.bins] == pytest.approx([0.55, 0.75, 0.9])
    assert [each.accuracy for each in found.bins] == [0.5, 1.0, 0.0]


def test_who_is_right_as_often_as_sure_has_no_error() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    found = calibrate(labels, of_two_classes([0.8] * 10))
    assert found.ece == pytest.approx(0, abs=1e-6)
    assert [each.n for each in found.bins] == [10]


def test_who_is_sure_and_wrong_has_the_largest_error() -> None:
    assert calibrate(np.array([1, 1]), of_two_classes([1.0, 1.0])).ece == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_edge_belongs_to_the_bin_below(dtype: Any) -> None:
    confidence = [i / 10 for i in range(5, 11)]
    found = calibrate(np.zeros(6, dtype=np.int64), of_two_classes(confidence, dtype), n_bins=10)
    assert [each.high for each in found.bins] == pytest.approx(confidence)
    assert [each.n for each in found.bins] == [1] * 6


def test_rows_that_sum_to_a_little_more_than_one_are_in_the_last_bin() -> None:
    found = calibrate(np.array([0]), np.array([[1.0005, 0.0]], dtype=np.float32))
    assert [(each.high, each.confidence) for each in found.bins] == [(1, 1)]


def test_bins_hold_every_row_once_and_make_up_the_error() -> None:
    rng = np.random.default_rng(0)
    labels, probabilities = rng.integers(0, 4, 500), rng.dirichlet(np.ones(4), 500).astype(np.float32)
    found = calibrate(labels, probabilities)
    assert sum(each.n for each in found.bins) == 500
    assert found.ece == pytest.approx(sum(each.n * abs(each.accuracy - each.confidence) for each in found.bins) / 500)
    for each in found.bins:
        assert each.low < each.confidence <= each.high
        assert each.high - each.low == pytest.approx(1 / N_BINS)
        held = (probabilities.max(axis=1) > each.low) & (probabilities.max(axis=1) <= each.high)
        assert each.n == held.sum()


def test_one_row_is_enough() -> None:
    assert calibrate(np.array([2]), np.array([[0.1, 0.2, 0.7]], dtype=np.float32)).ece == pytest.approx(0.3)
