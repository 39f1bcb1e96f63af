"""Metric: a score with a name, which a plugin offers and `--metrics` asks for; those that are of a confusion matrix."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from harness.errors import LONGEST_REASON
from harness.evaluation.metrics import CoreMetric, Floats, Labels
from harness.frozen_model import LARGEST_SCORE, FrozenModel

Bounds = tuple[float, float]


class UndefinedMetricError(ValueError):
    """A metric has no value on some rows, such as an area under a curve where one class alone occurs, or it failed."""


@dataclass(frozen=True)
class Metric:
    """A score of what a classifier answers.

    Args:
        name: As `--metrics` takes it: letters, digits and _.
        function: `function(labels, answers)` -> a number. `labels` are true class ids, int64 (n,); `answers` are
            predicted class ids, int64 (n,), or class probabilities, float32 (n, k). NaN says that it is not defined.
        higher_is_better: Whether the largest value is the best.
        needs_probabilities: Whether `answers` are probabilities.
        bounds: The lowest and the highest value that there can be, within which intervals stay.
    """

    name: str
    function: Callable[[Any, Any], float]
    higher_is_better: bool = True
    needs_probabilities: bool = False
    bounds: Bounds = (-math.inf, math.inf)

    def value(self, labels: Labels, probabilities: NDArray[Any]) -> float:
        """Return the score of rows.

        Args:
            labels: True class ids, int64 (n,).
            probabilities: Class probabilities, float32 (n, k).

        Raises:
            UndefinedMetricError: Where there is none, or the function fails.
        """
        answers = probabilities.copy() if self.needs_probabilities else probabilities.argmax(axis=1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of scores that are not defined, which the value says, too
                found = float(self.function(labels.copy(), answers))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin's SystemExit must not end the run
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]
            raise UndefinedMetricError(f"metric {self.name} failed: {reason}") from error
        if not abs(found) <= LARGEST_SCORE:
            raise UndefinedMetricError(f"metric {self.name} has no value on these rows")
        return found


@dataclass(frozen=True, kw_only=True)
class RowMetric(Metric):
    """A metric of which it is known how far each row moves it.

    Args:
        influence: `influence(labels, probabilities)` -> float64 (n,), which sums to 0: the derivative by the weight of
            each row, as `harness.evaluation.influence.influence` has it of cells.
        averages_classes: Whether each class counts the same, so that one of few rows makes it uncertain.
    """

    influence: Callable[[Labels, NDArray[Any]], Floats]
    averages_classes: bool = False


@dataclass(frozen=True, kw_only=True)
class TableMetric(Metric):
    """A metric that is a function of the confusion matrix.

    Args:
        of_table: Confusion matrix, float64 (k, k), rows being true classes -> the score.
        slope: The same matrix as shares, which sum to 1 -> the derivative of the score by each share, (k, k), but for
            what is the same in all cells.
        averages_classes: As of `RowMetric`.
    """

    of_table: Callable[[Floats], float]
    slope: Callable[[Floats], Floats]
    averages_classes: bool = False


AnyMetric: TypeAlias = CoreMetric | Metric


class Selection(FrozenModel):
    """The metric that chooses, as `--select-by` named it: on validation what is kept, on test what is said of it."""

    metric: str
    higher_is_better: bool

    def oriented(self, value: float) -> float:
        """Return a value such that the largest is the best."""
        return value if self.higher_is_better else -value


def selection_of(metric: Metric | None) -> Selection | None:
    """Return what is recorded of the metric that chooses, None where nobody named one."""
    return Selection(metric=metric.name, higher_is_better=metric.higher_is_better) if metric else None


def standard_error(metric: AnyMetric, value: float, n: int) -> float:
    """Return roughly how far chance moves a score of n rows: as a share at that place of its bounds, 0 without any."""
    lowest, highest = bounds_of(metric)
    if not math.isfinite(highest - lowest):
        return 0.0
    share = (value - lowest) / (highest - lowest)
    return (highest - lowest) * math.sqrt(share * (1 - share) / n)


def bounds_of(metric: AnyMetric) -> Bounds:
    """Return the lowest and the highest value of a metric."""
    return metric.bounds if isinstance(metric, Metric) else (0.0, 1.0)


def averages_classes(metric: AnyMetric) -> bool:
    """Return whether each class counts the same in a metric, so that one of few rows makes it uncertain."""
    known = metric.averages_classes if isinstance(metric, RowMetric | TableMetric) else False
    return metric == "f1_macro" or known


def value_or_none(metric: Metric, labels: Labels, probabilities: NDArray[Any]) -> float | None:
    """Return the score of rows, None where there is none; arguments as of `Metric.value`."""
    try:
        return metric.value(labels, probabilities)
    except UndefinedMetricError:
        return None
