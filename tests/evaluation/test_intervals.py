"""Intervals cover what they say, agree with published examples, and are never certain of few rows."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.evaluation.influence import influence, sampling_bias, score
from harness.evaluation.intervals import Interval, score_interval, small_classes, wilson
from harness.evaluation.metrics import METRICS, CoreMetric, confusion
from harness.evaluation.predicted import Predicted, Rows

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

N_TEST_SETS = 2000
EMOTION = (0.29, 0.335, 0.08, 0.135, 0.12, 0.035)  # shares of its classes


class Population:
    """Rows of k classes and a classifier that is right in a share of each; its true scores are known."""

    def __init__(self, shares: tuple[float, ...], recall: float | tuple[float, ...]) -> None:
        prior = np.array(shares) / sum(shares)
        recalls = np.broadcast_to(recall, len(prior))
        wrong = np.tile(prior, (len(prior), 1))
        np.fill_diagonal(wrong, 0)
        self.cells = (prior * (1 - recalls))[:, np.newaxis] * wrong / wrong.sum(axis=1, keepdims=True)
        np.fill_diagonal(self.cells, prior * recalls)

    def test_set(self, rng: np.random.Generator, n: int) -> Predicted:
        k = len(self.cells)
        labels, predictions = np.divmod(rng.choice(k * k, n, p=self.cells.ravel()), k)
        return Predicted(Rows(labels, k), predictions[np.newaxis])

    def coverage(self, metric: CoreMetric, n: int, n_test_sets: int = 1500) -> float:
        """Return the share of the test sets with an interval whose interval covers the true score."""
        rng, true = np.random.default_rng(1), score(metric, self.cells)
        found = [score_interval(self.test_set(rng, n), metric) for _ in range(n_test_sets)]
        return float(np.mean([covers(each, true) for each in found if each]))


def covers(interval: Interval | None, value: float) -> bool:
    return interval is not None and interval.low <= value <= interval.high


def predicted(labels: Labels, *predictions: Labels, k: int = 2, texts: Labels | None = None) -> Predicted:
    return Predicted(Rows(labels, k, texts), np.stack(predictions))


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


@pytest.mark.parametrize(
    ("population", "n"),
    [
        pytest.param(Population((1, 1), 0.98), 100, id="two rows of 100 wrong"),
        pytest.param(Population((0.95, 0.05), (0.97, 0.6)), 200, id="ten rows of the rare class"),
        pytest.param(Population(EMOTION, 0.65), 300, id="shares of emotion"),
        pytest.param(Population((1,) * 77, 0.8), 600, id="77 classes of 8 rows"),
    ],
)
def test_intervals_of_f1_macro_cover_93_to_97_of_100_test_sets(population: Population, n: int) -> None:
    assert 0.93 <= population.coverage("f1_macro", n) <= 0.97


def test_intervals_of_f1_weighted_cover_93_to_97_of_100_test_sets() -> None:
    assert 0.93 <= Population(EMOTION, 0.65).coverage("f1_weighted", 300) <= 0.97


@pytest.mark.parametrize("metric", METRICS)
def test_influence_is_the_derivative_and_sums_to_0(metric: CoreMetric) -> None:
    table = np.random.default_rng(2).integers(1, 30, (4, 4)).astype(float)
    moved, step = influence(metric, table), 1e-6
    assert (table * moved).sum() == pytest.approx(0, abs=1e-12)
    for cell in np.ndindex(4, 4):
        share = np.zeros((4, 4))
        share[cell] = 1
        nearer = (1 - step) * table + step * share * table.sum()
        slope = (score(metric, nearer) - score(metric, table)) / step
        assert moved[cell] == pytest.approx(slope / table.sum(), abs=1e-6)


def test_the_bias_is_what_samples_score_below_the_population() -> None:
    cells, rng = Population((1,) * 20, 0.7).cells, np.random.default_rng(3)
    samples = rng.multinomial(200, cells.ravel(), 4000).reshape(-1, 20, 20).astype(float)
    for metric in METRICS:
        bias = np.mean([score(metric, each) for each in samples]) - score(metric, cells)
        assert sampling_bias(metric, cells * 200) == pytest.approx(bias, abs=0.002)


@pytest.mark.parametrize("n", [60, 2000])
def test_right_in_every_row_is_no_certainty(n: int) -> None:
    labels = np.arange(n) % 2
    for metric in METRICS:
        found = score_interval(predicted(labels, labels), metric)
        assert found is not None
        assert found.high == 1
        assert found.low == pytest.approx(wilson(n, n).low, abs=0.005)


def test_accuracy_has_the_interval_of_wilson() -> None:
    labels = np.arange(263) % 2
    found = score_interval(predicted(labels, np.where(np.arange(263) < 81, labels, 1 - labels)), "accuracy")
    assert found is not None
    assert (found.low, found.high) == pytest.approx((wilson(81, 263).low, wilson(81, 263).high), abs=1e-9)


def test_a_class_of_four_rows_leaves_f1_macro_without_an_interval() -> None:
    labels = np.array([0] * 50 + [1] * 4)
    assert score_interval(predicted(labels, labels), "f1_macro") is None
    assert small_classes(predicted(labels, labels)) == [1]
    assert score_interval(predicted(np.append(labels, 1), np.append(labels, 1)), "f1_macro") is not None
    assert small_classes(predicted(labels[:50], np.append(labels[:49], 1))) == [1]  # answered, but nobody's


def test_names_that_nobody_carries_change_no_interval() -> None:
    labels = np.arange(100) % 2
    answers = np.where(np.arange(100) < 10, 1 - labels, labels)
    for metric in METRICS:
        assert score_interval(predicted(labels, answers), metric) == score_interval(
            predicted(labels, answers, k=6), metric
        )


def test_repeated_texts_count_once() -> None:
    labels = np.arange(100) % 2
    answers = np.where(np.arange(100) < 20, 1 - labels, labels)
    thrice = [np.repeat(each, 3) for each in (labels, answers, np.arange(100))]
    for metric in METRICS:
        once = score_interval(predicted(labels, answers), metric)
        again = score_interval(predicted(thrice[0], thrice[1], texts=thrice[2]), metric)
        assert once is not None
        assert again is not None
        assert (again.low, again.high) == pytest.approx((once.low, once.high), abs=0.005)


def test_seeds_that_differ_widen_the_interval_and_equal_ones_change_nothing() -> None:
    labels = np.arange(400) % 2
    some, more = (np.where(np.arange(400) < wrong, 1 - labels, labels) for wrong in (40, 120))
    alone, twice, apart = (
        score_interval(predicted(labels, *seeds), "f1_macro") for seeds in ([some], [some, some], [some, more])
    )
    assert alone == twice
    assert alone is not None
    assert apart is not None
    assert apart.high - apart.low > 3 * (alone.high - alone.low)


@pytest.mark.parametrize("n_classes", [2, 30])
@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_an_interval_holds_its_score_however_few_the_rows(n: int, n_classes: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(30):
        labels = rng.integers(0, n_classes, n)
        seeds = np.where(rng.random((2, n)) < 0.8, labels, rng.integers(0, n_classes, (2, n)))
        for found in (predicted(labels, *seeds, k=n_classes), predicted(labels, seeds[0], k=n_classes)):
            for metric in METRICS:
                interval = score_interval(found, metric)
                if interval or metric != "f1_macro":
                    assert covers(interval, found.score(metric))


def test_memory_stays_bounded_for_400_000_rows() -> None:
    rng = np.random.default_rng(9)
    labels = rng.integers(0, 6, 400_000)
    answers = np.where(rng.random(400_000) < 0.8, labels, 0)
    tracemalloc.start()
    score_interval(predicted(labels, answers, k=6), "f1_macro")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6


def test_a_confusion_matrix_counts_rows() -> None:
    found = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert found.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
