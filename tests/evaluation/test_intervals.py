"""Intervals cover what they say, agree with published examples, and resample all classifiers alike."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap, permutation_test

from harness import evaluate
from harness.evaluation.intervals import METRICS, Bootstrap, Interval, Metric, wilson

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

N_TEST_SETS = 2000


class Population:
    """Rows of k classes and two classifiers whose errors depend on each other, with true scores that are known."""

    def __init__(self, prior: Floats, recall: tuple[float, float]) -> None:
        k = len(prior)
        self.prior = prior
        self.confusions = [r * np.eye(k) + (1 - r) * np.tile(prior, (k, 1)) for r in recall]  # (k, k), rows sum to 1

    def test_set(self, rng: np.random.Generator, n: int) -> tuple[Labels, Labels]:
        """Return labels (n,) and predictions (2, n); the classifiers share the luck of 6 in 10 rows."""
        labels = rng.choice(len(self.prior), n, p=self.prior)
        luck = rng.random((2, n))
        luck[1] = np.where(rng.random(n) < 0.6, luck[0], luck[1])
        reached = [np.cumsum(confusion, axis=1)[labels] for confusion in self.confusions]  # (n, k) each
        predictions = [(r < each[:, np.newaxis]).sum(axis=1) for r, each in zip(reached, luck, strict=True)]
        return labels, np.minimum(np.stack(predictions), len(self.prior) - 1)

    def score(self, metric: Metric, i: int) -> float:
        """Return the score of classifier i on endlessly many rows."""
        joint = self.prior[:, np.newaxis] * self.confusions[i]
        f1 = 2 * joint.diagonal() / (joint.sum(axis=0) + joint.sum(axis=1))
        return float({"accuracy": joint.trace(), "f1_macro": f1.mean(), "f1_weighted": f1 @ self.prior}[metric])


BALANCED = Population(np.full(4, 0.25), (0.7, 0.65))
MANY_CLASSES = Population(np.full(25, 0.04), (0.8, 0.7))


def one_hot(predictions: Labels, n_classes: int) -> NDArray[np.float32]:
    return np.eye(n_classes, dtype=np.float32)[predictions]


def covers(interval: Interval, value: float) -> bool:
    return interval.low <= value <= interval.high


@pytest.mark.parametrize(
    ("n_right", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(n_right: int, n: int, low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17, 857-872, Table I, method 3."""
    found = wilson(n_right, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [1, 2, 400_000])
def test_wilson_stays_within_0_and_1_and_is_no_point(n: int) -> None:
    for n_right in (0, n):
        found = wilson(n_right, n)
        assert 0 <= found.low < found.high <= 1
        assert covers(found, n_right / n)


@pytest.mark.parametrize(("n", "accuracy"), [(400, 0.7), (60, 0.93), (2000, 0.35)])
def test_wilson_covers_the_true_accuracy_in_95_of_100_test_sets(n: int, accuracy: float) -> None:
    drawn = np.random.default_rng(1).binomial(n, accuracy, N_TEST_SETS)
    covering = {n_right: covers(wilson(n_right, n), accuracy) for n_right in set(drawn.tolist())}
    assert 0.93 <= np.mean([covering[n_right] for n_right in drawn.tolist()]) <= 0.97


@pytest.mark.parametrize("population", [BALANCED, MANY_CLASSES], ids=["4 classes", "25 classes of 16 rows"])
def test_the_bootstrap_covers_true_scores_and_differences_in_95_of_100_test_sets(population: Population) -> None:
    rng = np.random.default_rng(2)
    covered: dict[str, list[bool]] = {}
    for _ in range(N_TEST_SETS):
        found = Bootstrap(*population.test_set(rng, 400), len(population.prior), n_resamples=500)
        for metric in METRICS[1:]:
            true = population.score(metric, 0)
            covered.setdefault(metric, []).append(covers(found.interval(metric, 0), true))
        for metric in METRICS[:2]:
            true = population.score(metric, 0) - population.score(metric, 1)
            covered.setdefault(f"{metric} of pairs", []).append(covers(found.difference(metric, 0, 1)[1], true))
    shares = {what: float(np.mean(each)) for what, each in covered.items()}
    assert all(0.93 <= share <= 0.97 for share in shares.values()), shares


