"""How far a score may be off because the test rows are a sample: Wilson's interval, and a bootstrap over the rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metrics import METRICS, Metric
from harness.frozen_model import FrozenModel

LEVEL = 0.95
N_RESAMPLES = 2000  # of a bootstrap whose percentiles are read; Efron and Tibshirani (1993), section 14.3
BATCH_BYTES = 100_000_000  # what the table of resampled rows may take, however many rows there are
BATCH_RESAMPLES = 100  # at a time: more leave the processor's cache and are slower
PAIR_ELEMENTS = 250_000  # F1s of pairs held at a time, for the same reason
COUNTED = 10  # resamples beyond a difference that are enough to count them; Knijnenburg et al. (2009)
TIE = 1e-12  # scores nearer than this are equal: sums round differently from machine to machine

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class Interval(FrozenModel):
    """Confidence interval of a score, or of a difference of scores."""

    low: float
    high: float


def wilson(n_right: int, n: int, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval of a share, here of the rows that are right.

    Unlike the interval of the normal distribution it stays within 0-1, and it is not a point where no row or
    every row is right. Wilson (1927), Journal of the American Statistical Association 22; recommended by
    Newcombe (1998), Statistics in Medicine 17, 857-872, whose 81 of 263 give 0.2553 to 0.3662.

    Args:
        n_right: Number of rows that are right, 0..n.
        n: Number of rows, at least 1.
        level: Share of samples whose interval covers the true value.
    """
    from scipy.stats import binomtest

    found = binomtest(n_right, n).proportion_ci(confidence_level=level, method="wilson")
    return Interval(low=float(found.low), high=float(found.high))


class _Counts(NamedTuple):
    """What F1 needs to know of each class: how many rows were right, predicted as it, and truly of it.

    `right` and `predicted` are (..., m, k, ...) alike; `true`, the same for all classifiers, lacks the m.
    """

    right: Floats
    predicted: Floats
    true: Floats

    def f1(self) -> Floats:
        """Return the F1 of each class, zero where undefined, as in `harness.evaluation.metrics.evaluate`."""
        return _ratio(2 * self.right, self.predicted + self.true)

    def scores(self) -> Floats:
        """Return (3, m, w) in the order of `METRICS`, from counts (m, k, w)."""
        f1, n = self.f1(), self.true.sum(axis=0)
        return np.stack([self.right.sum(axis=1) / n, f1.mean(axis=1), (f1 * self.true).sum(axis=1) / n])


class _Outcomes:
    """Counts of m classifiers over rows of any weights, by two sparse matrix products."""

    def __init__(self, labels: Labels, predictions: Labels, n_classes: int) -> None:
        # float32 counts exactly up to 2**24 and is twice as fast.
        self._dtype: Any = np.float32 if len(labels) < 2**24 else np.float64
        self._shape = (len(predictions), n_classes, 2)
        first = np.arange(len(predictions), dtype=np.int32)[:, np.newaxis] * n_classes
        # A row falls, for each classifier, into one cell: its predicted class, and whether that was right.
        outcome = (first + predictions.astype(np.int32)) * 2 + (predictions == labels)
        self._outcome = _indicators(outcome, int(np.prod(self._shape)), self._dtype)
        self._true = _indicators(labels[np.newaxis].astype(np.int32), n_classes, self._dtype)

    def counts(self, weights: NDArray[np.int64]) -> _Counts:
        """Return counts (m, k, w) over n rows weighted in w ways, weights (n, w)."""
        weights = weights.astype(self._dtype)
        outcome = (self._outcome @ weights).astype(np.float64).reshape(*self._shape, -1)
        return _Counts(outcome[:, :, 1], outcome.sum(axis=2), (self._true @ weights).astype(np.float64))


