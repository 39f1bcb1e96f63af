"""How much of a validation score is due to choosing the best of many: bootstrap bias correction."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.influence import score
from harness.evaluation.metric import AnyMetric, Metric, TableMetric
from harness.evaluation.shipped_metrics import CORE
from harness.strategies.model_selection import NEARLY_BEST, Candidate, standard_error_of

TIMES, SEED = 200, 0

Table = NDArray[np.float64]


def selection_optimism(
    candidates: Sequence[Candidate],
    labels: NDArray[np.int64],
    nearly_best: float = NEARLY_BEST,
    *,
    chosen_by: Literal["f1_macro", "f1_weighted"] = "f1_macro",
    metric: Metric | None = None,
) -> float | None:
    """Estimate by how much the validation f1_macro of the chosen configuration is above what it would be on new rows.

    Rows are drawn with replacement; the configuration that is the best on those drawn is scored on the others, on which
    it was not chosen: the mean over the draws is what choosing brings, without flattery. That is the bias correction of
    Tsamardinos, Greasidou and Borboudakis (2018), Bootstrapping the out-of-sample predictions for efficient and
    accurate cross-validation, Machine Learning 107, 1895-1922. f1_macro of fewer rows is lower on its own; how much it
    is on the mean of all configurations, which nobody chose, is taken off.

    Args:
        candidates: The configurations as `score_candidate` returns them.
        labels: Class ids of validation, int64 (n,).
        nearly_best: As of `select_candidate`; 0 where the score alone decides.
        chosen_by: The score that decides.
        metric: A metric that decides in its place, `context.select_by`: the estimate is then of its score.

    Returns:
        A fraction of at least 0; None where there is nothing to choose among, a configuration came without its
        predictions, or the metric is not of confusion matrices, or of values beyond -1 to 1.
    """
    answers = [each.answers for each in candidates if each.answers is not None]
    by = CORE.get(metric.name, metric) if metric else None
    if len(candidates) <= 1 or len(answers) < len(candidates) or not has_known_optimism(metric):
        return None
    n = len(labels)
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), TIMES).astype(np.float32)  # (draws, n)
    left = (drawn == 0).astype(np.float32)
    drawn, left = (table[left.any(axis=1)] for table in (drawn, left))
    if not len(left):
        return None
    every, scored = np.ones((1, n), np.float32), by or "f1_macro"
    # (draws, configurations) each
    inside, all_inside, outside, whole = (
        np.stack([_scores(weights, labels, each.predictions, score) for each in answers], axis=1)
        for weights, score in ((drawn, by or chosen_by), (every, by or chosen_by), (left, scored), (every, scored))
    )
    if metric and not metric.higher_is_better:
        inside, all_inside, outside, whole = -inside, -all_inside, -outside, -whole
    losses = np.stack([drawn @ each.losses for each in answers], axis=1) / n
    chosen = _chosen(inside, losses, n, nearly_best, metric)
    ours = _chosen(all_inside, np.array([[each.losses.mean() for each in answers]]), n, nearly_best, metric)[0]
    of_fewer_rows = float((whole[0] - outside.mean(axis=0)).mean())
    found = whole[0, ours] - outside[np.arange(len(chosen)), chosen].mean() - of_fewer_rows
    return min(max(float(found), 0.0), 1.0)


def has_known_optimism(metric: Metric | None) -> bool:
    """Return whether optimism is told of a metric: where scores of resampled rows are cheap to have, and fractions.

    Args:
        metric: The one that decides, None for f1_macro.
    """
    by = CORE.get(metric.name, metric) if metric else None
    if by is None or isinstance(by, str):
        return True
    return isinstance(by, TableMetric) and min(by.bounds) >= -1 and max(by.bounds) <= 1


def _chosen(scores: Table, losses: Table, n: int, nearly_best: float, metric: Metric | None) -> NDArray[np.int64]:
    """Return the configuration that `select_candidate` would choose in each row, (draws,)."""
    best = scores.max(axis=1, keepdims=True)
    errors = np.array([[standard_error_of(float(each), n, metric)] for each in best[:, 0]])
    near = scores >= best - nearly_best * errors
    chosen: NDArray[np.int64] = np.where(near, losses if nearly_best else 0.0, np.inf).argmin(axis=1)
    return chosen


def _scores(
    weights: NDArray[np.float32], labels: NDArray[np.int64], predictions: NDArray[np.int64], by: AnyMetric
) -> Table:
    """Return scores of rows with weights, float64 (draws,)."""
    if by in ("f1_macro", "f1_weighted"):
        return _f1(weights, labels, predictions, weighted=by == "f1_weighted")
    k = int(max(labels.max(), predictions.max())) + 1
    cells = labels * k + predictions
    tables = (np.asarray(np.bincount(cells, drawn, k * k), np.float64).reshape(k, k) for drawn in weights)
    scores: Table = np.array([score(by, table) for table in tables if isinstance(by, str | TableMetric)])
    return np.where(np.isfinite(scores), scores, 0.0)


def _f1(
    weights: NDArray[np.float32], labels: NDArray[np.int64], predictions: NDArray[np.int64], *, weighted: bool
) -> Table:
    """Return f1_macro, or f1_weighted, of rows with weights, float64 (draws,); classes of no row take no part."""
    classes = np.arange(max(labels.max(), predictions.max()) + 1)
    true, answered = (np.float32(each[:, np.newaxis] == classes) for each in (labels, predictions))
    found = 2 * np.float64(weights @ (true * answered))
    there = np.float64(weights @ (true + answered))
    f1 = np.divide(found, there, out=np.zeros_like(found), where=there > 0)
    shares = np.float64(weights @ true) if weighted else np.float64(there > 0)
    return np.asarray((f1 * shares).sum(axis=1) / np.maximum(shares.sum(axis=1), 1))
