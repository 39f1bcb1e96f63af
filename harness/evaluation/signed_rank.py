"""The Bayesian signed-rank test: how probably one strategy is better over data sets, the same in practice, or worse.

Benavoli, Corani, Demšar and Zaffalon (2017), Time for a Change: a Tutorial for Comparing Multiple Classifiers Through
Bayesian Analysis, Journal of Machine Learning Research 18 (77), section 4.2: Wilcoxon's test with a Dirichlet process
in place of a null hypothesis, and a region of practical equivalence. The authors' package, baycomp, draws one weight
at a time in a loop, and nothing else of it is needed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.5  # strength of the prior, one data set on which both score the same: the paper's
DRAWS, SEED = 50_000, 0


@dataclass(frozen=True)
class SignedRank:
    """Probabilities that the difference over data sets is above the region, within it, or below; they sum to 1."""

    better: float
    same: float
    worse: float


def signed_rank(differences: NDArray[np.float64], rope: float) -> SignedRank:
    """Return how probably a strategy is better than another, the same in practice, or worse.

    Data sets get weights of a Dirichlet distribution. For a draw of them, the share of pairs of data sets whose mean
    difference lies above the region, within it or below says which of the three holds: the largest does.

    Args:
        differences: Score of the one less that of the other on each data set, the higher the better, float (n,).
        rope: Up to which difference both count as the same, at least 0.
    """
    values = np.concatenate([[0.0], differences])
    means = (values[:, np.newaxis] + values) / 2
    rng = np.random.default_rng(SEED)
    weights = rng.dirichlet([PRIOR, *np.ones(len(differences))], DRAWS)
    above, below = (((weights @ where) * weights).sum(axis=1) for where in (means > rope, means < -rope))
    largest = np.argmax([above, 1 - above - below, below], axis=0)
    better, same, worse = (np.bincount(largest, minlength=3) / DRAWS).tolist()
    return SignedRank(better, same, worse)
