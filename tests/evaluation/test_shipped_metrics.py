"""Metrics are scikit-learn's, know how far each row moves them, and have intervals and tests as other scores have."""

from typing import Any

import numpy as np
import pytest
import sklearn.metrics
from numpy.typing import NDArray

from harness import Metric
from harness.evaluation.influence import influence
from harness.evaluation.intervals import metric_interval
from harness.evaluation.metric import RowMetric, TableMetric, UndefinedMetricError
from harness.evaluation.metrics import confusion
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows
from harness.evaluation.row_influence import row_influence
from harness.evaluation.shipped_metrics import shipped_metrics

SHIPPED = shipped_metrics()
Probabilities = NDArray[Any]


def answers(
    n: int, k: int, seed: int, skill: float = 1.0, labels: NDArray[Any] | None = None
) -> tuple[NDArray[np.int64], Probabilities]:
    """Draw labels of k classes, the first the largest, and probabilities that are right more often the more skill."""
    rng = np.random.default_rng(seed)
    shares = np.arange(k, 0, -1) / np.arange(k, 0, -1).sum()
    labels = rng.choice(k, n, p=shares) if labels is None else labels
    scores = rng.normal(size=(n, k)) + skill * np.eye(k)[labels]
    exponents = np.exp(scores)
    return labels, (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)


def by_sklearn(name: str, labels: NDArray[Any], p: Probabilities) -> float:
    """Return what scikit-learn says, called as its documentation has it."""
    of = sklearn.metrics
    predictions, k = p.argmax(axis=1), p.shape[1]
    binary = p[:, 1] if k == 2 else p.astype(np.float64) / p.sum(axis=1, keepdims=True, dtype=np.float64)
    both = [of.average_precision_score(labels == c, p[:, c]) for c in range(k)]
    made = {
        "accuracy": lambda: of.accuracy_score(labels, predictions),
        "balanced_accuracy": lambda: of.balanced_accuracy_score(labels, predictions),
        "f1_macro": lambda: of.f1_score(labels, predictions, average="macro"),
        "f1_weighted": lambda: of.f1_score(labels, predictions, average="weighted"),
        "f1_micro": lambda: of.f1_score(labels, predictions, average="micro"),
        "mcc": lambda: of.matthews_corrcoef(labels, predictions),
        "cohen_kappa": lambda: of.cohen_kappa_score(labels, predictions),
        "roc_auc_ovr": lambda: of.roc_auc_score(labels, binary, multi_class="ovr"),
        "average_precision_macro": lambda: np.mean(both),
        "log_loss": lambda: of.log_loss(labels, p),
        "brier": lambda: of.brier_score_loss(labels, binary),
    }
    return float(made[name]())


@pytest.mark.parametrize("name", [name for name in SHIPPED if name != "ece"])
@pytest.mark.parametrize("k", [2, 5])
def test_a_metric_is_that_of_scikit_learn(name: str, k: int) -> None:
    labels, p = answers(400, k, seed=k)
    assert SHIPPED[name].value(labels, p) == pytest.approx(by_sklearn(name, labels, p), abs=1e-6)


@pytest.mark.parametrize("name", [name for name, each in SHIPPED.items() if isinstance(each, TableMetric)])
def test_a_metric_of_confusion_matrices_says_the_same_of_the_matrix_and_knows_its_derivative(name: str) -> None:
    metric = SHIPPED[name]
    assert isinstance(metric, TableMetric)
    labels, p = answers(300, 4, seed=1)
    table = confusion(labels, p.argmax(axis=1), 4)
    assert metric.of_table(table) == pytest.approx(metric.value(labels, p), abs=1e-12)
    moved = influence(metric, table)
    assert (moved * table).sum() == pytest.approx(0, abs=1e-12)
    step = np.zeros((4, 4))
    step[1, 2] = 1e-4
    slope = (metric.of_table(table + step) - metric.of_table(table - step)) / 2e-4
    assert moved[1, 2] == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("name", [name for name, each in SHIPPED.items() if isinstance(each, RowMetric)])
