"""The expected cost of a text as a metric: what each mistake costs, in a matrix of true and predicted classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.evaluation.metric import TableMetric
from harness.evaluation.metrics import Floats, Labels

EXPECTED_COST = "expected_cost"


@dataclass(frozen=True)
class ExpectedCost:
    """The mean of what the answers cost.

    Args:
        matrix: What it costs to answer each class (columns) to a text of each class (rows), k rows of k numbers.
    """

    matrix: tuple[tuple[float, ...], ...]

    def __call__(self, labels: Labels, predictions: Labels) -> float:
        """Return the cost a row, n rows being of class ids `labels` and predicted as `predictions`."""
        return float(np.array(self.matrix)[labels, predictions].mean())

    def of_table(self, table: Floats) -> float:
        """Return the same of a confusion matrix, (k, k)."""
        return float((table * np.array(self.matrix)).sum() / table.sum())

    def slope(self, shares: Floats) -> Floats:
        """Return how much a row of each cell costs, which is how far its share moves the mean, (k, k)."""
        del shares
        return np.array(self.matrix)


def expected_cost(matrix: Sequence[Sequence[float]]) -> TableMetric:
    """Return the metric of a matrix of costs, of which the lowest value is the best.

    Args:
        matrix: As of `ExpectedCost`, not all of its numbers the same.
    """
    cost, values = ExpectedCost(tuple(map(tuple, matrix))), np.array(matrix)
    bounds = float(values.min()), float(values.max())
    return TableMetric(EXPECTED_COST, cost, False, False, bounds, of_table=cost.of_table, slope=cost.slope)