class Bootstrap:
    """Scores of m classifiers on resampled test rows, the same rows for all, so that every difference is paired.

    Rows are drawn by `scipy.stats.bootstrap`. Intervals of scores are bias-corrected and accelerated (BCa; Efron
    1987; Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 14), scipy's default and the same
    numbers; scipy itself would leave out each row in turn on a table of n x n, here it is done on counts. Plain
    percentiles would not do: F1 is a ratio, so resampling shifts f1_macro downwards by as much as sampling did,
    and for 77 classes in 2,000 rows percentiles cover the true value in 90 % of test sets instead of 95 % (BCa:
    95 %). Intervals of differences are the difference plus and minus its standard error times 1.96: there the
    shifts cancel, and where few rows differ, percentiles and BCa follow these rows too closely. Where a class has
    fewer than about ten test rows no method keeps its level for f1_macro: with five of 500 rows BCa covers 89 %.

    A score that no resample can change, such as that of a classifier that is right on every row, has an
    interval of no width; `wilson` of its accuracy says how little that may mean in a few rows.

    Args:
        labels: True class ids, int64 (n,).
        predictions: Predicted class ids, int64 (m, n).
        n_classes: Number of classes, k.
        pairs: Classifiers whose difference in f1_macro is to be tested.
        n_resamples: Number of resamples, at least 2.
        seed: The same seed gives the same interval, whoever else is compared.
        level: Share of samples whose interval covers the true value.
    """

    def __init__(
        self,
        labels: Labels,
        predictions: Labels,
        n_classes: int,
        pairs: Sequence[tuple[int, int]] = (),
        n_resamples: int = N_RESAMPLES,
        seed: int = 0,
        level: float = LEVEL,
    ) -> None:
        self._labels, self._predictions, self._level = labels, predictions, level
        outcomes = _Outcomes(labels, predictions, n_classes)
        counts = outcomes.counts(np.ones((len(labels), 1), dtype=np.int64))
        self._counts = _Counts(*(array[..., 0] for array in counts))
        self._observed: Floats = counts.scores()[:, :, 0]  # (3, m)
        found = _resampled(outcomes, np.array(pairs, dtype=np.int64).reshape(-1, 2), len(labels), n_resamples, seed)
        n_scores = self._observed.size
        self._scores = found[:n_scores].reshape(*self._observed.shape, n_resamples)  # (3, m, resamples)
        self._null = dict(zip(pairs, found[n_scores:], strict=True))

    def score(self, metric: Metric, i: int) -> float:
        """Return a score of classifier i on all rows."""
        return float(self._observed[METRICS.index(metric), i])

    def interval(self, metric: Metric, i: int) -> Interval:
        """Return the interval of a score of classifier i."""
        resampled = self._scores[METRICS.index(metric), i]
        return _bca(self.score(metric, i), resampled, self._without_each_row(metric, i), self._level)

    def difference(self, metric: Metric, a: int, b: int) -> tuple[float, Interval]:
        """Return by how much classifier a scores above b, and the interval of that."""
        from scipy.stats import norm

        value = self.score(metric, a) - self.score(metric, b)
        first, second = self._scores[METRICS.index(metric), [a, b]]
        reach = float(norm.isf((1 - self._level) / 2) * (first - second).std(ddof=1))
        return value, Interval(low=max(value - reach, -1), high=min(value + reach, 1))

    def p_value(self, a: int, b: int) -> float:
        """Return how often f1_macro of a and b would differ by this much or more if they were alike.

        A paired bootstrap under the null hypothesis: whenever a row is drawn, chance decides which of the two
        predicted what (Efron and Tibshirani 1993, chapter 16; Noreen 1989 and Yeh 2000 for swapping predictions).
        Where at least `COUNTED` resamples differ as much, their share is the p value. Beyond that it is the tail
        of a normal distribution of their standard error, since a share cannot fall below 1 / `n_resamples` and,
        corrected for the 190 pairs of 20 strategies, would distinguish nothing. It is never smaller than if the
        one were ahead in every row in which they differ, each of which is a fair coin if they are alike.

        The standard error without the null hypothesis would call three rows of a rare class against none certain.

        Args:
            a: A classifier.
            b: Another one; (a, b) must be among `pairs`.
        """
        from scipy.stats import norm

        value, null = abs(self.score("f1_macro", a) - self.score("f1_macro", b)), self._null[a, b]
        n_beyond = int((np.abs(null) > value - TIE).sum())
        error = np.sqrt((null**2).mean())
        if n_beyond >= COUNTED:
            p = (n_beyond + 1) / (len(null) + 1)  # Phipson and Smyth (2010)
        else:
            p = 2 * norm.sf(value / error) if error > TIE else 1.0
        n_differing = int((self._predictions[a] != self._predictions[b]).sum())
        return float(min(max(p, 2.0 ** (1 - n_differing)), 1))

    def _without_each_row(self, metric: Metric, i: int) -> Floats:
        """Return the score of classifier i without the first row, without the second and so on, (n,)."""
        labels, predictions, n = self._labels, self._predictions[i], len(self._labels)
        hit = labels == predictions
        if metric == "accuracy":
            accuracy: Floats = (hit.sum() - hit) / max(n - 1, 1)
            return accuracy
        right, true = self._counts.right[i], self._counts.true
        both = self._counts.predicted[i] + true  # (k,), the denominator of F1
        f1 = _ratio(2 * right, both)
        without_miss = _ratio(2 * right, both - 1)  # F1 without a row that is of the class or predicted as it
        without_hit = _ratio(2 * (right - 1), both - 2)  # F1 without a row that is both
        weighted = metric == "f1_weighted"
        weight = true if weighted else np.ones_like(true)
        change = np.where(hit, without_hit[labels], without_miss[labels]) * (weight[labels] - weighted)
        change -= (f1 * weight)[labels]
        change += np.where(hit, 0, ((without_miss - f1) * weight)[predictions])
        left_out: Floats = ((f1 * weight).sum() + change) / (max(n - 1, 1) if weighted else len(f1))
        return left_out