def score_of_rows(metric: Metric, true: Labels, predicted: Labels, n_classes: int) -> Floats:
    """Return the score of each of many samples of rows, (b, n) -> (b,)."""
    if metric == "accuracy":
        return np.asarray((true == predicted).mean(axis=-1))
    of_class = [(true == c, predicted == c) for c in range(n_classes)]
    hits = np.array([(t & p).sum(axis=-1) for t, p in of_class])
    both = np.array([t.sum(axis=-1) + p.sum(axis=-1) for t, p in of_class])
    f1 = 2 * hits / np.maximum(both, 1)
    support = np.array([t.mean(axis=-1) for t, _ in of_class])
    return np.asarray(f1.mean(axis=0) if metric == "f1_macro" else (f1 * support).sum(axis=0))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("population", [BALANCED, MANY_CLASSES], ids=["4 classes", "25 classes"])
def test_intervals_are_those_of_scipy(population: Population, metric: Metric) -> None:
    labels, predictions = population.test_set(np.random.default_rng(3), 150)
    k = len(population.prior)

    def score(rows: Labels, axis: int = -1, i: int = 0) -> Floats:
        del axis
        return score_of_rows(metric, labels[rows], predictions[i][rows], k)

    def difference(rows: Labels, axis: int = -1) -> Floats:
        return score(rows, axis) - score(rows, axis, i=1)

    rows = (np.arange(150),)
    ours = Bootstrap(labels, predictions, k, n_resamples=1000, seed=4)
    theirs = bootstrap(rows, score, vectorized=True, n_resamples=1000, method="BCa", rng=4).confidence_interval
    found = ours.interval(metric, 0)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    error = bootstrap(rows, difference, vectorized=True, n_resamples=1000, method="basic", rng=4).standard_error
    value, found = ours.difference(metric, 0, 1)
    assert (found.low, found.high) == pytest.approx((value - 1.959964 * error, value + 1.959964 * error), abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_p_values_are_near_those_of_only_swapping_predictions_at_random(seed: int) -> None:
    """The paired permutation test of scipy, as Yeh (2000) recommends for F scores."""
    labels, predictions = BALANCED.test_set(np.random.default_rng(seed), 250)

    def difference(first: Labels, second: Labels, axis: int = -1) -> Floats:
        del axis
        true = np.broadcast_to(labels, first.shape)
        return score_of_rows("f1_macro", true, first, 4) - score_of_rows("f1_macro", true, second, 4)

    expected = permutation_test(
        tuple(predictions), difference, permutation_type="samples", vectorized=True, n_resamples=5000, batch=500, rng=5
    ).pvalue
    found = Bootstrap(labels, predictions, 4, [(0, 1)], n_resamples=5000).p_value(0, 1)
    assert found == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("n_classes", [2, 3, 40])
def test_scores_of_all_rows_are_those_of_the_evaluation(n_classes: int) -> None:
    rng = np.random.default_rng(n_classes)
    labels, predictions = rng.integers(0, n_classes, 60), rng.integers(0, n_classes, (3, 60))
    found = Bootstrap(labels, predictions, n_classes, n_resamples=2)
    for i, each in enumerate(predictions):
        expected = evaluate(labels, one_hot(each, n_classes))
        for metric in METRICS:
            assert found.score(metric, i) == pytest.approx(getattr(expected, metric), abs=1e-12)


def test_an_interval_does_not_depend_on_who_else_is_compared() -> None:
    labels, predictions = BALANCED.test_set(np.random.default_rng(5), 300)
    others = np.random.default_rng(6).integers(0, 4, (30, 300))
    alone = Bootstrap(labels, predictions, 4, [(0, 1)])
    among = Bootstrap(labels, np.concatenate([others, predictions]), 4, [(3, 7), (30, 31)])
    for metric in METRICS:
        assert alone.interval(metric, 1) == among.interval(metric, 31)
        assert alone.difference(metric, 0, 1) == among.difference(metric, 30, 31)
    assert alone.p_value(0, 1) == pytest.approx(among.p_value(30, 31), rel=1e-9)


def test_the_seed_decides() -> None:
    labels, predictions = BALANCED.test_set(np.random.default_rng(7), 300)
    first, again, other = (Bootstrap(labels, predictions, 4, seed=seed).interval("f1_macro", 0) for seed in (1, 1, 2))
    assert first == again != other


def test_a_pair_read_the_other_way_round_is_the_negative() -> None:
    labels, predictions = BALANCED.test_set(np.random.default_rng(8), 300)
    found = Bootstrap(labels, predictions, 4, [(0, 1), (1, 0)])
    (value, one), (negative, other) = found.difference("f1_macro", 0, 1), found.difference("f1_macro", 1, 0)
    assert value == -negative
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))
    assert found.p_value(0, 1) == pytest.approx(found.p_value(1, 0))


