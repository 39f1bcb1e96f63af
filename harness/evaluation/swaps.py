"""Two strategies that are alike: what coins make of their difference that decide, text by text, who answered what."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metric import Metric
from harness.evaluation.metrics import CoreMetric, Floats, Labels, ratio
from harness.evaluation.predicted import Predicted, Rows

SWAPS = 200  # draws of coins, where they show how far a difference moves
MOST_DRAWS = 20_000  # where they are counted
FEW_DRAWS = 5_000  # after which no more are made if none is as large as the difference
COUNTABLE = 1 / (FEW_DRAWS + 1)  # a p value that is not above it says how many were drawn
DRAWS_AT_ONCE = 1_000
ENOUGH = 100  # draws as far from 0 as the difference that was found: p is known to about a tenth of itself
TIE = 1e-12  # equal scores differ in the last bits


def swap_p(metric: CoreMetric, first: Predicted, second: Predicted) -> float:
    """Return how often coins make a difference in F1 as large as the one found, or larger, of single trainings.

    The randomisation test for F scores of Yeh (2000), "More accurate tests for the statistical significance of result
    differences", COLING, with whole texts as its units. Draws end where enough are as large (Besag and Clifford 1991,
    Biometrika 78, 301-304), and the found difference counts as one of them (Phipson and Smyth 2010, Statistical
    Applications in Genetics and Molecular Biology 9, article 39).

    Args:
        metric: f1_macro or f1_weighted.
        first: One strategy with one training.
        second: The other.

    Returns:
        It, or at most `COUNTABLE` where it is too small to be counted.
    """
    # the same coins whichever is the first
    first, second = sorted((first, second), key=lambda each: each.predictions.tobytes())
    swapping = _Swapping(metric, first, second)
    rng, draws, as_large = np.random.default_rng(0), 0, 0
    found = abs(swapping.differences(np.zeros((1, swapping.n_texts))).item()) - TIE
    while draws < (MOST_DRAWS if as_large else FEW_DRAWS) and as_large < ENOUGH:
        coins = rng.integers(2, size=(DRAWS_AT_ONCE, swapping.n_texts), dtype=np.uint8)
        as_large += int((np.abs(swapping.differences(coins)) >= found).sum())
        draws += DRAWS_AT_ONCE
    return (as_large + 1) / (draws + 1)


def moved_by_swaps(metric: Metric, first: Predicted, second: Predicted) -> Floats:
    """Return influences of texts (n_texts,) whose variance is that of the difference where coins decide who answered.

    For where no text has an influence on either score though the scores differ: of a perfect order of the texts by
    their probabilities, say, and of a constant one.
    """
    rng, differing = np.random.default_rng(0), first.differing_texts(second)
    found = []
    for _ in range(SWAPS):
        coins = differing & (rng.random(len(differing)) < 1 / 2)
        found.append(first.mixed(second, coins).score(metric) - second.mixed(first, coins).score(metric))
    return np.where(differing, np.sqrt(np.mean(np.square(found)) / max(differing.sum(), 1)), 0.0)


class _Swapping:
    """Differences in F1 of two trainings where some of the texts that they answer otherwise are swapped.

    Attributes:
        n_texts: Number of those texts.
    """

    def __init__(self, metric: CoreMetric, first: Predicted, second: Predicted) -> None:
        self._metric, self._of_class = metric, first.rows.of_class
        one, other = (_counts_of_texts(each.rows, each.predictions[0]) for each in (first, second))  # (n_texts, 2 k)
        self._first, self._both = one.sum(axis=0), (one + other).sum(axis=0)
        self._moved = (other - one)[(one != other).any(axis=1)]
        self.n_texts = len(self._moved)

    def differences(self, swapped: NDArray[Any]) -> Floats:
        """Return the difference of the scores where those texts are swapped, 1 or 0, (draws, n_texts)."""
        first = self._first + swapped.astype(np.float32) @ self._moved
        return self._f1(first) - self._f1(self._both - first)

    def _f1(self, counts: NDArray[np.float32]) -> Floats:
        """Return the score by the hits and the predictions of each class, (draws, 2 k)."""
        hits, predicted = np.split(counts.astype(np.float64), 2, axis=1)
        both = predicted + self._of_class
        f1 = ratio(2 * hits, both)
        if self._metric == "f1_weighted":
            return np.asarray(f1 @ (self._of_class / self._of_class.sum()))
        return np.asarray(f1.sum(axis=1) / (both > 0).sum(axis=1))


def _counts_of_texts(rows: Rows, predictions: Labels) -> NDArray[np.float32]:
    """Return what the rows of each text add to the hits and to the predictions of each class, (n_texts, 2 k)."""
    k = rows.n_classes
    counts = np.zeros((rows.n_texts, 2 * k), dtype=np.float32)  # exact up to 2**24 rows, and quick to multiply
    np.add.at(counts, (rows.text_of_row, k + predictions), 1)
    right = predictions == rows.labels
    np.add.at(counts, (rows.text_of_row[right], predictions[right]), 1)
    return counts
