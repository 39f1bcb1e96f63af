"""The choice among configurations of one strategy by their scores on validation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metric import Metric, UndefinedMetricError, standard_error
from harness.evaluation.metrics import evaluate

PATIENCE = 3  # values of a path without a better score or a lower loss, after which it ends
NEARLY_BEST = 0.5  # standard errors of the best validation f1_macro within which the log loss decides
LEAST_PROBABILITY = 1e-7  # of a right answer, so that one sure mistake does not decide alone


@dataclass(frozen=True)
class Answers:
    """What a configuration answers on the n rows of validation: class ids, int64 (n,), and log losses, float32 (n,)."""

    predictions: NDArray[np.int64]
    losses: NDArray[np.float32]


@dataclass(frozen=True)
class Candidate:
    """One configuration that was tried: what was set, its f1_macro and mean log loss on validation, and its answers.

    `selected` is what chooses in place of f1_macro, such that the largest is the best; None where none was named.
    """

    params: Mapping[str, float | str]
    f1_macro: float
    log_loss: float
    answers: Answers | None = field(default=None, compare=False, repr=False)
    selected: float | None = None

    @property
    def score(self) -> float:
        """The score that chooses, such that the largest is the best."""
        return self.f1_macro if self.selected is None else self.selected


def score_candidate(
    params: Mapping[str, float | str],
    probabilities: NDArray[np.floating],
    labels: NDArray[np.int64],
    metric: Metric | None = None,
) -> Candidate:
    """Return a configuration with its scores.

    Args:
        params: What was set.
        probabilities: Its answers on validation, (n, k).
        labels: Class ids of validation, int64 (n,).
        metric: What chooses, such as `context.select_by`; None for f1_macro.
    """
    right = np.maximum(probabilities[np.arange(len(labels)), labels], LEAST_PROBABILITY)
    losses = -np.log(right)
    answers = Answers(probabilities.argmax(axis=1), losses.astype(np.float32))
    selected = oriented_score(metric, labels, probabilities) if metric else None
    return Candidate(params, evaluate(labels, probabilities).f1_macro, float(losses.mean()), answers, selected)


def oriented_score(metric: Metric, labels: NDArray[np.int64], probabilities: NDArray[np.floating]) -> float:
    """Return a score such that the largest is the best; minus infinity where it has no value."""
    try:
        value = metric.value(labels, np.asarray(probabilities, np.float32))
    except UndefinedMetricError:
        return -math.inf
    return value if metric.higher_is_better else -value


def select_candidate(candidates: Sequence[Candidate], n_rows: int, metric: Metric | None = None) -> Candidate:
    """Return the configuration with the lowest log loss of those that are nearly the best by f1_macro.

    Alone, f1_macro of a small validation split follows chance, and log loss prefers answers near the shares of the
    classes. Of equal ones the first is chosen: the more regularised.

    Args:
        candidates: The configurations, the more regularised of a path first.
        n_rows: Rows of validation; the standard error is that of a share of so many rows.
        metric: What chooses, as `score_candidate` was given it; one without bounds alone.
    """
    best = max(each.score for each in candidates)
    error = standard_error_of(best, n_rows, metric)
    nearly_best = (each for each in candidates if each.score >= best - NEARLY_BEST * error)
    return min(nearly_best, key=lambda each: each.log_loss)


def standard_error_of(best: float, n_rows: int, metric: Metric | None) -> float:
    """Return the standard error of a score such that the largest is the best; 0 where nothing is known of it."""
    if metric is None:
        return standard_error("f1_macro", best, n_rows)
    value = best if metric.higher_is_better else -best
    return standard_error(metric, value, n_rows) if math.isfinite(best) else 0.0


def path_has_ended(path: Sequence[Candidate]) -> bool:
    """Return whether neither score nor loss of a path have been better for some time."""
    best = max(range(len(path)), key=lambda i: path[i].score)
    lowest = min(range(len(path)), key=lambda i: path[i].log_loss)
    return len(path) - 1 - max(best, lowest) >= PATIENCE


def candidate_history(candidates: Sequence[Candidate], metric: Metric | None = None) -> list[dict[str, float]]:
    """Return one mapping a configuration, for a record: its number, what was set as a number, its scores.

    Parameters are named `param_<name>`, as in scikit-learn's `cv_results_`. As a record holds numbers, what was set to
    a word is named with it and has the value 1, such as `param_scaling_unit`.
    """
    return [
        {
            "configuration": number,
            **numeric(each.params),
            "validation_f1_macro": each.f1_macro,
            "validation_log_loss": each.log_loss,
            **history_of(metric, each.score),
        }
        for number, each in enumerate(candidates)
    ]


def history_of(metric: Metric | None, score: float) -> dict[str, float]:
    """Return what a history holds of the metric that chooses, besides what it always holds."""
    if metric is None or not math.isfinite(score):
        return {}
    return {f"validation_{metric.name}": score if metric.higher_is_better else -score}


def numeric(params: Mapping[str, float | str]) -> dict[str, float]:
    """Return what was set as a history holds it; a word is named and has the value 1."""
    return {
        (f"param_{name}_{value}" if isinstance(value, str) else f"param_{name}"): 1.0
        if isinstance(value, str)
        else value
        for name, value in params.items()
    }
