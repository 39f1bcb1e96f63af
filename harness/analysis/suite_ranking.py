"""Scores over data sets -> who ranks above whom and who cannot be told apart: strategies, encoders or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.evaluation.mean_ranks import MeanRank, mean_ranks
from harness.evaluation.metrics import Floats
from harness.evaluation.ranks import told_apart

FEWEST_RANKED = 2


@dataclass(frozen=True)
class Ranking:
    """Strategies, encoders or combinations of them ranked over data sets, the best first.

    Attributes:
        names: Of those that have a score on every data set.
        ranks: Their mean ranks, with intervals.
        difference: What mean ranks have to differ by to be told apart (Nemenyi), None with too few data sets.
        p: Of Friedman's test, None with too few data sets or of two alone.
        alike: First and last position of each group that cannot be told apart.
        scores: What was ranked, the highest the best, float (n data sets, k names).
    """

    names: tuple[str, ...]
    ranks: tuple[MeanRank, ...]
    difference: float | None
    p: float | None
    alike: tuple[tuple[int, int], ...]
    scores: Floats

    @property
    def inseparable_neighbours(self) -> int:
        """How many neighbours in the ranking cannot be told apart."""
        return sum(any(a <= i and i + 1 <= b for a, b in self.alike) for i in range(len(self.names) - 1))

    def of(self, name: str) -> MeanRank | None:
        """Return the mean rank of one of them, None where it is not ranked."""
        return self.ranks[self.names.index(name)] if name in self.names else None

    def is_above(self, name: str, other: str) -> bool:
        """Return whether one ranks above another and can be told from it."""
        first, last = self.names.index(name), self.names.index(other)
        return first < last and self.difference is not None and not any(a <= first and last <= b for a, b in self.alike)


def rank(scores: Mapping[str, Sequence[float | None]]) -> Ranking:
    """Rank what has a score on every data set; nothing where that is fewer than two.

    Args:
        scores: Name -> score on each data set, the highest the best, None where there is none.
    """
    known = {name: [each for each in found if each is not None] for name, found in scores.items()}
    names = [name for name, found in known.items() if found and len(found) == len(scores[name])]
    if len(names) < FEWEST_RANKED:
        return Ranking((), (), None, None, (), np.empty((0, 0)))
    values = np.array([known[name] for name in names]).T
    means = mean_ranks(values)
    order = sorted(range(len(names)), key=lambda i: (means[i].value, -values[:, i].mean(), names[i]))
    apart = told_apart(values[:, order])
    ranks = tuple(means[i] for i in order)
    return Ranking(tuple(names[i] for i in order), ranks, apart.difference, apart.p, apart.alike, values[:, order])
