"""Weights of classes in the loss of training: all rows alike, or all classes."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

ClassWeight = Literal["none", "balanced"]


def class_weights(labels: NDArray[np.int64], n_classes: int, choice: ClassWeight) -> NDArray[np.float64] | None:
    """Return how much a row of each class counts in a loss, float64 (k,), None where all count the same.

    `balanced` is n / (c n_i) for a class of n_i of the n rows, c being the number of classes that have any: scikit-
    learn's `compute_class_weight`. The mean over the rows is 1. A class without rows has weight 1.

    Args:
        labels: Class ids, int64 (n,).
        n_classes: Number of classes, k.
        choice: none or balanced.
    """
    if choice == "none":
        return None
    counts = np.bincount(labels, minlength=n_classes)
    there = counts > 0
    return np.where(there, len(labels) / (there.sum() * np.maximum(counts, 1)), 1.0)


def sklearn_class_weight(choice: ClassWeight) -> Literal["balanced"] | None:
    """Return the `class_weight` of scikit-learn's estimators that means the same.

    Args:
        choice: none or balanced.
    """
    return None if choice == "none" else choice
