"""Differences: chance is called chance, whether of rows, of repeated texts or of training."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import permutation_test

from harness.evaluation.comparisons import mcnemar_p
from harness.evaluation.influence import score
from harness.evaluation.metrics import CoreMetric, confusion
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows
from harness.evaluation.shipped_metrics import shipped_metrics

Labels = NDArray[np.int64]
SHARES = (0.5, 0.3, 0.2)


def draw_labels(rng: np.random.Generator, n: int) -> Labels:
    return rng.choice(3, n, p=SHARES)


def trained(
    rng: np.random.Generator, labels: Labels, hard: NDArray[np.float64], seeds: int = 1, sd: float = 0.0
) -> NDArray[np.int64]:
    """Return what trainings of one strategy predict: right in 80 of 100, which training moves, mostly in easy rows."""
    reached = np.clip(0.8 + sd * rng.normal(size=(seeds, 1)), 0.02, 0.99)
    luck = np.where(rng.random((seeds, len(labels))) < 0.4, rng.random((seeds, len(labels))), hard)
    return np.where(luck < reached, labels, (labels + rng.integers(1, 3, (seeds, len(labels)))) % 3)


def called_different(
    metric: CoreMetric, n: int, times: int, seeds: int = 1, sd: float = 0.0, repeated: int = 1
) -> float:
    """Return how often two equally good strategies are called different."""
    rng, found = np.random.default_rng(3), []
    texts = np.repeat(np.arange(n), repeated)
    for _ in range(times):
        labels, hard = draw_labels(rng, n), rng.random(n)
        rows = Rows(labels[texts], 3, texts)
        both = [Predicted(rows, trained(rng, labels, hard, seeds, sd)[:, texts]) for _ in range(2)]
        found.append(contrast(metric, *both).p < 0.05)
    return float(np.mean(found))


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro"])
def test_equal_strategies_are_called_different_in_about_5_of_100_test_sets(metric: CoreMetric) -> None:
    assert 0.02 <= called_different(metric, n=300, times=500) <= 0.075


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro"])
def test_rows_that_repeat_a_text_say_it_once(metric: CoreMetric) -> None:
    """As independent rows they would be called different in about 26 of 100."""
    assert 0.02 <= called_different(metric, n=150, times=300, repeated=3) <= 0.07


@pytest.mark.parametrize(("seeds", "sd"), [(3, 0.02), (5, 0.05), (2, 0.05)])
def test_the_chance_of_training_is_no_difference(seeds: int, sd: float) -> None:
    """Tested with one seed each, trainings that scatter by 0.05 would be called different in most runs."""
    assert called_different("f1_macro", n=600, times=120, seeds=seeds, sd=sd) <= 0.1


@pytest.mark.parametrize("seed", range(3))
def test_p_values_are_near_those_of_only_swapping_predictions_at_random(seed: int) -> None:
    """The paired permutation test of scipy, as Yeh (2000) recommends for F scores."""
    rng = np.random.default_rng(seed)
    labels = draw_labels(rng, 250)
    both = [trained(rng, labels, rng.random(250))[0] for _ in range(2)]

    def difference(first: Labels, second: Labels, axis: int = -1) -> NDArray[np.float64]:
        del axis
        pairs = zip(np.atleast_2d(first), np.atleast_2d(second), strict=True)
        found = [
            score("f1_macro", confusion(labels, a, 3)) - score("f1_macro", confusion(labels, b, 3)) for a, b in pairs
        ]
        return np.array(found) if first.ndim > 1 else np.array(found[0])

    expected = permutation_test(
        tuple(both), difference, permutation_type="samples", vectorized=True, n_resamples=800, rng=5
    ).pvalue
    rows = Rows(labels, 3)
    found = contrast("f1_macro", *(Predicted(rows, each[np.newaxis]) for each in both)).p
    assert found == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("repeated", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_coins_are_counted_where_few_rows_of_a_class_differ(seed: int, repeated: int) -> None:
    """All choices of ten coins: of a class with three rows no formula by the influence of each is near."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], [40, 12, 3])
    one, differing = labels.copy(), rng.choice(len(labels), 10, replace=False)
    one[rng.choice(len(labels), 8, replace=False)] = 0
    other = one.copy()
    other[differing] = (one[differing] + 1) % 3

    def difference(coins: NDArray[np.bool_]) -> float:
        swapped = np.isin(np.arange(len(labels)), differing[coins])
        pair = np.where(swapped, other, one), np.where(swapped, one, other)
        first, second = (score("f1_macro", confusion(labels, each, 3)) for each in pair)
        return abs(first - second)

    choices = (np.arange(1024)[:, np.newaxis] >> np.arange(10)) % 2 == 1
    all_of_them = np.array([difference(each) for each in choices])
    texts = np.repeat(np.arange(len(labels)), repeated)
    rows = Rows(labels[texts], 3, texts)
    found = contrast("f1_macro", *(Predicted(rows, each[np.newaxis, texts]) for each in (one, other)))
    assert found.p == pytest.approx((all_of_them >= all_of_them[0] - 1e-12).mean(), rel=0.2, abs=0.003)


