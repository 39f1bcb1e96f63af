"""Encoders of a suite apart from strategies, both together, and whether one depends on the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from harness.analysis.suite_ranking import FEWEST_RANKED, Ranking, rank
from harness.analysis.suite_study import SuiteStudy
from harness.evaluation.comparisons import holm
from harness.evaluation.metrics import Floats
from harness.evaluation.ranks import FEWEST_SETS, unequal_p


@dataclass(frozen=True)
class Combination:
    """A strategy with an encoder, "" where it reads none."""

    strategy: str
    encoder: str

    @property
    def of(self) -> str | None:
        """The encoder whose cells have its scores, None for all."""
        return self.encoder or None

    @property
    def name(self) -> str:
        """What it is called where it is one of a ranking."""
        return f"{self.strategy} ({self.encoder})" if self.encoder else self.strategy


@dataclass(frozen=True)
class EncoderStudy:
    """What a suite of several encoders says of them.

    Attributes:
        study: The suite.
    """

    study: SuiteStudy

    @property
    def encoders(self) -> tuple[str, ...]:
        """Its encoders, in the order that they ran."""
        return self.study.encoders

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """The ranked strategies that read an encoder and were scored with each on each data set."""
        return tuple(
            name
            for name in self.study.strategies
            if self.study.reads_encoder(name)
            and not self.study.is_floor(name)
            and all(None not in self.study.scores(name, encoder) for encoder in self.encoders)
        )

    @cached_property
    def scores(self) -> Floats:
        """Their scores, the highest the best, float (data sets, encoders, strategies)."""
        found = [[self.study.scores(name, encoder) for name in self.strategies] for encoder in self.encoders]
        return np.array(found, dtype=np.float64).transpose(2, 0, 1)

    @cached_property
    def ranking(self) -> Ranking:
        """The encoders ranked over data sets, each by its mean score over the strategies; empty with fewer than two."""
        if len(self.encoders) < FEWEST_RANKED or not self.strategies:
            return rank({})
        means = self.scores.mean(axis=2).T.tolist()
        return rank(dict(zip(self.encoders, means, strict=True)))

    @cached_property
    def of_encoder(self) -> dict[str, Ranking]:
        """Encoder -> the strategies that read one, ranked with it."""
        scores = self.scores.transpose(1, 2, 0).tolist()
        pairs = zip(self.encoders, scores, strict=True)
        return {encoder: rank(dict(zip(self.strategies, mine, strict=True))) for encoder, mine in pairs}

    @cached_property
    def combinations(self) -> tuple[Combination, ...]:
        """Each ranked strategy with each encoder, or with none where it reads none, as `combined` ranks them."""
        named = {each.name: each for each in self._all_combinations()}
        return tuple(named[name] for name in self.combined.names)

    @cached_property
    def combined(self) -> Ranking:
        """The combinations of strategies and encoders ranked over data sets."""
        return rank({each.name: self.study.scores(each.strategy, each.of) for each in self._all_combinations()})

    @property
    def tied_combinations(self) -> int:
        """How many combinations cannot be told from the first."""
        first, *others = self.combined.names
        return sum(not self.combined.is_above(first, other) for other in others)

    @cached_property
    def gains_differ_p(self) -> float | None:
        """How often encoders bring strategies as unlike gains as here, or more, where they bring all the same.

        The gain of a strategy is its score with one encoder less that with another. Over data sets its ranks among the
        strategies are as even as chance would have them where gains are alike: Friedman's test, of two strategies the
        sign test. The smallest p value of every two encoders, by Holm. None with too few data sets or strategies.
        """
        if len(self.study.data_sets) < FEWEST_SETS or len(self.strategies) < FEWEST_RANKED:
            return None
        pairs = combinations(range(len(self.encoders)), 2)
        return min(holm([unequal_p(self.scores[:, one] - self.scores[:, other]) for one, other in pairs]), default=None)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every two strategies that read an encoder."""
        return list(combinations(self.strategies, 2))

    @property
    def changed_pairs(self) -> list[tuple[str, str]]:
        """The pairs of which one ranks higher with one encoder and the other with another."""
        return [pair for pair in self.pairs if len({self._order(encoder, *pair) for encoder in self.encoders}) > 1]

    @property
    def reversed_pairs(self) -> list[tuple[str, str]]:
        """Those of them that can be told apart in both orders."""
        rankings = self.of_encoder.values()
        return [
            (one, other)
            for one, other in self.pairs
            if any(each.is_above(one, other) for each in rankings)
            and any(each.is_above(other, one) for each in rankings)
        ]

    def range_of(self, axis: str) -> float:
        """Return the difference of the best and the worst mean score of `encoders` or of `strategies`."""
        means = self.scores.mean(axis=(0, 2) if axis == "encoders" else (0, 1))
        return float(means.max() - means.min())

    def _order(self, encoder: str, *pair: str) -> tuple[str, ...]:
        names = self.of_encoder[encoder].names
        return tuple(sorted(pair, key=names.index))

    def _all_combinations(self) -> Iterator[Combination]:
        for name in self.study.ranking.names:
            encoders = self.encoders if self.study.reads_encoder(name) else ("",)
            yield from (Combination(name, encoder) for encoder in encoders)
