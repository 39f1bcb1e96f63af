"""How far each row moves a metric that is of no confusion matrix: as the metric tells, else by leaving rows out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metric import Metric, RowMetric
from harness.evaluation.metrics import Floats, Labels

MOST_GROUPS, SEED = 200, 0  # of texts that are left out together


def row_influence(metric: Metric, labels: Labels, probabilities: NDArray[Any], texts: Labels) -> Floats:
    """Return how far each row moves a score, (n,); the sum of squares over texts is its variance over samples.

    Args:
        metric: The metric.
        labels: True class ids, int64 (n,).
        probabilities: Class probabilities, float32 (n, k).
        texts: Number of the text of each row, 0 to t - 1, int64 (n,).

    Raises:
        UndefinedMetricError: Where the metric has no value without some of the rows.
    """
    if isinstance(metric, RowMetric):
        return metric.influence(labels, probabilities)
    return _left_out(metric, labels, probabilities, texts)


def _left_out(metric: Metric, labels: Labels, probabilities: NDArray[Any], texts: Labels) -> Floats:
    """Return the same by the jackknife, where nothing is known of a metric but its values.

    One text is left out at a time, of many texts a group of random ones: the delete-a-group jackknife of Kott (2001),
    Journal of Official Statistics 17, 521-526. What a group moves is shared by its texts such that their squares sum
    to its square.
    """
    n, n_texts = len(labels), int(texts.max()) + 1
    group_of_text = np.random.default_rng(SEED).permutation(n_texts) % min(n_texts, MOST_GROUPS)
    group_of_row, rows_of_text = group_of_text[texts], np.bincount(texts)
    whole, moved = metric.value(labels, probabilities), np.zeros(n)
    for group in range(min(n_texts, MOST_GROUPS)):
        left = group_of_row == group
        if left.all():  # of one text nothing is left
            return moved
        without = metric.value(labels[~left], probabilities[~left])
        share = np.sqrt((rows_of_text[group_of_text == group] ** 2).sum())
        moved[left] = (whole - without) * (~left).sum() / n / share
    return moved
