"""How often equal strategies are told apart over data sets, and what intervals of mean ranks cover: no speed.

python benchmarks/ranks.py [--times 2000]

Scores are shares of right rows. A data set is easier or harder for all, and a strategy does better or worse on it than
on average (spread); equal strategies are so on average over data sets, not on each.
"""

import argparse
from itertools import product

import numpy as np

from harness.evaluation.mean_ranks import mean_ranks
from harness.evaluation.ranks import FEWEST_SETS, Floats, ranks_of, told_apart

SETS, STRATEGIES, ROWS, SPREADS = (2, 3, 5, 8, 12, 20), (2, 3, 4, 6, 10), 500, (0.0, 0.02, 0.05)
GAPS = (0.08, 0.03)  # mean score of the best less that of the worst strategy
HARDNESS = 0.08  # standard deviation over data sets, of all strategies alike


def drawn(rng: np.random.Generator, n_sets: int, rates: Floats, spread: float, n_rows: int = ROWS) -> Floats:
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


def covered(n_sets: int, k: int, spread: float, times: int, gap: float) -> Floats:
    """Return how often intervals of mean ranks hold those over all data sets, of k strategies, the best `gap` ahead."""
    rng, rates = np.random.default_rng(0), np.linspace(0.74 - gap / 2, 0.74 + gap / 2, k)
    true, found = ranks_of(drawn(rng, 20_000, rates, spread)).mean(axis=0), []
    for _ in range(times):
        ranks = mean_ranks(drawn(rng, n_sets, rates, spread))
        found.append([each.low <= rank <= each.high for each, rank in zip(ranks, true, strict=True)])
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def main() -> None:
    """Print both for every number of data sets and strategies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=2000, help="default: %(default)s")
    times = parser.parse_args().times
    for n_sets, k in product(SETS, STRATEGIES):
        found = {(spread, gap): covered(n_sets, k, spread, times, gap) for spread, gap in product(SPREADS, GAPS)}
        told = ", ".join(
            f"{spread} {gap}: {each.mean():.3f} ({each.min():.3f})" for (spread, gap), each in found.items()
        )
        print(
            f"{n_sets} data sets, {k} strategies; covered, spread and gap, mean (lowest strategy): {told}", flush=True
        )
        if n_sets >= FEWEST_SETS:
            apart = ", ".join(f"{spread}: {falsely_told_apart(n_sets, k, spread, times):.3f}" for spread in SPREADS)
            print(f"{n_sets} data sets, {k} strategies; falsely told apart, spread: {apart}", flush=True)


if __name__ == "__main__":
    main()
