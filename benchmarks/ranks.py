"""How often equal strategies are told apart over data sets, and what intervals of mean ranks cover: no speed.

python benchmarks/ranks.py [--times 2000]

Scores are shares of right rows. A data set is easier or harder for all, and a strategy does better or worse on it than
on average (spread); equal strategies are so on average over data sets, not on each.
"""

import argparse
from itertools import product

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.ranks import mean_ranks, ranks_of, told_apart

SETS, STRATEGIES, ROWS, SPREADS = (5, 8, 12, 20), (2, 3, 6, 10), 500, (0.0, 0.02, 0.05)
HARDNESS = 0.08  # standard deviation over data sets, of all strategies alike


def drawn(
    rng: np.random.Generator, n_sets: int, rates: NDArray[np.float64], spread: float, n_rows: int = ROWS
) -> NDArray[np.float64]:
    """Return the scores of strategies, whose mean is `rates`, on a sample of data sets and rows, (sets, strategies)."""
    means = rates + rng.normal(0, HARDNESS, (n_sets, 1)) + rng.normal(0, spread, (n_sets, len(rates)))
    return np.asarray(rng.binomial(n_rows, np.clip(means, 0.01, 0.99)) / n_rows, dtype=np.float64)


def falsely_told_apart(n_sets: int, k: int, spread: float, times: int) -> float:
    """Return how often any two of k equal strategies are told apart."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(times):
        scores = drawn(rng, n_sets, np.full(k, 0.75), spread)
        scores = scores[:, np.argsort(ranks_of(scores).mean(axis=0), kind="stable")]
        wrong += told_apart(scores).alike != ((0, k - 1),)
    return wrong / times


def covered(n_sets: int, k: int, spread: float, times: int) -> float:
    """Return how often the interval of a mean rank holds that over all data sets, of k unequal strategies."""
    rng, rates = np.random.default_rng(0), np.linspace(0.70, 0.78, k)
    true, found = ranks_of(drawn(rng, 20_000, rates, spread)).mean(axis=0), []
    for _ in range(times):
        scores = drawn(rng, n_sets, rates, spread)
        ranks = mean_ranks(scores, np.sqrt(scores * (1 - scores) / ROWS))
        found += [each.low <= rank <= each.high for each, rank in zip(ranks, true, strict=True)]
    return float(np.mean(found))


def main() -> None:
    """Print both for every number of data sets and strategies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2000, help="default: %(default)s")
    times = parser.parse_args().times
    for n_sets, k in product(SETS, STRATEGIES):
        apart = ", ".join(f"{falsely_told_apart(n_sets, k, spread, times):.3f}" for spread in SPREADS)
        share = ", ".join(f"{covered(n_sets, k, spread, max(times // 5, 1)):.3f}" for spread in SPREADS)
        spreads = ", ".join(map(str, SPREADS))
        print(f"{n_sets} data sets, {k} strategies, spread {spreads}: falsely told apart {apart}; covered {share}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
