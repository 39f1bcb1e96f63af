"""Scores as functions of a confusion matrix: their value, how far a row moves them, how far sampling bends them."""

import numpy as np

from harness.evaluation.metric import TableMetric
from harness.evaluation.metrics import CoreMetric, Floats, ratio

OfTable = CoreMetric | TableMetric
"""Metrics that are a function of a confusion matrix."""


def score(metric: OfTable, table: Floats) -> float:
    """Return a score of a confusion matrix (k, k), as `harness.evaluation.metrics.evaluate` does."""
    if isinstance(metric, TableMetric):
        return metric.of_table(table)
    if metric == "accuracy":
        return float(table.trace() / table.sum())
    f1, _, weights = _parts(metric, table)
    return float(f1 @ weights)


def influence(metric: OfTable, table: Floats) -> Floats:
    """Return how far one row of each cell moves a score, (k, k); over all rows it sums to 0.

    It is the derivative of the score by the share of rows in a cell, divided by the number of rows: the influence
    function of Hampel (1974), Journal of the American Statistical Association 69, 383-393. The sum of its squares
    over the rows is the variance of the score over samples of rows (the delta method; Efron and Tibshirani 1993,
    An Introduction to the Bootstrap, section 21.3).
    """
    k, n = len(table), table.sum()
    if isinstance(metric, TableMetric):
        slope = metric.slope(table / n)
        centred: Floats = (slope - (slope * table).sum() / n) / n
        return centred
    if metric == "accuracy":
        alike: Floats = (np.eye(k) - table.trace() / n) / n
        return alike
    f1, both, weights = _parts(metric, table)
    per_row = ratio(weights, both)  # F1 is 2 hits / both, and a row is in `both` of its class and of its prediction
    moved: Floats = -(per_row * f1)[:, np.newaxis] - (per_row * f1)[np.newaxis]
    moved[np.diag_indices(k)] += 2 * per_row
    if metric == "f1_weighted":
        moved += ((f1 - f1 @ weights) / n)[:, np.newaxis]
    return moved


def sampling_bias(metric: OfTable, table: Floats) -> float:
    """Return by how much samples of as many rows score above the population on average, to second order.

    F1 is a ratio, so small classes score a little lower in samples than they are; accuracy has no bias, and that of
    other metrics is not looked at.
    """
    if metric == "accuracy" or isinstance(metric, TableMetric):
        return 0.0
    f1, both, weights = _parts(metric, table)
    hits, n = table.diagonal(), table.sum()
    variance = both + 2 * hits - both**2 / n  # of hits + misses counted twice, over samples
    covariance = 2 * hits - hits * both / n
    bias = weights @ ratio(f1 * variance - 2 * covariance, both**2)
    if metric == "f1_weighted":  # the weights are drawn with the rows
        bias += float(ratio(f1 * (both - table.sum(axis=1) - hits), both).sum() / n)
    return float(bias)


def _parts(metric: CoreMetric, table: Floats) -> tuple[Floats, Floats, Floats]:
    """Return of each class its F1, its rows and predictions together, and its weight in the mean."""
    true = table.sum(axis=1)
    both = true + table.sum(axis=0)
    weights = true if metric == "f1_weighted" else (both > 0).astype(np.float64)
    return ratio(2 * table.diagonal(), both), both, weights / weights.sum()
