"""Predictions -> Evaluation: the one place where scores are computed."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from harness.errors import StrategyError
from harness.frozen_model import FrozenModel

METRIC_VERSION = 1  # raised whenever the same predictions would score differently
Metric = Literal["accuracy", "f1_macro", "f1_weighted"]
METRICS: tuple[Metric, ...] = get_args(Metric)
TESTED: tuple[Metric, ...] = ("accuracy", "f1_macro")
"""The scores that differences between strategies are tested of."""


class ClassScore(FrozenModel):
    """Scores of one class, fractions 0-1; support is its number of rows."""

    precision: float
    recall: float
    f1: float
    support: int


class Evaluation(FrozenModel):
    """Scores of one strategy on one split, over the task's fixed label set.

    Fractions lie in 0-1. `confusion[i][j]` counts rows of class i predicted as class j. A class without
    rows and without predictions has f1 0 and counts in `f1_macro`, so that two strategies are always
    averaged over the same classes.
    """

    accuracy: float
    f1_macro: float
    f1_weighted: float
    per_class: list[ClassScore]
    confusion: list[list[int]]


def best_first(validation_f1_macro: float, name: str) -> tuple[float, str]:
    """Return the sort key of a strategy: the best by validation f1_macro first, equal ones by name."""
    return -validation_f1_macro, name


def checked_probabilities(output: Any, n_rows: int, n_classes: int) -> NDArray[np.float32]:
    """Refuse what is not a table of class probabilities.

    Args:
        output: What `predict_proba` returned.
        n_rows: Number of texts, n.
        n_classes: Number of classes, k.

    Returns:
        The same numbers, float32 (n, k).

    Raises:
        StrategyError: Unless the shape is (n, k), all numbers are finite and not negative, and rows sum
            to 1 within 1e-3.
    """
    table = np.asarray(output)
    if table.shape != (n_rows, n_classes):
        raise StrategyError(f"predict_proba must return shape ({n_rows}, {n_classes}), got {table.shape}.")
    if table.dtype.kind not in "fiu" or not np.isfinite(table).all():
        raise StrategyError("predict_proba must return finite numbers, got NaN, infinity or non-numbers.")
    if (table < 0).any() or (np.abs(table.sum(axis=1, dtype=np.float64) - 1) > 1e-3).any():  # noqa: PLR2004
        raise StrategyError("predict_proba must return rows of non-negative numbers that sum to 1.")
    return table.astype(np.float32)


def evaluate(labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]]) -> Evaluation:
    """Score class probabilities against labels.

    Args:
        labels: True class ids, int64 (n,).
        probabilities: Class probabilities, float (n, k); the prediction is the row's first maximum.

    Returns:
        Accuracy, F1 (scikit-learn's definitions, zero where undefined), per-class scores and confusion.

    Raises:
        StrategyError: Where `probabilities` is not such a table, or has no column for a label.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    shape = np.shape(probabilities)
    table = checked_probabilities(probabilities, len(labels), shape[-1] if shape else 0)
    if not len(table) or labels.min() < 0 or labels.max() >= table.shape[1]:
        raise StrategyError(f"Scores need labels in 0..{table.shape[1] - 1}, one column each, and at least one row.")
    predictions = table.argmax(axis=1)
    classes = np.arange(table.shape[1])
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predictions, labels=classes, average=None, zero_division=0
    )
    return Evaluation(
        accuracy=float((predictions == labels).mean()),
        f1_macro=float(f1.mean()),
        f1_weighted=float(np.average(f1, weights=support)),
        per_class=[
            ClassScore(precision=float(p), recall=float(r), f1=float(f), support=int(s))
            for p, r, f, s in zip(precision, recall, f1, support, strict=True)
        ],
        confusion=confusion_matrix(labels, predictions, labels=classes).tolist(),
    )
