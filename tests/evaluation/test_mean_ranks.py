"""Mean ranks over data sets, and what their intervals cover."""

import numpy as np
import pytest
from scipy.stats import binom

from harness.evaluation.mean_ranks import mean_ranks, share_interval
from harness.evaluation.ranks import ranks_of


def test_a_single_data_set_has_no_interval() -> None:
    (first, second) = mean_ranks(np.array([[0.9, 0.1]]))
    assert (first.value, first.low, second.value) == (1, None, 2)


def test_ends_of_a_share_leave_half_of_five_percent_beyond_them() -> None:
    low, high = share_interval(3, 10)
    assert binom.sf(3, 10, low) + binom.pmf(3, 10, low) / 2 == pytest.approx(0.025)
    assert binom.cdf(2, 10, high) + binom.pmf(3, 10, high) / 2 == pytest.approx(0.025)
    assert share_interval(7, 10) == pytest.approx((1 - high, 1 - low))
    assert share_interval(0, 5) == pytest.approx((0, 1 - 0.05**0.2)), "none of five"


@pytest.mark.parametrize("n", [2, 5, 12, 30])
def test_the_interval_of_a_share_covers_any_share(n: int) -> None:
    low, high = np.array([share_interval(x, n) for x in range(n + 1)]).T[:, :, np.newaxis]
    true = np.linspace(0.001, 0.999, 999)
    covers = ((low <= true) & (true <= high)) * binom.pmf(np.arange(n + 1)[:, np.newaxis], n, true)
    assert covers.sum(axis=0).min() > 0.91
    assert covers.sum(axis=0).mean() > 0.95


def test_of_two_strategies_a_mean_rank_is_the_share_of_data_sets_lost() -> None:
    first, second = mean_ranks(np.array([[0.9, 0.8]] * 4 + [[0.7, 0.8]]))
    low, high = share_interval(1, 5)
    assert (first.value, first.low, first.high) == pytest.approx((1.2, 1 + low, 1 + high))
    assert (second.value, second.low, second.high) == pytest.approx((1.8, 2 - high, 2 - low))


def test_the_same_order_everywhere_is_no_certainty() -> None:
    for n, k in ((5, 2), (5, 3), (20, 10)):
        found = mean_ranks(np.tile(-np.arange(k, dtype=float), (n, 1)))
        assert all(each.high - each.low > 1 / n for each in found)
        assert all(1 <= each.low <= each.value <= each.high <= k for each in found)


def test_equal_scores_everywhere_share_a_rank() -> None:
    found = mean_ranks(np.full((6, 3), 0.5))
    assert all(each.value == 2 and 1 < each.low < 2 < each.high < 3 for each in found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_sets", "k", "spread", "gap"),
    [
        (3, 2, 0.02, 0.03),
        (5, 2, 0.05, 0.08),
        (8, 2, 0.05, 0.08),
        (5, 3, 0.05, 0.03),
        (12, 3, 0.0, 0.08),
        (5, 6, 0.05, 0.05),
    ],
)
def test_intervals_cover_the_mean_rank_over_samples_of_data_sets_and_rows(
    n_sets: int, k: int, spread: float, gap: float
) -> None:
    rng, n_rows, times = np.random.default_rng(0), 500, 300

    def drawn(n: int) -> np.ndarray:
        rates = np.linspace(0.75 - gap, 0.75, k) + rng.normal(0, spread, (n, k))
        return rng.binomial(n_rows, np.clip(rates, 0.01, 0.99)) / n_rows

    true = ranks_of(drawn(20_000)).mean(axis=0)
    covered = [
        [each.low <= rank <= each.high for each, rank in zip(mean_ranks(drawn(n_sets)), true, strict=True)]
        for _ in range(times)
    ]
    assert np.mean(covered) > 0.92
    assert np.mean(covered, axis=0).min() > 0.90
