"""Predictions -> Evaluation: the one place where scores are computed."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harness.errors import StrategyError
from harness.frozen_model import Count, Fraction, FrozenModel, Score

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
METRIC_VERSION = 2  # raised whenever the same predictions would score differently
CoreMetric = Literal["accuracy", "f1_macro", "f1_weighted"]
METRICS: tuple[CoreMetric, ...] = get_args(CoreMetric)
TESTED: tuple[CoreMetric, ...] = ("accuracy", "f1_macro")
"""The scores that differences between strategies are tested of."""

ONE_SIDED = 1.645  # standard errors above which 5 % of a normal distribution lie
TIE = 1e-12  # means of equal scores differ in the last bit


class ClassScore(FrozenModel):
    """Scores of one class, fractions 0-1; support is its number of rows."""

    precision: Fraction
    recall: Fraction
    f1: Fraction
    support: Count


class Evaluation(FrozenModel):
    """Scores of one strategy on one split.

    Fractions lie in 0-1. `per_class` and `confusion` hold every class of the task; `confusion[i][j]` counts rows of
    class i predicted as class j. `f1_macro` is the mean over the classes that occur in the labels or the predictions
    of these rows, scikit-learn's default: names that nobody carries take no part. `metrics` are those that were asked
    for besides, by name, None where one has no value on these rows.
    """

    accuracy: Fraction
    f1_macro: Fraction
    f1_weighted: Fraction
    per_class: list[ClassScore]
    confusion: list[list[Count]]
    metrics: dict[str, Score | None] = Field(default_factory=dict)

    def score(self, metric: str) -> float | None:
        """Return a score by the name of its metric, None where it was not asked for or has no value."""
        found: float | None = getattr(self, metric) if metric in METRICS else self.metrics.get(metric)
        return found


def best_first(validation: float, name: str) -> tuple[float, str]:
    """Return the sort key of a strategy: the best on validation first, equal ones by name."""
    return -validation, name


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


def confusion(labels: Labels, predictions: Labels, n_classes: int) -> Floats:
    """Count rows by true class and predicted class, float64 (k, k).

    Args:
        labels: True class ids, int64 (n,).
        predictions: Predicted class ids, int64 (n,).
        n_classes: Number of classes, k.
    """
    cells = np.bincount(labels * n_classes + predictions, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.float64)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Divide number by number, 0 where the denominator is none."""
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)


def evaluate(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], averaged: NDArray[np.int64] | None = None
) -> Evaluation:
    """Score class probabilities against labels.

    Args:
        labels: True class ids, int64 (n,).
        probabilities: Class probabilities, float (n, k); the prediction is the row's first maximum.
        averaged: Ids of the classes that `f1_macro` is the mean of, for a score that is to be comparable with that
            of other rows. None: those that occur in the labels or the predictions.

    Returns:
        Accuracy, F1 (scikit-learn's definitions, zero where undefined), per-class scores and confusion.

    Raises:
        StrategyError: Where `probabilities` is not such a table, or has no column for a label.
    """
    shape = np.shape(probabilities)
    table = checked_probabilities(probabilities, len(labels), shape[-1] if shape else 0)
    if not len(table) or labels.min() < 0 or labels.max() >= table.shape[1]:
        raise StrategyError(f"Scores need labels in 0..{table.shape[1] - 1}, one column each, and at least one row.")
    predictions = table.argmax(axis=1)
    counts = confusion(labels, predictions, table.shape[1])
    hits, support, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    precision, recall, f1 = ratio(hits, predicted), ratio(hits, support), ratio(2 * hits, support + predicted)
    if averaged is None:
        averaged = np.flatnonzero(support + predicted)
    return Evaluation(
        accuracy=float((predictions == labels).mean()),
        f1_macro=float(f1[averaged].mean()),
        f1_weighted=float(np.average(f1, weights=support)),
        per_class=[
            ClassScore(precision=float(p), recall=float(r), f1=float(f), support=int(s))
            for p, r, f, s in zip(precision, recall, f1, support, strict=True)
        ],
        confusion=counts.astype(np.int64).tolist(),
    )


def no_better_than_majority(evaluations: Sequence[Evaluation]) -> bool:
    """Return whether scores are those of a strategy that has found nothing in the texts.

    Its accuracy is no higher than the share of the largest class, and its f1_macro no higher than what answering at
    random gives, 1 / k, beyond chance (one-sided, 5 %). Either alone would not do: where one class has 95 of 100 rows,
    who finds the other five may be right less often than who does not look.

    Args:
        evaluations: Scores of the strategy's seeds on the same rows; their means count.
    """
    if not evaluations:
        return False
    support = np.array([each.support for each in evaluations[0].per_class])
    n, k = int(support.sum()), int((support > 0).sum())
    accuracy = float(np.mean([each.accuracy for each in evaluations]))
    f1_macro = float(np.mean([each.f1_macro for each in evaluations]))
    chance = ONE_SIDED * np.sqrt(f1_macro * (1 - f1_macro) / n)
    return bool(accuracy <= support.max() / n + TIE and f1_macro <= 1 / k + chance)
