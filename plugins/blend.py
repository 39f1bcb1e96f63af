"""A weighted mean of what the other strategies of a run predict: ensemble selection on validation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray

from harness import FitForecast, Member, Metric, RunContext, Split, hookimpl, score_candidate

WEIGHTS_FILE = "weights.json"
LEAST = 1e-7  # probability of a right answer, so that one sure mistake does not decide alone
DRAWS, SEED = 50, 0  # of validation rows, for the optimism
SECONDS_A_ROW = 1e-3  # of validation: 2,000 rows of 6 classes and 6 members took 1.4 and 1.8 s (AMD EPYC, 2026-11-30)

Table = NDArray[np.float64]


@dataclass(frozen=True)
class BlendedClassifier:
    """Predicts with each member and returns the weighted mean.

    Args:
        blended: The members of a weight above 0.
        weights: The weight of each; they sum to 1.
        optimism: By how much weights and members flatter the validation score.
    """

    blended: tuple[Member, ...]
    weights: tuple[float, ...]
    optimism: float | None = None

    @property
    def members(self) -> dict[str, float]:
        """Name of each member -> its weight."""
        return {member.name: weight for member, weight in zip(self.blended, self.weights, strict=True)}

    @property
    def trainable_parameters(self) -> int:
        """Number of weights."""
        return len(self.weights)

    own_parameters = trainable_parameters

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, k)."""
        return weighted_mean(np.array(self.weights), np.stack([each.predict_proba(texts) for each in self.blended]))

    def save(self, directory: Path) -> None:
        """Write the weights; the members are saved by strategies of their own."""
        (directory / WEIGHTS_FILE).write_text(json.dumps(self.members), encoding="utf-8")


@dataclass(frozen=True)
class Blend:
    """Weighted mean of the probabilities of the run's other strategies, floors apart; weights chosen on validation.

    Ensemble selection (Caruana, Niculescu-Mizil, Crew and Ksikes 2004, Ensemble selection from libraries of models,
    ICML): round by round the member is added, also one that is there already, with which the mean has the lowest log
    loss on validation; the best round is kept. A weight is the share of the rounds that a member was added in.

    Args:
        rounds: How often a member is added at most; with 20, weights are about multiples of 0.05.
    """

    name: ClassVar[str] = "blend"
    combines: ClassVar[bool] = True
    uses_model: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    rounds: Annotated[int, Ge(1), Le(1000)] = 20

    def forecast(self, train: Split, validation: Split, context: RunContext) -> FitForecast:
        """Return what choosing weights takes; the members' own trials are forecast by their strategies."""
        del train, context
        return FitForecast(SECONDS_A_ROW * len(validation), 0.0)

    def fit(self, train: Split, validation: Split, context: RunContext) -> BlendedClassifier:
        """Choose the weights on validation; train is what the members were fitted on."""
        del train
        tables = np.stack([each.predict_proba(validation.texts) for each in context.members]).astype(np.float64)
        right = tables[:, np.arange(len(validation)), validation.labels].T  # (n, members)
        weights = ensemble_weights(right, self.rounds)
        optimism = sum(float(w) * each.optimism for w, each in zip(weights, context.members, strict=True))
        optimism += self._optimism(weights, tables, validation.labels, context.select_by)
        used = [i for i, weight in enumerate(weights) if weight > 0]
        return BlendedClassifier(
            blended=tuple(context.members[i] for i in used),
            weights=tuple(float(weights[i]) for i in used),
            optimism=min(optimism, 1.0),
        )

    def load(self, directory: Path, context: RunContext) -> BlendedClassifier:
        """Return the classifier saved in `directory`, with the members that the context has."""
        weights = json.loads((directory / WEIGHTS_FILE).read_text(encoding="utf-8"))
        members = {member.name: member for member in context.members}
        blended = tuple(members[name] for name in weights)
        return BlendedClassifier(blended, tuple(map(float, weights.values())))

    def _optimism(self, weights: Table, tables: Table, labels: NDArray[np.int64], select_by: Metric | None) -> float:
        """Estimate by how much the choice of the weights flatters the validation score.

        The rows of validation stand for the population and are drawn from with replacement (Efron 1983, Estimating the
        error rate of a prediction rule, JASA 78, 316-331): weights chosen on those drawn are compared with ours, where
        they were chosen, and on all rows.
        """
        rng, n = np.random.default_rng(SEED), len(labels)

        def score(weights: Table, rows: NDArray[np.int64]) -> float:
            return score_candidate({}, weighted_mean(weights, tables[:, rows]), labels[rows], select_by).score

        every = np.arange(n)
        ours, gaps = score(weights, every), []
        for _ in range(DRAWS):
            rows = rng.integers(0, n, n)
            drawn = ensemble_weights(tables[:, rows, labels[rows]].T, self.rounds)
            gaps.append(score(drawn, rows) - score(weights, rows) + ours - score(drawn, every))
        found = float(np.mean([gap for gap in gaps if np.isfinite(gap)] or [0.0]))
        return max(found, 0.0)


def weighted_mean(weights: Table, tables: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the mean of tables of probabilities, (members, n, k), float32 (n, k)."""
    mean: NDArray[np.float32] = np.einsum("m,mnk->nk", weights, tables.astype(np.float64)).astype(np.float32)
    return mean


def ensemble_weights(right: Table, rounds: int) -> Table:
    """Return the weight of each member, float64 (members,), summing to 1.

    Args:
        right: Probability of the right class by each member, (n, members).
        rounds: How often a member is added at most.
    """
    total, times = np.zeros((len(right), 1)), np.zeros(right.shape[1])
    best, weights = -np.inf, times
    for size in range(1, rounds + 1):
        scores = np.log(np.maximum((total + right) / size, LEAST)).mean(axis=0)
        added = int(scores.argmax())
        times[added] += 1
        total += right[:, [added]]
        if scores[added] > best:
            best, weights = scores[added], times / size
    return weights


@hookimpl
def harness_strategies() -> list[Blend]:
    """Offer the blend."""
    return [Blend()]
