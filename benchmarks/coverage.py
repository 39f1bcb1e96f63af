"""How often the printed intervals cover the truth, and how often equal strategies are called different: simulations.

python benchmarks/coverage.py [--times 1000] [intervals | tests | repeated | seeds ...]
"""

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.comparisons import ALPHA
from harness.evaluation.influence import score
from harness.evaluation.intervals import score_interval
from harness.evaluation.metrics import METRICS
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows

OWN_LUCK = 0.4  # share of rows in which a training is lucky on its own, not with all others
EMOTION = (0.29, 0.335, 0.08, 0.135, 0.12, 0.035)  # shares of the classes of the data set `emotion`
INTERVALS: tuple[tuple[tuple[float, ...], float | tuple[float, ...], int], ...] = (
    *(
        ((1, 1), right, n)
        for right, n in ((0.98, 60), (0.98, 100), (0.99, 200), (0.995, 500), (0.99, 400), (0.99, 1000))
    ),
    *((EMOTION, 0.65, n) for n in (30, 100, 300, 2000)),
    *((EMOTION, 0.93, n) for n in (100, 200, 300, 2000)),
    *(((0.95, 0.05), 0.9, n) for n in (200, 1000)),
    ((0.95, 0.05), (0.97, 0.6), 200),
    *(((0.99, 0.01), (0.995, 0.6), n) for n in (1000, 3000)),
    *(((1, 1), 0.85, n) for n in (30, 100)),
    ((1, 1), 0.52, 100),
    ((1,) * 6, 0.7, 500),
    ((1,) * 77, 0.8, 600),
    ((1,) * 77, 0.8, 2000),
)
"""Shares of the classes, share of right rows (of each class), test rows."""


def cells_of(shares: tuple[float, ...], right: float | tuple[float, ...]) -> NDArray[np.float64]:
    """Return the share of rows of each class predicted as each, (k, k); wrong answers go by the size of classes."""
    prior = np.array(shares) / sum(shares)
    rights = np.broadcast_to(right, len(prior))
    wrong = np.tile(prior, (len(prior), 1))
    np.fill_diagonal(wrong, 0)
    cells: NDArray[np.float64] = (prior * (1 - rights))[:, np.newaxis] * wrong / wrong.sum(axis=1, keepdims=True)
    np.fill_diagonal(cells, prior * rights)
    return cells


def intervals(times: int) -> Iterator[str]:
    """Yield the coverage of the 95 % intervals of each score over test sets."""
    yield f"{'classes':>9} {'right':>12} {'rows':>5} {'no f1_macro':>11}  " + "  ".join(METRICS)
    for shares, right, n in INTERVALS:
        cells, rng = cells_of(shares, right), np.random.default_rng(0)
        k, covered, without = len(cells), {metric: [0, 0] for metric in METRICS}, 0
        for _ in range(times):
            labels, answers = np.divmod(rng.choice(k * k, n, p=cells.ravel()), k)
            predicted = Predicted(Rows(labels, k), answers[np.newaxis])
            for metric in METRICS:
                if found := score_interval(predicted, metric):
                    covered[metric][0] += found.low <= score(metric, cells) <= found.high
                    covered[metric][1] += 1
                else:
                    without += 1
        shown = "  ".join(f"{hit / n_given if n_given else float('nan'):.3f}" for hit, n_given in covered.values())
        of = "/".join(f"{100 * each / sum(shares):.0f}" for each in shares[:2])
        yield f"{k:>2} {of:>6} {right!s:>12} {n:>5} {without / times:>10.1%}   {shown}"


def trained(
    rng: np.random.Generator, labels: NDArray[np.int64], hard: NDArray[np.float64], seeds: int, sd: float
) -> NDArray[np.int64]:
    """Return what trainings of a strategy that is right in 80 of 100 predict, (seeds, n); training moves that by sd."""
    reached = np.clip(0.8 + sd * rng.normal(size=(seeds, 1)), 0.02, 0.99)
    luck = np.where(rng.random((seeds, len(labels))) < OWN_LUCK, rng.random((seeds, len(labels))), hard)
    return np.where(luck < reached, labels, (labels + rng.integers(1, 3, (seeds, len(labels)))) % 3)


def called_different(times: int, n: int, seeds: int = 1, sd: float = 0.0, repeated: int = 1) -> str:
    """Return how often two equal strategies are called different, in each score."""
    rng, found = np.random.default_rng(1), []
    texts = np.repeat(np.arange(n), repeated)
    for _ in range(times):
        labels, hard = rng.choice(3, n, p=(0.5, 0.3, 0.2)), rng.random(n)
        rows = Rows(labels[texts], 3, texts)
        both = [Predicted(rows, trained(rng, labels, hard, seeds, sd)[:, texts]) for _ in range(2)]
        found.append([contrast(metric, *both).p < ALPHA for metric in ("accuracy", "f1_macro")])
    return "accuracy {:.3f}, f1_macro {:.3f}".format(*np.mean(found, axis=0))


def tests(times: int) -> Iterator[str]:
    """Yield the errors of single trainings."""
    for n in (60, 100, 300, 2000):
        yield f"{n:>5} rows: called different {called_different(times, n)}"


def repeated(times: int) -> Iterator[str]:
    """Yield the errors where every text stands three times."""
    for n in (100, 300):
        yield f"{n:>5} texts, three rows each: called different {called_different(times, n, repeated=3)}"


def seeds(times: int) -> Iterator[str]:
    """Yield the errors of means over seeds, by how far trainings scatter."""
    for sd in (0.0, 0.01, 0.02, 0.05):
        for n_seeds in (2, 3, 5):
            told = called_different(times, 600, n_seeds, sd)
            yield f"  600 rows, {n_seeds} seeds, sd between trainings {sd:.2f}: called different {told}"


PARTS = {"intervals": intervals, "tests": tests, "repeated": repeated, "seeds": seeds}


def main() -> None:
    """Run the simulations that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1000)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all by default")
    arguments = parser.parse_args()
    for name in arguments.parts or PARTS:
        for line in PARTS[name](arguments.times):
            print(line, flush=True)


if __name__ == "__main__":
    main()