def test_accuracy_of_single_trainings_is_tested_by_mcnemar() -> None:
    rng = np.random.default_rng(4)
    labels = draw_labels(rng, 200)
    one, other = (trained(rng, labels, rng.random(200))[0] for _ in range(2))
    rows = Rows(labels, 3)
    found = contrast("accuracy", Predicted(rows, one[np.newaxis]), Predicted(rows, other[np.newaxis]))
    right, also = one == labels, other == labels
    assert found.p == pytest.approx(mcnemar_p(int((right & ~also).sum()), int((also & ~right).sum())), rel=1e-9)
    assert found.value == pytest.approx(right.mean() - also.mean())


def pair(labels: Labels, one: Labels, other: Labels, k: int = 2) -> tuple[Predicted, Predicted]:
    rows = Rows(labels, k)
    return Predicted(rows, one[np.newaxis]), Predicted(rows, other[np.newaxis])


def test_a_pair_read_the_other_way_round_is_the_negative() -> None:
    rng = np.random.default_rng(5)
    labels = draw_labels(rng, 200)
    one, other = pair(labels, *(trained(rng, labels, rng.random(200))[0] for _ in range(2)), k=3)
    ahead, behind = contrast("f1_macro", one, other), contrast("f1_macro", other, one)
    assert ahead.value == -behind.value
    assert ahead.p == pytest.approx(behind.p)
    assert ahead.interval().low == pytest.approx(-behind.interval().high)
    assert ahead.p_behind(0.01) + behind.p_behind(-0.01) == pytest.approx(1)


def test_p_values_go_far_down() -> None:
    labels = np.arange(2000) % 4
    worse = np.where(np.arange(2000) < 300, (labels + 1) % 4, labels)
    assert contrast("f1_macro", *pair(labels, labels, worse, k=4)).p < 1e-12


def test_a_few_rows_of_a_rare_class_are_no_certainty() -> None:
    """Three rows against none: a fair coin does that in one of four cases, however much f1_macro differs."""
    labels = np.array([0] * 300 + [1] * 3)
    found = contrast("f1_macro", *pair(labels, labels, np.zeros_like(labels)))
    assert found.value > 0.49
    assert found.p >= 0.25


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_a_p_value_is_never_smaller_than_coins_allow(n: int) -> None:
    labels = np.arange(n)
    assert contrast("f1_macro", *pair(labels, labels, (labels + 1) % n, k=n)).p >= min(2 * 0.5**n, 1)


def test_equal_predictions_of_60_rows_are_not_known_to_be_equally_good_but_of_2000_they_are() -> None:
    for n, sure in ((60, False), (2000, True)):
        labels = np.arange(n) % 2
        for metric in ("accuracy", "f1_macro"):
            found = contrast(metric, *pair(labels, labels, labels))
            assert (found.value, found.p) == (0, 1)
            assert found.interval().low < 0 < found.interval().high
            assert (found.p_behind(0.01) < 0.05) == sure


def test_a_strategy_that_is_a_margin_behind_is_called_as_good_in_at_most_5_of_100_test_sets() -> None:
    rng, times = np.random.default_rng(6), 0
    for _ in range(600):
        labels, luck = np.arange(1000) % 2, rng.random((2, 1000))
        ahead, behind = (np.where(luck[i] < reached, labels, 1 - labels) for i, reached in enumerate((0.85, 0.80)))
        times += contrast("accuracy", *pair(labels, ahead, behind)).p_behind(0.05) < 0.05
    assert 0.02 <= times / 600 <= 0.07


def test_what_is_detectable_is_seen_in_about_80_of_100_test_sets() -> None:
    rng, seen, told = np.random.default_rng(7), [], []
    for _ in range(400):
        labels, luck = np.arange(1000) % 2, rng.random((2, 1000))
        ahead, behind = (np.where(luck[i] < reached, labels, 1 - labels) for i, reached in enumerate((0.85, 0.802)))
        found = contrast("f1_macro", *pair(labels, ahead, behind))
        seen.append(found.p < 0.05)
        told.append(found.detectable)
    assert float(np.mean(told)) == pytest.approx(0.048, abs=0.003)
    assert 0.72 <= np.mean(seen) <= 0.88


@pytest.mark.parametrize("name", ["roc_auc_ovr", "average_precision_macro", "log_loss", "brier"])
def test_a_perfect_order_is_told_from_none_though_no_row_moves_either_score(name: str) -> None:
    """A constant answer and one that knows all, each as sure of every row: the derivative of both scores is 0."""
    metric = shipped_metrics()[name]
    labels = np.arange(40) % 2
    rows = Rows(labels, 2)
    knows, constant = np.where(np.arange(2) == labels[:, None], 0.9, 0.1), np.full((40, 2), 0.5)
    both = [Predicted(rows, p.argmax(axis=1)[np.newaxis], p[np.newaxis].astype(np.float32)) for p in (knows, constant)]
    found = contrast(metric, *both)
    assert found.p < 0.01
    span = found.span(1.0)
    assert span.low < found.value < span.high
    assert contrast(metric, both[0], both[0]).p == 1
