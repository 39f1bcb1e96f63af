"""Tuning curves: the best score that a search of so many configurations finds, with exact confidence bands.

Source: Lourie, Cho and He (2024), Show Your Work with Confidence: Confidence Bands for Tuning Curves, NAACL,
arXiv:2311.09480, whose own implementation is the package `opda`. A search draws its configurations independently, so
its scores are a sample of one distribution F, and the median of the best of k is the quantile 0.5 ** (1 / k) of F. A
band that holds F as a whole therefore holds the curve as a whole, whatever F is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harness.evaluation.metrics import Floats

LEVEL = 0.95
ROOM = 12  # standard deviations, beyond which a Poisson number does not come


@dataclass(frozen=True)
class CurvePoint:
    """The best score of a search of `n` configurations: half of all such searches reach `value`.

    `low` and `high` are the band's ends, None where these scores tell none: no number of draws bounds from above what a
    much longer search finds.
    """

    n: int
    value: float | None
    low: float | None
    high: float | None


def tuning_curve(scores: Sequence[float], level: float = LEVEL) -> list[CurvePoint]:
    """Return the tuning curve of a random search, at 1 to as many configurations as were drawn.

    Args:
        scores: The score of each configuration such that the largest is the best, at least one; minus infinity of one
            that failed.
        level: Probability that the band holds the whole curve.

    Returns:
        One point for each number of configurations.
    """
    ordered = np.sort(np.asarray(scores, np.float64))
    n = len(ordered)
    lower, upper = order_statistic_bands(n, level)
    quantiles = 0.5 ** (1 / np.arange(1, n + 1))
    # F is at least lower[i] from the i-th score on, and at most upper[i] below it.
    low, high = np.searchsorted(upper, quantiles) - 1, np.searchsorted(lower, quantiles)
    middle = np.ceil(quantiles * n - 1e-9).astype(int) - 1
    return [CurvePoint(k + 1, _at(ordered, middle[k]), _at(ordered, low[k]), _at(ordered, high[k])) for k in range(n)]


def _at(ordered: Floats, i: int) -> float | None:
    return float(ordered[i]) if 0 <= i < len(ordered) and np.isfinite(ordered[i]) else None


@lru_cache(maxsize=64)
def order_statistic_bands(n: int, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Return bounds of F at each of n ordered draws from it, which hold at all of them at once.

    F at the i-th of n draws has the beta distribution (i, n + 1 - i) if F is continuous. Each bound is the same
    quantile of its own, so that both tails and all places count alike: the equal-tailed bands of Lourie et al., after
    Learned-Miller and DeStefano (2008), A probabilistic upper bound on differential entropy, IEEE Transactions on
    Information Theory 54, 5223-5230. Where F has jumps, they hold with a higher probability.

    Args:
        n: Number of draws.
        level: Probability that all bounds hold.

    Returns:
        Lower and upper bounds, increasing, float64 (n,) each.
    """
    from scipy.optimize import brentq
    from scipy.special import betaincinv

    i = np.arange(1, n + 1)

    def bounds(tail: float) -> tuple[Floats, Floats]:
        return betaincinv(i, n + 1 - i, tail), betaincinv(i, n + 1 - i, 1 - tail)

    widest = (1 - level) / 2
    tail = brentq(lambda tail: probability_within(*bounds(tail)) - level, widest / n / 2, widest, xtol=1e-12)
    return bounds(float(tail))


def probability_within(lower: Floats, upper: Floats) -> float:
    """Return the probability that each of n ordered uniform draws lies within its bounds.

    The draws are seen as the points of a Poisson process with n of them: between two bounds the number of points grows
    by a Poisson number, and at each bound those numbers are dropped that break it (Moscovich and Nadler 2017, Fast
    calculation of boundary crossing probabilities for Poisson processes, Statistics & Probability Letters 123,
    177-182).

    Args:
        lower: Lower bounds, increasing, float64 (n,) in [0, 1].
        upper: Upper bounds, increasing, float64 (n,) in [0, 1].
    """
    from scipy.special import gammaln

    n = len(lower)
    log_factorials = gammaln(np.arange(n + 2) + 1)

    def poisson(mean: float, most: int) -> Floats:
        """Return the probability of 0 to at most `most` points, without those that rounding swallows."""
        counts = np.arange(min(most, int(mean + ROOM * (1 + mean**0.5))) + 1)
        return np.asarray(np.exp(counts * np.log(max(mean, 1e-300)) - mean - log_factorials[: len(counts)]))

    # The i-th draw is above lower[i] if at most i come before it, and below upper[i] if more than i have come by then.
    places = sorted([(at, 0, i) for i, at in enumerate(lower)] + [(at, 1, i) for i, at in enumerate(upper)])
    reached, fewest, chances = 0.0, 0, np.ones(1)  # chances[j]: of fewest + j points so far, all bounds kept
    for at, is_upper, i in places:
        chances = np.convolve(chances, poisson(n * (at - reached), n - fewest))[: n - fewest + 1]
        reached, dropped = at, max(i + 1 - fewest, 0) if is_upper else 0
        chances, fewest = chances[dropped:] if is_upper else chances[: i - fewest + 1], fewest + dropped
    missing = n - fewest - np.arange(len(chances))
    rest = n * (1 - reached)
    of_rest = np.exp(missing * np.log(max(rest, 1e-300)) - rest - log_factorials[missing])
    return float(chances @ of_rest / np.exp(n * np.log(n) - n - log_factorials[n]))
