"""The metrics that come with the program: scikit-learn's functions, and how far each row moves them."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.calibration import calibrate, signed_gaps
from harness.evaluation.metric import Metric, RowMetric, TableMetric
from harness.evaluation.metrics import CoreMetric, Floats, Labels, ratio

Probabilities = NDArray[np.floating[Any]]
TWO = 2  # classes, of which Brier's score counts one


def accuracy(labels: Labels, predictions: Labels) -> float:
    """Return scikit-learn's `accuracy_score`."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(labels, predictions))


def f1(labels: Labels, predictions: Labels, average: str) -> float:
    """Return scikit-learn's `f1_score`."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, predictions, average=average, zero_division=0))


def balanced_accuracy(labels: Labels, predictions: Labels) -> float:
    """Return scikit-learn's `balanced_accuracy_score`: the mean recall of the classes that have rows."""
    from sklearn.metrics import balanced_accuracy_score

    return float(balanced_accuracy_score(labels, predictions))


def mcc(labels: Labels, predictions: Labels) -> float:
    """Return scikit-learn's `matthews_corrcoef`."""
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(labels, predictions))


def cohen_kappa(labels: Labels, predictions: Labels) -> float:
    """Return scikit-learn's `cohen_kappa_score`."""
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(labels, predictions))


def roc_auc_ovr(labels: Labels, probabilities: Probabilities) -> float:
    """Return scikit-learn's `roc_auc_score`, each class against the rest, the mean of those that have rows."""
    from sklearn.metrics import roc_auc_score

    truth, scores = _one_vs_rest(labels, probabilities)
    if truth.shape[1] < TWO:
        return float("nan")
    return float(roc_auc_score(truth, scores, average="macro"))


def average_precision_macro(labels: Labels, probabilities: Probabilities) -> float:
    """Return scikit-learn's `average_precision_score`, each class against the rest, the mean of those with rows."""
    from sklearn.metrics import average_precision_score

    truth, scores = _one_vs_rest(labels, probabilities)
    return float(average_precision_score(truth, scores, average="macro"))


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Return scikit-learn's `log_loss`: the mean of minus the logarithm of the probability of the true class."""
    from sklearn.metrics import log_loss as of_sklearn

    rounded = np.minimum(probabilities, 1)  # a float32 may be 1 and a little more
    return float(of_sklearn(labels, rounded, labels=np.arange(probabilities.shape[1])))


def brier(labels: Labels, probabilities: Probabilities) -> float:
    """Return scikit-learn's `brier_score_loss` (1.7 and later), of two classes that of one of them."""
    return float(_squares(labels, probabilities).mean())


def ece(labels: Labels, probabilities: Probabilities) -> float:
    """Return the expected calibration error, as `harness.evaluation.calibration.calibrate` has it."""
    return calibrate(labels, probabilities).ece


def _one_vs_rest(labels: Labels, probabilities: Probabilities) -> tuple[Labels, Probabilities]:
    """Return which rows are of each class that has any, int64 (n, c), and its probabilities, (n, c)."""
    there = np.unique(labels)
    return (labels[:, np.newaxis] == there).astype(np.int64), probabilities[:, there]


def _squares(labels: Labels, probabilities: Probabilities) -> Floats:
    k = probabilities.shape[1]
    distance = ((probabilities.astype(np.float64) - np.eye(k)[labels]) ** 2).sum(axis=1)
    return np.asarray(distance / 2 if k == TWO else distance)


def _losses(labels: Labels, probabilities: Probabilities) -> Floats:
    least = np.finfo(probabilities.dtype).eps
    right = probabilities[np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.clip(right, least, 1 - least)), dtype=np.float64)


def of_mean(
    row_values: Callable[[Labels, Probabilities], Floats], labels: Labels, probabilities: Probabilities
) -> Floats:
    """Return how far each row moves the mean of values of rows, (n,)."""
    values = row_values(labels, probabilities)
    return np.asarray((values - values.mean()) / len(values))


def of_areas(labels: Labels, probabilities: Probabilities) -> Floats:
    """Return how far each row moves the mean area under the ROC curves, (n,).

    The structural components of DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845.
    """
    truth, scores = _one_vs_rest(labels, probabilities)
    moved = np.zeros(len(labels))
    for is_class, score in zip(truth.T.astype(bool), scores.T, strict=True):
        below, above = (np.sort(score[rows]) for rows in (~is_class, is_class))
        beaten = _midranks(below, score[is_class]) / len(below)
        beating = 1 - _midranks(above, score[~is_class]) / len(above)
        moved[is_class] += (beaten - beaten.mean()) / len(above)
        moved[~is_class] += (beating - beating.mean()) / len(below)
    return np.asarray(moved / truth.shape[1])


def _midranks(ordered: Probabilities, scores: Probabilities) -> Floats:
    """Return how many of some ordered scores lie below each of others, equal ones counted half."""
    return (np.searchsorted(ordered, scores, "left") + np.searchsorted(ordered, scores, "right")) / 2


def of_precisions(labels: Labels, probabilities: Probabilities) -> Floats:
    """Return how far each row moves the mean average precision, (n,): its derivative by the weight of the row."""
    truth, scores = _one_vs_rest(labels, probabilities)
    of_class = [_of_precision(t, s) for t, s in zip(truth.T, scores.T, strict=True)]
    return np.asarray(np.mean(of_class, axis=0))


