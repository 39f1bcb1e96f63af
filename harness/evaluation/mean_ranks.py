"""Mean ranks of strategies over data sets, with intervals that also hold of few data sets and of two strategies."""

from dataclasses import dataclass

import numpy as np

from harness.evaluation.intervals import LEVEL
from harness.evaluation.metrics import Floats
from harness.evaluation.ranks import ROUNDING, ranks_of


@dataclass(frozen=True)
class MeanRank:
    """The mean rank of a strategy over data sets, 1 the best, with its interval, None of a single data set."""

    value: float
    low: float | None = None
    high: float | None = None


def mean_ranks(scores: Floats, level: float = LEVEL) -> list[MeanRank]:
    """Return the mean rank of each strategy with its interval over samples of data sets and of test rows.

    Data sets are a sample, and the ranks on each already hold what its test rows add to chance. Of two strategies the
    mean rank is 1 and the share of data sets on which a strategy is the worse one, whose interval is exact up to its
    middle: the mid-P interval of Lancaster (1961), Journal of the American Statistical Association 56, 223-234. Of k
    strategies, how far the mean rank lies from 1 to k is such a share as well, of as many data sets as it varies like:
    the effective sample size of Korn and Graubard (1998), Survey Methodology 24, 193-201 (`_dispersion`).

    Args:
        scores: float (n data sets, k strategies), k of two or more, the higher the better.
        level: Share of samples whose interval covers the mean over all data sets of that kind.
    """
    n, k = scores.shape
    ranks = ranks_of(scores)
    means = ranks.mean(axis=0)
    if n == 1:
        return [MeanRank(float(mean)) for mean in means]
    sizes = n / _dispersion(ranks)
    shares = (means - 1) / (k - 1)
    found = (share_interval(float(share * size), float(size), level) for share, size in zip(shares, sizes, strict=True))
    return [
        MeanRank(float(mean), 1 + (k - 1) * low, 1 + (k - 1) * high)
        for mean, (low, high) in zip(means, found, strict=True)
    ]


def share_interval(n_of: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the mid-P interval of a share.

    Its ends are the shares at which as many as these or more, and as few or fewer, have half of 1 - level: of what is
    just as many, half is counted. A binomial distribution of numbers that are not whole is that of the beta function.

    Args:
        n_of: How many, 0..n, not necessarily whole.
        n: Of how many.
        level: Share of samples whose interval covers the true share.
    """
    from scipy.optimize import brentq
    from scipy.special import betainc

    if n_of > n / 2:  # the beta function has no value where none is
        low, high = share_interval(n - n_of, n, level)
        return 1 - high, 1 - low
    if n_of < ROUNDING:
        return 0.0, 1 - float((1 - level) ** (1 / n))

    def missed(share: float, tail: float) -> float:
        at_least, more = betainc(n_of, n - n_of + 1, share), betainc(n_of + 1, n - n_of, share)
        return float(at_least + more) / 2 - tail

    tail = (1 - level) / 2
    return float(brentq(missed, 0, 1, args=(tail,))), float(brentq(missed, 0, 1, args=(1 - tail,)))


def _dispersion(ranks: Floats) -> Floats:
    """Return by what share of the most that ranks of a certain mean can vary each strategy's do, float (k,).

    All of it with two strategies. With more it is estimated over all of them, since a few data sets hardly tell it of
    one. One data set of random ranks is added, so that ranks that are the same everywhere are no certainty. And ranks
    are whole numbers: with a mean between two of them they vary at least as if no others occurred.
    """
    n, k = ranks.shape
    shares, variances = (ranks.mean(axis=0) - 1) / (k - 1), ranks.var(axis=0, ddof=1) / (k - 1) ** 2
    smooth = (n * shares + 0.5) / (n + 1)
    added, most = float((smooth * (1 - smooth)).sum()), shares * (1 - shares)
    random = (k + 1) / (3 * (k - 1))  # of ranks any of which is as likely: (k^2 - 1) / 12 of (k - 1)^2 / 4
    shared = (n * variances.sum() + random * added) / ((n * most + variances).sum() + added)
    between = np.mod(ranks.mean(axis=0) + ROUNDING, 1)
    inside = most > ROUNDING
    least = np.full(k, 1 / (k - 1))  # which is what the bound nears at the first rank and at the last
    least[inside] = (between * (1 - between))[inside] / ((k - 1) ** 2 * most[inside])
    return np.asarray(np.clip(least, shared, 1), dtype=np.float64)
