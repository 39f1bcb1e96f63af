"""Two strategies that are alike: what coins make of their difference that decide, text by text, who answered what."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metric import Metric
from harness.evaluation.metrics import CoreMetric, Floats, Labels, ratio
from harness.evaluation.predicted import Predicted

SWAPS = 200  # draws of coins, where they show how far a difference moves
MOST_DRAWS, LEAST_MOST = 20_000, 1_000  # where they are counted, the fewer the larger the data
WORK = 2_000_000_000  # products of one pair, which take about a second
FEW_DRAWS = 5_000  # after which no more are made if none is as large as the difference
SURE = 1e-4  # an estimate of p below which the first draws only have to bear it out
DRAWS_AT_ONCE, COINS_AT_ONCE = 1_000, 10_000_000
ENOUGH = 100  # draws as far from 0 as the difference that was found: p is known to about a tenth of itself
TIE = 1e-12  # equal scores differ in the last bits


def swap_p(metric: CoreMetric, first: Predicted, second: Predicted, estimate: float) -> float:
    """Return how often coins make a difference in F1 as large as the one found, or larger, of single trainings.

    The randomisation test for F scores of Yeh (2000), "More accurate tests for the statistical significance of result
    differences", COLING, with whole texts as its units. Draws end where enough are as large (Besag and Clifford 1991,
    Biometrika 78, 301-304), and the found difference counts as one of them (Phipson and Smyth 2010, Statistical
    Applications in Genetics and Molecular Biology 9, article 39).

    Args:
        metric: f1_macro or f1_weighted.
        first: One strategy with one training.
        second: The other.
        estimate: The p value by a formula, which stands where it is too small to be counted.
    """
    # the same coins whichever is the first
    first, second = sorted((first, second), key=lambda each: each.predictions.tobytes())
    swapping = _Swapping(metric, first, second)
    rng, draws, as_large = np.random.default_rng(0), 0, 0
    found = abs(swapping.differences(np.zeros((1, swapping.n_texts))).item()) - TIE
    most = min(max(WORK // swapping.n_products, LEAST_MOST), MOST_DRAWS)
    at_once = max(min(DRAWS_AT_ONCE, COINS_AT_ONCE // max(swapping.n_texts, 1)), 1)
    while draws < most and as_large < ENOUGH:
        coins = rng.integers(2, size=(at_once, swapping.n_texts), dtype=np.uint8)
        as_large += int((np.abs(swapping.differences(coins)) >= found).sum())
        draws += at_once
        enough = LEAST_MOST if estimate < SURE else FEW_DRAWS
        if not as_large and draws >= enough:
            break
    counted = (as_large + 1) / (draws + 1)
    return counted if as_large else min(counted, estimate)


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
        n_products: Products that one draw takes.
    """

    def __init__(self, metric: CoreMetric, first: Predicted, second: Predicted) -> None:
        self._metric, rows = metric, first.rows
        self._of_class, k = rows.of_class, rows.n_classes
        one, other = first.predictions[0], second.predictions[0]
        self._first = _counts(rows.labels, one, np.zeros(rows.n, dtype=np.int64), 1, k)[0]
        self._both = self._first + _counts(rows.labels, other, np.zeros(rows.n, dtype=np.int64), 1, k)[0]
        differing = one != other
        numbers, texts = np.unique(rows.text_of_row[differing], return_inverse=True)
        of_one, of_other = (_counts(rows.labels[differing], p[differing], texts, len(numbers), k) for p in (one, other))
        self._moved = of_other - of_one  # (n_texts, 2 k)
        self.n_texts, self.n_products = len(numbers), max(self._moved.size, 1)

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


def _counts(labels: Labels, predictions: Labels, texts: Labels, n_texts: int, k: int) -> NDArray[np.float32]:
    """Return what the rows of each text add to the hits and to the predictions of each class, (n_texts, 2 k)."""
    counts = np.zeros((n_texts, 2 * k), dtype=np.float32)  # exact up to 2**24 rows, and quick to multiply
    np.add.at(counts, (texts, k + predictions), 1)
    right = predictions == labels
    np.add.at(counts, (texts[right], predictions[right]), 1)
    return counts
