"""Tuning curves: bands of exact coverage, and the order of strategies by what they find within a budget."""

import numpy as np
import pytest

from harness.evaluation.search_evidence import Searched, search_evidence, written_order
from harness.evaluation.tuning_curve import order_statistic_bands, probability_within, tuning_curve

BY_HAND = [0.1 * k for k in range(1, 9)]


@pytest.mark.parametrize("n", [1, 2, 16, 60])
def test_the_bands_hold_the_whole_distribution_as_often_as_they_say(n: int) -> None:
    lower, upper = order_statistic_bands(n)
    draws = np.sort(np.random.default_rng(n).random((20_000, n)), axis=1)
    inside = ((draws >= lower) & (draws <= upper)).all(axis=1).mean()
    assert inside == pytest.approx(0.95, abs=4 * (0.95 * 0.05 / 20_000) ** 0.5)
    assert probability_within(lower, upper) == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize("draw", [lambda rng, n: rng.beta(8, 2, n), lambda rng, n: rng.choice([0.4, 0.5, 0.6], n)])
def test_the_band_of_the_curve_holds_the_true_curve(draw: object) -> None:
    assert callable(draw)
    rng, n, searches = np.random.default_rng(0), 16, 400
    truth = np.quantile(draw(rng, 200_000), 0.5 ** (1 / np.arange(1, n + 1)), method="inverted_cdf")
    held = [
        all(
            (point.low is None or point.low <= true + 1e-3) and (point.high is None or true - 1e-3 <= point.high)
            for point, true in zip(tuning_curve(draw(rng, n).tolist()), truth, strict=True)
        )
        for _ in range(searches)
    ]
    assert np.mean(held) >= 0.95 - 3 * (0.95 * 0.05 / searches) ** 0.5


def test_half_of_all_searches_reach_the_curve_and_the_best_of_all_is_its_end() -> None:
    points = tuning_curve(BY_HAND)
    assert [point.value for point in points] == pytest.approx([0.4, 0.6, 0.7, 0.7, 0.7, 0.8, 0.8, 0.8])
    assert [point.n for point in points] == [*range(1, 9)]


def test_a_search_bounds_the_best_of_a_few_of_its_configurations_from_above_and_of_no_more() -> None:
    highs = [point.high for point in tuning_curve(np.linspace(0.1, 0.9, 64).tolist())]
    assert None not in highs[:5]
    assert set(highs[10:]) == {None}


def test_a_configuration_that_failed_is_the_worst_that_was_drawn() -> None:
    with_failure = tuning_curve([*BY_HAND, -np.inf])
    assert with_failure[0].value == pytest.approx(0.4)
    assert tuning_curve([-np.inf])[0].value is None


def test_the_order_of_strategies_changes_where_the_curves_cross() -> None:
    steady, lucky = Searched("steady", [0.5] * 8, 1.0), Searched("lucky", [0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9], 1.0)
    found = search_evidence([steady, lucky], higher_is_better=True)
    assert found
    assert [(order.budget, order.strategies) for order in found.orders] == [
        (1, ["steady", "lucky"]),
        (2, ["lucky", "steady"]),
    ]
    assert [curve.strategy for curve in found.curves] == ["lucky", "steady"]


def test_of_a_loss_the_lowest_is_found_and_the_band_is_turned_around() -> None:
    losses = Searched("probe", BY_HAND, 1.0)
    (curve,) = found.curves if (found := search_evidence([losses], higher_is_better=False)) else []
    assert curve.points[-1].value == pytest.approx(0.1)
    assert curve.points[-1].low is None
    assert curve.points[-1].high == pytest.approx(0.4)


def test_where_the_budget_is_a_time_what_is_slow_has_found_less_by_then() -> None:
    quick, slow = Searched("quick", BY_HAND, 4.0), Searched("slow", BY_HAND, 16.0)
    found = search_evidence([slow, quick], by_time=True)
    assert found
    assert found.unit == "seconds"
    within = [curve.at(4.0) for curve in found.curves]
    assert [point.n for point in within if point] == [8, 2]
    assert found.orders[0].strategies == ["quick", "slow"]
    assert found.orders[0].budget == 2.0  # when the slow one has tried something


def test_bands_tell_short_searches_apart_and_the_whole_one_never() -> None:
    found = search_evidence([Searched("good", [0.9] * 16, 1.0), Searched("bad", [0.1] * 16, 1.0)])
    assert found
    assert found.apart_until(*found.curves) == 1  # nobody knows what else a longer search of the bad one may find
    same = search_evidence([Searched("one", BY_HAND, 1.0), Searched("other", BY_HAND, 1.0)])
    assert same
    assert same.apart_until(*same.curves) is None


def test_what_searches_find_alike_is_written_so() -> None:
    found = search_evidence(
        [
            Searched("one", [0.5, 0.5, 0.9], 3.0),
            Searched("two", [0.4, 0.4, 0.9], 3.0),
            Searched("three", [0.1] * 3, 3.0),
        ]
    )
    assert found is not None
    by_name = {curve.strategy: curve for curve in found.curves}
    written = [written_order([by_name[n] for n in each.strategies], each.budget) for each in found.orders]
    assert written[0] == "one > two > three"
    same = search_evidence([Searched("one", [0.9, 0.9], 3.0), Searched("two", [0.9, 0.9], 3.0)])
    assert same is not None
    assert written_order(same.curves, 1.0) == "one = two"
