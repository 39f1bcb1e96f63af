"""A cross-validation: strategies over the folds of a suite, and what can be said of their differences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from statistics import fmean

import numpy as np

from harness.analysis.several_runs import metrics_at_hand
from harness.analysis.study import Studied
from harness.analysis.suite_study import StudiedCell, SuiteStudy
from harness.config.folds import read_fold
from harness.evaluation.comparisons import ALPHA, holm
from harness.evaluation.metrics import METRICS, Floats, evaluate
from harness.evaluation.resampled import FoldMean, mean_over_folds
from harness.results.records import RunRecord


@dataclass(frozen=True)
class OverFolds:
    """A strategy over the folds.

    Attributes:
        name: The strategy.
        validation: Mean over folds of its validation score by the metric that chooses, None where one has no value.
        optimism: By how much choosing flatters that, mean over the folds where it is known, None where in none.
        rank_score: Mean over folds of the same less what flatters it, such that the highest is the best.
        score: Its test score, mean over folds, with an interval.
        all_rows: accuracy and f1_macro of the predictions for all rows together, each row by the classifier that did
            not see it; of the lowest seed, the mean over draws, None as long as no draw is complete.
        difference: Of the best by validation less this one, by fold; None of that one.
        p: Of that difference, by Holm over all differences.
        is_floor: Whether it reads no texts.
        seconds: Of all fits.
    """

    name: str
    validation: float | None
    optimism: float | None
    rank_score: float
    score: FoldMean
    all_rows: tuple[float, float] | None
    difference: FoldMean | None = None
    p: float | None = None
    is_floor: bool = False
    seconds: float | None = None

    @property
    def is_worse(self) -> bool:
        """Whether the best by validation is better beyond chance."""
        return self._is_apart and self.difference is not None and self.difference.value > 0

    @property
    def is_better(self) -> bool:
        """Whether it is better on test than the best by validation, beyond chance."""
        return self._is_apart and not self.is_worse

    @property
    def _is_apart(self) -> bool:
        return self.p is not None and self.p < ALPHA


@dataclass(frozen=True)
class FoldStudy:
    """A cross-validation.

    Attributes:
        study: The suite whose cells are the folds.
    """

    study: SuiteStudy

    @property
    def n_folds(self) -> int:
        """How many folds were scored, over all draws."""
        return len(self.study.cells)

    @property
    def n_rows(self) -> int:
        """How many rows the data set has."""
        task = self.study.cells[0].study.runs[0].task
        return sum(map(task.n_rows, task.class_counts))

    @cached_property
    def strategies(self) -> tuple[OverFolds, ...]:
        """Those that were scored on each fold, the best by validation first, floors last."""
        names = [name for name in self.study.strategies if all(cell.find(name) for cell in self.study.cells)]
        found = sorted(map(self._over_folds, names), key=lambda each: (each.is_floor, -each.rank_score, each.name))
        return tuple(self._compared(found))

    @property
    def unscored(self) -> list[tuple[str, int, str]]:
        """Strategies that have no score on some fold: name, on how many, and the reason on the first of them."""
        failed: dict[str, list[RunRecord]] = {}
        for cell in self.study.cells:
            for name, record in {record.strategy: record for _, record in reversed(cell.study.failures)}.items():
                if not cell.find(name):
                    failed.setdefault(name, []).append(record)
        reasons = {name: each[0].error.message if each[0].error else each[0].status for name, each in failed.items()}
        return [(name, len(each), reasons[name]) for name, each in failed.items()]

    @property
    def floor_ahead(self) -> OverFolds | None:
        """The floor that the best by validation is furthest behind on test, None where it is above all of them."""
        if not self.strategies or self.strategies[0].is_floor:
            return None
        gaps = {
            floor.name: self.study.oriented(self.strategies[0].score.value) - self.study.oriented(floor.score.value)
            for floor in self.strategies
            if floor.is_floor
        }
        behind = [each for each in self.strategies if gaps.get(each.name, 1.0) <= 0]
        return min(behind, key=lambda each: gaps[each.name], default=None)

    def _over_folds(self, name: str) -> OverFolds:
        found = [each for cell in self.study.cells if (each := cell.find(name))]
        scores = self._scores(name)
        values = [each.headline.validation.of(each.chosen_by) for each in found]
        known = [value for value in values if value is not None]
        flattered = [each.optimism for each in found if each.optimism is not None]
        return OverFolds(
            name,
            fmean(known) if len(known) == len(values) else None,
            fmean(flattered) if flattered else None,
            fmean(each.validation_score for each in found),
            mean_over_folds(scores, self._test_share, bounds=self._bounds),
            self._on_all_rows(name),
            is_floor=found[0].is_floor,
            seconds=self.study.seconds(name),
        )

    def _compared(self, found: Sequence[OverFolds]) -> list[OverFolds]:
        """Return them with their differences to the first; floors stay out of the tests."""
        if not found or found[0].is_floor:
            return list(found)
        best, *others = found
        oriented = self.study.oriented(1.0)
        tested = [each for each in others if not each.is_floor]
        apart = [oriented * (self._scores(best.name) - self._scores(each.name)) for each in tested]
        widest = self._bounds[1] - self._bounds[0]
        means = [mean_over_folds(differences, self._test_share, bounds=(-widest, widest)) for differences in apart]
        corrected = holm([mean.p for mean in means])
        compared = {
            each.name: replace(each, difference=mean, p=p)
            for each, mean, p in zip(tested, means, corrected, strict=True)
        }
        return [compared.get(each.name, each) for each in found]

    @property
    def _bounds(self) -> tuple[float, float]:
        """The lowest and the highest value of the metric that chooses; infinite of one that is a plugin's."""
        metric = self.study.metric
        found = metrics_at_hand([metric], self.study.cells[0].study.runs[0].task)
        return (0.0, 1.0) if metric in METRICS else found[0].bounds if found else (-inf, inf)

    @property
    def _test_share(self) -> float:
        """Rows that a fold tests on, divided by rows that it trains on."""
        tasks = [cell.study.runs[0].task for cell in self.study.cells]
        return fmean(task.n_rows("test") / task.n_rows("train") for task in tasks)

    def _scores(self, name: str) -> Floats:
        found = [cell.find(name) for cell in self.study.cells]
        return np.array([each.test_score for each in found if each], dtype=np.float64)

    def _on_all_rows(self, name: str) -> tuple[float, float] | None:
        draws: dict[int, list[StudiedCell]] = {}
        for cell in self.study.cells:
            draws.setdefault(read_fold(cell.fold or "").repeat, []).append(cell)
        found = [
            _together([cell.find(name) for cell in cells])
            for cells in draws.values()
            if len(cells) == read_fold(cells[0].fold or "").n
        ]
        return (fmean(a for a, _ in found), fmean(f for _, f in found)) if found else None


def _together(folds: Sequence[Studied | None]) -> tuple[float, float]:
    """Return accuracy and f1_macro of the predictions of all folds of a draw, taken together."""
    predicted = [each.predictions for each in folds if each]
    labels = np.concatenate([each.labels for each in predicted])
    scores = evaluate(labels, np.concatenate([each.probabilities for each in predicted]))
    return scores.accuracy, scores.f1_macro