def _of_precision(truth: Labels, scores: Probabilities) -> Floats:
    """Return the same of one class: of n1 rows, i of it, the precision is the mean of hits(i) / found(i) at its score.

    A row counts in `found` of all rows that score no higher, and one of the class in their `hits`, too.
    """
    _, place = np.unique(-scores, return_inverse=True)  # 0 is the highest score
    here = np.bincount(place, truth)
    found, hits = np.cumsum(np.bincount(place)), np.cumsum(here)
    n1, precision = hits[-1], hits / found
    counted = np.cumsum((here / found)[::-1])[::-1]
    lost = np.cumsum((here * hits / found**2)[::-1])[::-1]
    average = (here * precision).sum() / n1
    return np.asarray((truth * (precision[place] - average + counted[place]) - lost[place]) / n1)


def _recall_table(table: Floats) -> float:
    true = table.sum(axis=1)
    return float(ratio(table.diagonal(), true).sum() / (true > 0).sum())


def _recall_slope(shares: Floats) -> Floats:
    true = shares.sum(axis=1)
    recall, there = ratio(shares.diagonal(), true), (true > 0).sum()
    of_right = np.diag(ratio(np.ones_like(true), true))
    return np.asarray((of_right - ratio(recall, true)[:, np.newaxis]) / there)


def _mcc_table(table: Floats) -> float:
    shares = table / table.sum()
    together, true, predicted = _covariances(shares)
    spread = true * predicted
    return float(together / np.sqrt(spread)) if spread > 0 else 0.0


def _covariances(shares: Floats) -> tuple[float, float, float]:
    """Return what Gorodkin (2004), Computational Biology and Chemistry 28, 367-374, makes the coefficient of."""
    true, predicted = shares.sum(axis=1), shares.sum(axis=0)
    return float(shares.trace() - true @ predicted), float(1 - true @ true), float(1 - predicted @ predicted)


def _mcc_slope(shares: Floats) -> Floats:
    together, true, predicted = _covariances(shares)
    if true * predicted <= 0:
        return np.zeros_like(shares)
    of_true, of_predicted = shares.sum(axis=1)[:, np.newaxis], shares.sum(axis=0)[np.newaxis]
    moved = np.eye(len(shares)) - of_true.T - of_predicted.T
    halved = together * (of_true / true + of_predicted / predicted)
    return np.asarray((moved + halved) / np.sqrt(true * predicted))


def _kappa_table(table: Floats) -> float:
    shares = table / table.sum()
    by_chance = float(shares.sum(axis=1) @ shares.sum(axis=0))
    return (float(shares.trace()) - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def _kappa_slope(shares: Floats) -> Floats:
    true, predicted = shares.sum(axis=1), shares.sum(axis=0)
    right, by_chance = shares.trace(), true @ predicted
    if by_chance >= 1:
        return np.zeros_like(shares)
    of_chance = predicted[:, np.newaxis] + true[np.newaxis]
    return np.asarray((np.eye(len(shares)) - of_chance * (1 - right) / (1 - by_chance)) / (1 - by_chance))


CORE: dict[str, CoreMetric] = {
    "accuracy": "accuracy",
    "f1_micro": "accuracy",  # which it is, where each row has one class
    "f1_macro": "f1_macro",
    "f1_weighted": "f1_weighted",
}
"""Metrics -> the score of every record that they are, whose intervals and tests are theirs."""
SHARE, FROM_ZERO, SIGNED = (0.0, 1.0), (0.0, float("inf")), (-1.0, 1.0)

METRICS_SHIPPED: tuple[Metric, ...] = (
    Metric("accuracy", accuracy, bounds=SHARE),
    TableMetric(
        "balanced_accuracy",
        balanced_accuracy,
        bounds=SHARE,
        of_table=_recall_table,
        slope=_recall_slope,
        averages_classes=True,
    ),
    Metric("f1_macro", partial(f1, average="macro"), bounds=SHARE),
    Metric("f1_weighted", partial(f1, average="weighted"), bounds=SHARE),
    Metric("f1_micro", partial(f1, average="micro"), bounds=SHARE),
    TableMetric("mcc", mcc, bounds=SIGNED, of_table=_mcc_table, slope=_mcc_slope),
    TableMetric("cohen_kappa", cohen_kappa, bounds=SIGNED, of_table=_kappa_table, slope=_kappa_slope),
    RowMetric("roc_auc_ovr", roc_auc_ovr, True, True, SHARE, influence=of_areas, averages_classes=True),
    RowMetric(
        "average_precision_macro",
        average_precision_macro,
        True,
        True,
        SHARE,
        influence=of_precisions,
        averages_classes=True,
    ),
    RowMetric("log_loss", log_loss, False, True, FROM_ZERO, influence=partial(of_mean, _losses)),
    RowMetric("brier", brier, False, True, (0.0, 2.0), influence=partial(of_mean, _squares)),
    # Near 0 it is no share of rows, so its interval is not to be that of one.
    RowMetric("ece", ece, False, True, FROM_ZERO, influence=partial(of_mean, signed_gaps)),
)


def shipped_metrics() -> dict[str, Metric]:
    """Return the metrics that come with the program by name."""
    return {metric.name: metric for metric in METRICS_SHIPPED}


def shipped_of(names: Iterable[str]) -> list[Metric]:
    """Return those of some metrics that come with the program; others' functions are code that is not at hand."""
    known = shipped_metrics()
    return [known[name] for name in names if name in known]
