"""Evidence on searches of hyperparameters: what each strategy finds within a budget, and where their order changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Literal

import numpy as np
from pydantic import Field

from harness.evaluation.tuning_curve import LEVEL, tuning_curve
from harness.frozen_model import Count, Fraction, FrozenModel, Score, Seconds

MOST_POINTS = 100  # of a curve, which are kept


@dataclass(frozen=True)
class Searched:
    """A search: its strategy, the validation score of each configuration in the order of the draws, and its seconds.

    A score is None where the configuration failed.
    """

    strategy: str
    scores: Sequence[float | None]
    seconds: float


class Search(FrozenModel):
    """A search within a budget: the space that configurations were drawn from, each for itself.

    `seconds` is the time that it might take, None where the budget was a number of configurations.
    """

    space: str
    seconds: Seconds | None = None


class BestOf(FrozenModel):
    """The best validation score of a search: half of all searches of `n` configurations reach `value`.

    `budget` is what `n` configurations take, their number or their seconds. `low` and `high` are the ends of the band,
    None where the search bounds nothing on that side.
    """

    n: Count
    budget: Seconds
    value: Score | None
    low: Score | None
    high: Score | None


class TuningCurve(FrozenModel):
    """What a strategy finds with more and more of the budget; of its `n` configurations `n_failed` have no score."""

    strategy: str
    n: Count
    n_failed: Count = 0
    points: list[BestOf]

    def at(self, budget: float) -> BestOf | None:
        """Return what it finds within a budget, None where that is not enough for one configuration."""
        return next((point for point in reversed(self.points) if point.budget <= budget), None)


class OrderSince(FrozenModel):
    """Strategies by what they find, the best first, from a budget on; which of them are equal, their curves tell."""

    budget: Seconds
    strategies: list[str]


class SearchEvidence(FrozenModel):
    """What the searches of a run say.

    Attributes:
        unit: What budgets are counted in.
        level: Probability that a band holds the whole curve of a strategy.
        curves: One for each strategy that was searched, the best at the whole budget first.
        orders: The order of the strategies, from each budget on at which it changes.
    """

    unit: Literal["configurations", "seconds"]
    level: Fraction = LEVEL
    curves: list[TuningCurve]
    orders: list[OrderSince] = Field(default_factory=list)

    @property
    def budget(self) -> float:
        """The whole budget, as far as it was used."""
        return max(curve.points[-1].budget for curve in self.curves)

    def apart_until(self, first: TuningCurve, second: TuningCurve) -> float | None:
        """Return the largest budget at which the bands of two curves are apart, None where they always overlap.

        At the whole budget no search has an upper end, so that this is about shorter ones.
        """
        budgets = sorted({point.budget for curve in (first, second) for point in curve.points}, reverse=True)
        both = ((budget, first.at(budget), second.at(budget)) for budget in budgets)
        return next((budget for budget, one, other in both if one and other and _are_apart(one, other)), None)


def search_evidence(
    searches: Sequence[Searched], *, by_time: bool = False, higher_is_better: bool = True
) -> SearchEvidence | None:
    """Return the tuning curves of searches, None where nothing was searched.

    Args:
        searches: The searches, each of configurations that were drawn independently.
        by_time: Whether the budget is a time; a configuration then takes the mean of its search.
        higher_is_better: Whether the largest score is the best.
    """
    curves = [_curve(each, 1 if higher_is_better else -1, by_time=by_time) for each in searches if each.scores]
    if not curves:
        return None
    whole = max(curve.points[-1].budget for curve in curves)
    budgets = sorted({point.budget for curve in curves for point in curve.points})
    orders: list[OrderSince] = []
    ranked, before = curves, None
    for budget in budgets[budgets.index(max(curve.points[0].budget for curve in curves)) :]:
        ranked = _ranked(ranked, budget, higher_is_better=higher_is_better)
        if (order := written_order(ranked, budget)) != before:
            orders.append(OrderSince(budget=budget, strategies=[curve.strategy for curve in ranked]))
            before = order
    ranked = _ranked(ranked, whole, higher_is_better=higher_is_better)
    return SearchEvidence(unit="seconds" if by_time else "configurations", curves=ranked, orders=orders)


def written_order(curves: Sequence[TuningCurve], budget: float) -> str:
    """Return strategies by what they find within a budget, the best first, as a text: a > b = c."""
    values = [point.value if (point := curve.at(budget)) else None for curve in curves]
    signs = ["", *(" = " if one == other else " > " for one, other in pairwise(values))]
    return "".join(f"{sign}{curve.strategy}" for sign, curve in zip(signs, curves, strict=True))


def _ranked(curves: Sequence[TuningCurve], budget: float, *, higher_is_better: bool) -> list[TuningCurve]:
    """Return curves by what they find within a budget; of equal ones the order stays."""

    def standing(curve: TuningCurve) -> float:
        point = curve.at(budget)
        value = None if point is None else point.value
        return -inf if value is None else value if higher_is_better else -value

    return sorted(curves, key=standing, reverse=True)


def _curve(search: Searched, sign: int, *, by_time: bool) -> TuningCurve:
    n = len(search.scores)
    each = search.seconds / n if by_time else 1.0
    found = tuning_curve([-inf if score is None else sign * score for score in search.scores])
    kept = {round(k) for k in np.geomspace(1, n, min(n, MOST_POINTS))} if n > MOST_POINTS else set(range(1, n + 1))
    points = [
        BestOf(
            n=point.n,
            budget=point.n * each,
            value=_signed(point.value, sign),
            low=_signed(point.low if sign > 0 else point.high, sign),
            high=_signed(point.high if sign > 0 else point.low, sign),
        )
        for point in found
        if point.n in kept
    ]
    failed = sum(score is None for score in search.scores)
    return TuningCurve(strategy=search.strategy, n=n, n_failed=failed, points=points)


def _are_apart(one: BestOf, other: BestOf) -> bool:
    ends = ((one.low, other.high), (other.low, one.high))
    return any(low is not None and high is not None and low > high for low, high in ends)


def _signed(value: float | None, sign: int) -> float | None:
    return None if value is None else sign * value