def _resampled(outcomes: _Outcomes, pairs: Labels, n: int, n_resamples: int, seed: int) -> Floats:
    """Return (3 m + pairs, resamples): all scores, then the differences of pairs under the null hypothesis."""
    from scipy.stats import bootstrap

    draws = np.random.default_rng(seed)
    swaps = draws.spawn(1)[0]

    def statistic(rows: NDArray[np.int32], axis: int) -> Floats:
        del axis  # the last one: rows (batch, n)
        batch = len(rows)
        swapped = swaps.integers(0, 2, rows.shape, dtype=bool)
        cell = (rows.astype(np.int64) * 2 + swapped) * batch + np.arange(batch)[:, np.newaxis]
        halves = outcomes.counts(np.bincount(cell.ravel(), minlength=2 * n * batch).reshape(n, 2 * batch))
        kept = _Counts(*(array[..., :batch] for array in halves))
        other = _Counts(*(array[..., batch:] for array in halves))
        scores = _Counts(*(a + b for a, b in zip(kept, other, strict=True))).scores()
        return np.concatenate([scores.reshape(-1, batch), _null_differences(kept, other, pairs)])

    if n == 1:  # scipy asks for two rows; of one, every resample is the same
        return statistic(np.zeros((n_resamples, 1), dtype=np.int32), axis=-1)
    batch = min(BATCH_RESAMPLES, max(1, BATCH_BYTES // (50 * n)))
    rows = np.arange(n, dtype=np.int32)
    found: Floats = bootstrap(
        (rows,), statistic, n_resamples=n_resamples, batch=batch, vectorized=True, method="percentile", rng=draws
    ).bootstrap_distribution
    return found


def _null_differences(kept: _Counts, swapped: _Counts, pairs: Labels) -> Floats:
    """Return differences in f1_macro of pairs, (pairs, w), each half of the rows read as the other's in `swapped`."""
    true = kept.true + swapped.true
    per_chunk = max(1, PAIR_ELEMENTS // true.size)
    found = [np.empty((0, true.shape[1]))]
    for start in range(0, len(pairs), per_chunk):
        a, b = pairs[start : start + per_chunk].T
        first = _Counts(kept.right[a] + swapped.right[b], kept.predicted[a] + swapped.predicted[b], true).f1()
        second = _Counts(kept.right[b] + swapped.right[a], kept.predicted[b] + swapped.predicted[a], true).f1()
        found.append((first - second).mean(axis=1))
    return np.concatenate(found)


def _bca(value: float, resampled: Floats, left_out: Floats, level: float) -> Interval:
    """Return the bias-corrected and accelerated interval, Efron and Tibshirani (1993), equations 14.10 to 14.15.

    Args:
        value: The score of all rows.
        resampled: Scores of resampled rows.
        left_out: Scores without each row in turn, (n,).
        level: Share of samples whose interval covers the true value.
    """
    from scipy.special import ndtr, ndtri

    if np.ptp(resampled) < TIE:
        return Interval(low=value, high=value)
    share_below = ((resampled < value - TIE).mean() + (resampled < value + TIE).mean()) / 2
    resolution = 1 / (2 * len(resampled))
    bias = ndtri(np.clip(share_below, resolution, 1 - resolution))
    deviation = left_out.mean() - left_out
    skewed = np.ptp(left_out) > TIE
    acceleration = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5) if skewed else 0.0
    tails = bias + ndtri(np.array([1 - level, 1 + level]) / 2)
    low, high = np.quantile(resampled, ndtr(bias + tails / (1 - acceleration * tails)))
    # Where resampling shifts a score by more than its own spread, both ends can lie on one side of it.
    return Interval(low=min(value, float(low)), high=max(value, float(high)))


def _indicators(cells: NDArray[np.int32], n_cells: int, dtype: Any) -> Any:
    """Return a sparse matrix (n_cells, n) that is 1 where row n lies in that cell; cells (m, n)."""
    from scipy.sparse import csr_array

    m, n = cells.shape
    ones = np.ones(m * n, dtype=dtype)
    starts = np.arange(0, m * n + 1, m)
    return csr_array((ones, cells.T.ravel(), starts), shape=(n, n_cells)).T


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)