@pytest.mark.parametrize("n", [1, 2, 50])
def test_a_classifier_that_is_right_everywhere_has_a_point_for_an_interval(n: int) -> None:
    labels = np.arange(n) % 2
    found = Bootstrap(labels, np.stack([labels, labels]), 2, [(0, 1)])
    f1_macro = 1.0 if n > 1 else 0.5  # one row is of one class, the other counts as zero
    resampled_to_one_class = 1.0 if n > 10 else 0.5
    assert found.interval("accuracy", 0) == Interval(low=1, high=1)
    assert found.interval("f1_weighted", 0) == Interval(low=1, high=1)
    assert found.interval("f1_macro", 0) == Interval(low=resampled_to_one_class, high=f1_macro)
    assert found.difference("f1_macro", 0, 1) == (0, Interval(low=0, high=0))
    assert found.p_value(0, 1) == 1


def test_one_row_is_enough_for_numbers() -> None:
    found = Bootstrap(np.array([1]), np.array([[1], [0]]), 3, [(0, 1)])
    assert found.interval("f1_macro", 0) == Interval(low=1 / 3, high=1 / 3)
    assert found.difference("accuracy", 0, 1) == (1, Interval(low=1, high=1))
    assert 0.05 < found.p_value(0, 1) <= 1


@pytest.mark.parametrize("n_classes", [2, 30])
@pytest.mark.parametrize("n", [2, 3, 20])
def test_an_interval_holds_its_score_however_few_the_rows(n: int, n_classes: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(50):
        labels = rng.integers(0, n_classes, n)
        predictions = np.where(rng.random((2, n)) < 0.8, labels, rng.integers(0, n_classes, (2, n)))
        found = Bootstrap(labels, predictions, n_classes, [(0, 1)], n_resamples=200)
        for metric in METRICS:
            assert covers(found.interval(metric, 0), found.score(metric, 0))
            assert covers(found.difference(metric, 0, 1)[1], found.difference(metric, 0, 1)[0])
            assert found.interval(metric, 0).low >= 0
            assert found.interval(metric, 0).high <= 1
        assert 0 <= found.p_value(0, 1) <= 1


def test_p_values_go_far_below_one_in_the_number_of_resamples() -> None:
    labels = np.arange(2000) % 4
    worse = np.where(np.arange(2000) < 300, (labels + 1) % 4, labels)
    assert Bootstrap(labels, np.stack([labels, worse]), 4, [(0, 1)]).p_value(0, 1) < 1e-12


def test_a_few_rows_of_a_rare_class_are_no_certainty() -> None:
    """Three rows against none: a fair coin does that in one of four cases, however much f1_macro differs."""
    labels = np.array([0] * 300 + [1] * 3)
    found = Bootstrap(labels, np.stack([labels, np.zeros_like(labels)]), 2, [(0, 1)])
    assert found.difference("f1_macro", 0, 1)[0] > 0.49
    assert found.p_value(0, 1) >= 0.25


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_a_p_value_is_never_smaller_than_coins_allow(n: int) -> None:
    labels = np.arange(n)
    found = Bootstrap(labels, np.stack([labels, (labels + 1) % n]), n, [(0, 1)])
    assert found.p_value(0, 1) >= 2 * 0.5**n


def test_memory_stays_bounded_for_400_000_rows() -> None:
    rng = np.random.default_rng(9)
    labels = rng.integers(0, 6, 400_000)
    predictions = np.where(rng.random((5, 400_000)) < 0.8, labels, 0)
    tracemalloc.start()
    Bootstrap(labels, predictions, 6, [(0, 1)], n_resamples=40)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200e6