def test_what_a_row_moves_is_what_leaving_it_out_shows(name: str) -> None:
    metric = SHIPPED[name]
    assert isinstance(metric, RowMetric)
    labels, p = answers(150, 3, seed=2)
    p = np.maximum(np.round(p, 1), np.float32(0.001))  # with ties
    told, bare = metric.influence(labels, p), Metric(name, metric.function, needs_probabilities=True)
    shown = row_influence(bare, labels, p, np.arange(150))
    assert told.sum() == pytest.approx(0, abs=1e-9)
    near = 0.2 if name == "ece" else 0.05  # of which a row may move bins from over- to underconfident
    assert np.sqrt((shown**2).sum()) == pytest.approx(np.sqrt((told**2).sum()), rel=near)
    assert np.corrcoef(told, shown)[0, 1] > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mcc", "cohen_kappa", "balanced_accuracy", "roc_auc_ovr", "log_loss", "brier"])
def test_intervals_cover_the_value_of_the_population(name: str) -> None:
    metric = SHIPPED[name]
    population = answers(20_000, 3, seed=3)
    truth, inside = metric.value(*population), 0
    rng = np.random.default_rng(4)
    for _ in range(120):
        drawn = rng.choice(20_000, 300)
        labels, p = population[0][drawn], population[1][drawn]
        found = metric_interval(Predicted(Rows(labels, 3), p.argmax(axis=1)[np.newaxis], p[np.newaxis]), metric)
        inside += found is not None and found.low <= truth <= found.high
    assert 0.9 <= inside / 120 <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mcc", "roc_auc_ovr"])
def test_alike_classifiers_are_called_different_in_about_5_of_100_test_sets(name: str) -> None:
    metric, different = SHIPPED[name], 0
    for seed in range(120):
        labels, p = answers(150, 3, seed=10 + seed)
        _, q = answers(150, 3, seed=900 + seed, labels=labels)
        rows = Rows(labels, 3)
        both = [Predicted(rows, each.argmax(axis=1)[np.newaxis], each[np.newaxis]) for each in (p, q)]
        different += contrast(metric, both[0], both[1]).p < 0.05
    assert 1 <= different <= 12


def test_repeated_texts_say_as_much_as_one_and_make_the_interval_wider() -> None:
    labels, p = (np.repeat(each, 3, axis=0) for each in answers(100, 3, seed=5))
    spans = []
    for texts in (None, np.repeat(np.arange(100), 3)):
        predicted = Predicted(Rows(labels, 3, texts), p.argmax(axis=1)[np.newaxis], p[np.newaxis])
        found = metric_interval(predicted, SHIPPED["log_loss"])
        assert found
        spans.append(found.high - found.low)
    assert spans[1] == pytest.approx(spans[0] * np.sqrt(3), rel=0.05)


def test_what_is_known_of_no_metric_but_its_function_has_an_interval_too() -> None:
    labels, p = answers(500, 3, seed=6)
    predicted = Predicted(Rows(labels, 3), p.argmax(axis=1)[np.newaxis], p[np.newaxis])
    bare = Metric("share_right", lambda labels, predictions: (labels == predictions).mean(), bounds=(0, 1))
    own, accuracy = metric_interval(predicted, bare), metric_interval(predicted, "accuracy")
    assert own
    assert accuracy
    assert (own.low, own.high) == pytest.approx((accuracy.low, accuracy.high), abs=0.012)


def test_a_metric_that_has_no_value_says_so() -> None:
    labels, p = np.zeros(5, dtype=np.int64), np.full((5, 2), 0.5, dtype=np.float32)
    for name in ("roc_auc_ovr", "cohen_kappa"):
        with pytest.raises(UndefinedMetricError, match=name):
            SHIPPED[name].value(labels, p)
