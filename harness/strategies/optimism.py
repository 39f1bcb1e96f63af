"""How much of a validation score is due to choosing the best of many: bootstrap bias correction."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.strategies.model_selection import NEARLY_BEST, Candidate

TIMES, SEED = 200, 0

Table = NDArray[np.float64]


def selection_optimism(
    candidates: Sequence[Candidate],
    labels: NDArray[np.int64],
    nearly_best: float = NEARLY_BEST,
    *,
    chosen_by: Literal["f1_macro", "f1_weighted"] = "f1_macro",
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

    Returns:
        A fraction of at least 0; None where there is nothing to choose among, or a configuration came without its
        predictions.
    """
    answers = [each.answers for each in candidates if each.answers is not None]
    if len(candidates) <= 1 or len(answers) < len(candidates):
        return None
    n = len(labels)
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), TIMES).astype(np.float32)  # (draws, n)
    left = (drawn == 0).astype(np.float32)
    drawn, left = (table[left.any(axis=1)] for table in (drawn, left))
    if not len(left):
        return None
    every, weighted = np.ones((1, n), np.float32), chosen_by == "f1_weighted"
    inside, all_inside, outside, whole = (
        np.stack([_f1(weights, labels, each.predictions, weighted=by) for each in answers], axis=1)
        for weights, by in ((drawn, weighted), (every, weighted), (left, False), (every, False))
    )  # (draws, configurations) each
    losses = np.stack([drawn @ each.losses for each in answers], axis=1) / n
    chosen = _chosen(inside, losses, n, nearly_best)
    ours = _chosen(all_inside, np.array([[each.losses.mean() for each in answers]]), n, nearly_best)[0]
    of_fewer_rows = float((whole[0] - outside.mean(axis=0)).mean())
    found = whole[0, ours] - outside[np.arange(len(chosen)), chosen].mean() - of_fewer_rows
    return max(float(found), 0.0)


def _chosen(scores: Table, losses: Table, n: int, nearly_best: float) -> NDArray[np.int64]:
    """Return the configuration that `select_candidate` would choose in each row, (draws,)."""
    best = scores.max(axis=1, keepdims=True)
    near = scores >= best - nearly_best * np.sqrt(best * (1 - best) / n)
    chosen: NDArray[np.int64] = np.where(near, losses if nearly_best else 0.0, np.inf).argmin(axis=1)
    return chosen


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
