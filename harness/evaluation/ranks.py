"""Ranks of strategies over data sets, and which of them can be told apart.

The tests are those of Demšar (2006), Journal of Machine Learning Research 7, 1-30: Friedman's over all strategies,
Nemenyi's critical difference of mean ranks, and Wilcoxon's signed ranks of every two, corrected by Holm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.evaluation.comparisons import ALPHA, holm
from harness.evaluation.metrics import Floats

ROUNDING = 1e-9  # of means of ranks
PAIR = 2  # strategies, which the exact sign test tells apart: Friedman's and Nemenyi's are for more of them
FEWEST_SETS = 5  # of which ranks are tested: fewer separate next to nothing (Demšar, section 3.2)


def ranks_of(scores: Floats) -> Floats:
    """Return the rank of each strategy on each data set, 1 the best; equal ones share the mean of their ranks.

    Args:
        scores: float (n data sets, k strategies), the higher the better.

    Returns:
        float (n, k).
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-scores, axis=1), dtype=np.float64)


def friedman_p(scores: Floats) -> float:
    """Return how often ranks as uneven as these, or more, come about where all strategies are alike.

    Friedman (1937), Journal of the American Statistical Association 32. 1 where all scores are the same.

    Args:
        scores: float (n data sets, k strategies), at least three strategies.
    """
    from scipy.stats import friedmanchisquare

    if (scores == scores[:, :1]).all():
        return 1.0
    return float(friedmanchisquare(*scores.T).pvalue)


def unequal_p(scores: Floats) -> float:
    """Return how often ranks as uneven as these come about where all are alike: Friedman's test, of two the sign test.

    Args:
        scores: float (n data sets, k of two or more).
    """
    from scipy.stats import binomtest

    if scores.shape[1] > PAIR:
        return friedman_p(scores)
    apart = scores[:, 0] - scores[:, 1]
    n = np.count_nonzero(apart)
    return float(binomtest(np.count_nonzero(apart > 0), n).pvalue) if n else 1.0


def critical_difference(k: int, n: int, alpha: float = ALPHA) -> float:
    """Return by how much the mean ranks of k strategies over n data sets have to differ to be told apart.

    It is Nemenyi's. Of two strategies it is that of the sign test, which is exact: with five data sets Nemenyi's, of
    large samples, tells 1 of 16 pairs of equal strategies apart. Above 1 where no number of wins is enough.
    """
    from scipy.stats import binom, studentized_range

    if k == PAIR:
        wins = next((w for w in range(n // 2 + 1, n + 1) if 2 * binom.sf(w - 1, n, 0.5) <= alpha), n + 1)
        return (2 * wins - n) / n
    return float(studentized_range.ppf(1 - alpha, k, np.inf) / np.sqrt(2)) * _rank_error(k, n)


def nemenyi_p(scores: Floats) -> Floats:
    """Return the p value of every two strategies in Nemenyi's test, float (k, k), 1 on the diagonal.

    Args:
        scores: float (n data sets, k strategies), the higher the better.
    """
    from scipy.stats import studentized_range

    n, k = scores.shape
    means = ranks_of(scores).mean(axis=0)
    apart = np.abs(means[:, np.newaxis] - means) / _rank_error(k, n)
    found = np.asarray(studentized_range.sf(apart * np.sqrt(2), k, np.inf), dtype=np.float64)
    np.fill_diagonal(found, 1.0)
    return found


def wilcoxon_p(scores: Floats) -> Floats:
    """Return the p value of every two strategies in Wilcoxon's signed-rank test, by Holm, float (k, k).

    Wilcoxon (1945), Biometrics Bulletin 1, without the data sets on which both score the same. 1 on the diagonal, and
    where two score the same everywhere.

    Args:
        scores: float (n data sets, k strategies).
    """
    from scipy.stats import wilcoxon

    k = scores.shape[1]
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    raw = []
    for i, j in pairs:
        differs = (scores[:, i] != scores[:, j]).any()
        raw.append(float(wilcoxon(scores[:, i], scores[:, j]).pvalue) if differs else 1.0)
    found = np.ones((k, k))
    for (i, j), p in zip(pairs, holm(raw), strict=True):
        found[i, j] = found[j, i] = p
    return found


def groups_alike(means: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return the largest groups of neighbours whose mean ranks differ by less than a critical difference.

    Args:
        means: k mean ranks, in ascending order.
        difference: What they have to differ by to be told apart.

    Returns:
        First and last position of each group of two or more, in that order.
    """
    found: list[tuple[int, int]] = []
    for first in range(len(means)):
        last = max(i for i in range(first, len(means)) if means[i] - means[first] < difference - ROUNDING)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


@dataclass(frozen=True)
class Groups:
    """Which strategies can be told apart over data sets.

    Attributes:
        difference: What mean ranks have to differ by (Nemenyi), None with fewer than `FEWEST_SETS` data sets.
        p: Of Friedman's test, None with too few data sets, or two strategies.
        alike: First and last position of each group that cannot be told apart.
    """

    difference: float | None
    p: float | None
    alike: tuple[tuple[int, int], ...]


def told_apart(scores: Floats) -> Groups:
    """Say which strategies can be told apart: none where Friedman's test does not reject (Demšar, section 3.2.2).

    Args:
        scores: float (n data sets, k strategies), the higher the better, the best mean rank first.
    """
    n, k = scores.shape
    difference = critical_difference(k, n) if n >= FEWEST_SETS else None
    p = friedman_p(scores) if difference is not None and k > PAIR else None
    if difference is None or (p is not None and p >= ALPHA):
        return Groups(difference, p, ((0, k - 1),))
    return Groups(difference, p, tuple(groups_alike(ranks_of(scores).mean(axis=0).tolist(), difference)))


def _rank_error(k: int, n: int) -> float:
    """Return the standard error of the difference of two mean ranks, of strategies that are alike."""
    return float(np.sqrt(k * (k + 1) / (6 * n)))
