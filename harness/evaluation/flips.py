"""Two strategies on the same test rows: where the second gained and lost on the first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metrics import confusion


@dataclass(frozen=True)
class Flips:
    """What changes where the second strategy takes the place of the first.

    Attributes:
        fixed: Positions of rows that only the second gets right, int64 (f,).
        broken: Positions of rows that only the first gets right, int64 (b,).
        both_right: Number of rows that both get right.
        both_wrong: Number of rows that both get wrong.
        difference: Confusion of the second minus that of the first, int64 (k, k); rows are true classes.
    """

    fixed: NDArray[np.int64]
    broken: NDArray[np.int64]
    both_right: int
    both_wrong: int
    difference: NDArray[np.int64]


def find_flips(labels: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64], n_classes: int) -> Flips:
    """Compare two strategies row by row.

    Args:
        labels: True class ids, int64 (n,).
        first: Class ids that the first predicts, int64 (n,).
        second: Class ids that the second predicts, int64 (n,).
        n_classes: Number of classes, k.
    """
    right_first, right_second = first == labels, second == labels
    return Flips(
        fixed=np.flatnonzero(right_second & ~right_first),
        broken=np.flatnonzero(right_first & ~right_second),
        both_right=int((right_first & right_second).sum()),
        both_wrong=int((~right_first & ~right_second).sum()),
        difference=(confusion(labels, second, n_classes) - confusion(labels, first, n_classes)).astype(np.int64),
    )


def rows_behind(
    labels: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64], cell: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the positions of the rows that make up a cell of the difference, int64 (m,).

    Args:
        labels: True class ids, int64 (n,).
        first: Class ids that the first predicts, int64 (n,).
        second: Class ids that the second predicts, int64 (n,).
        cell: True class and predicted class.

    Returns:
        The rows of that true class for which just one of the two predicts that class.
    """
    true, predicted = cell
    return np.flatnonzero((labels == true) & ((first == predicted) != (second == predicted)))
