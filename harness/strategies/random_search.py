"""Configurations of one strategy drawn from its search space: as many as a budget allows, the best is kept."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.data.task import Split
from harness.errors import reason_of
from harness.strategies.grid_search import BestSoFar, ChosenClassifier, GridSearch
from harness.strategies.model_selection import candidate_history, numeric
from harness.strategies.strategy import RunContext, Strategy, parameters
from harness.strategies.tags import COMPARE, FitForecast, forecast_of
from harness.strategies.timed_fit import forecast_fit


class RandomSearch(GridSearch):
    """A strategy that tries configurations drawn independently from the search space of another.

    Random search (Bergstra and Bengio 2012, Random Search for Hyper-Parameter Optimization, JMLR 13, 281-305), and not
    one that learns from what it tried: only of independent draws is it known what a search of fewer of them would have
    found. A configuration that fails is one that was tried.

    Args:
        name: Name of the row.
        candidates: The configurations, in the order in which they were drawn, at least one.
        drawn: Of each of them what was drawn, field -> value.
        space: What was searched, as `search_space` has it.
        seconds: Time to begin configurations in, None for all of them; the first is always tried.
    """

    def __init__(
        self,
        name: str,
        candidates: Sequence[Strategy],
        drawn: Sequence[Mapping[str, float | str]],
        space: str,
        seconds: float | None = None,
    ) -> None:
        super().__init__(name, candidates)
        self.drawn, self.search_space, self.seconds = tuple(drawn), space, seconds

    def forecast(self, train: Split, validation: Split, context: RunContext) -> FitForecast | None:
        """Return what the search will take: its time, or that of the first configuration for each, where it tells.

        Where the strategy can compare its configurations at once, the search itself is timed.
        """
        if hasattr(self.candidates[0], COMPARE) and self.seconds is None:
            return forecast_fit(self, train, validation, context)
        one = forecast_of(self.candidates[0], train, validation, context)
        if self.seconds is not None:
            return FitForecast(self.seconds, one.seconds_a_text if one else 0.0)
        return replace(one, seconds=one.seconds * len(self.candidates)) if one else None

    def fit(self, train: Split, validation: Split, context: RunContext) -> ChosenClassifier:
        """Fit the configurations that the budget allows on train and keep the best on validation.

        Raises:
            Exception: That of the first configuration, where all of them fail.
        """
        if best := self._compared(train, validation, context):
            return best.chosen(self._history(best, {}, context))
        best, failures = BestSoFar(validation, context.select_by), dict[int, Exception]()
        ends = None if self.seconds is None else time.monotonic() + self.seconds
        for index, candidate in enumerate(self.candidates):
            if index and ends is not None and time.monotonic() >= ends:
                break
            try:
                fitted = self.fit_candidate(index, train, validation, context)
                best.offer(index, self.drawn[index], fitted, parameters(candidate))
            except Exception as error:
                failures[index] = error
        if not best.scored:
            raise failures[0]
        return best.chosen(self._history(best, failures, context))

    def _compared(self, train: Split, validation: Split, context: RunContext) -> BestSoFar | None:
        """Compare the configurations at once where the strategy can, and fit those that may be the best.

        What is only compared may be fitted less exactly, so that the best is fitted until none that was not is above.
        None where they have to be fitted one by one, because of the time, or because one of them fails.
        """
        compare: Any = getattr(self.candidates[0], COMPARE, None)
        if compare is None or self.seconds is not None:
            return None
        best, fitted = BestSoFar(validation, context.select_by), set[int]()
        try:
            if (answers := compare(self.candidates, train, validation, context)) is None:
                return None
            for index, probabilities in enumerate(answers):
                best.compare(index, self.drawn[index], probabilities)
            while (top := max(best.scored, key=lambda index: best.scored[index].score)) not in fitted:
                classifier = self.fit_candidate(top, train, validation, context)
                best.offer(top, self.drawn[top], classifier, parameters(self.candidates[top]))
                fitted.add(top)
        except Exception:  # of whichever it was: one by one tells
            return None
        return best

    def _history(
        self, best: BestSoFar, failures: Mapping[int, Exception], context: RunContext
    ) -> list[dict[str, float]]:
        """Return one mapping a configuration in the order of the draws; of one that failed without scores."""
        scored = dict(zip(best.scored, candidate_history(list(best.scored.values()), context.select_by), strict=True))
        if failures:
            first = reason_of(next(iter(failures.values())))
            told = f"{len(failures)} of {len(failures) + len(scored)} configurations failed, the first: {first}"
            warnings.warn(told, stacklevel=2)
        told_of = {index: {"failed": 1.0, **numeric(self.drawn[index])} for index in failures} | scored
        return [{**told_of[index], "configuration": index} for index in sorted(told_of)]
