"""Several settings of one strategy: each is fitted, the one that validation prefers is kept."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from harness.data.task import Split
from harness.evaluation.metric import Metric
from harness.strategies.model_selection import candidate_history, score_candidate, select_candidate
from harness.strategies.optimism import selection_optimism
from harness.strategies.strategy import Classifier

Fitted = TypeVar("Fitted", bound=Classifier)


def fit_candidates(
    settings: Sequence[Mapping[str, float | str]],
    fit: Callable[..., Fitted],
    validation: Split,
    metric: Metric | None = None,
) -> tuple[Fitted, dict[str, Any]]:
    """Fit with each setting and return the classifier that validation prefers, by the rule of `select_candidate`.

    Args:
        settings: What to set, the more regularised first.
        fit: Takes a setting as keyword arguments and returns a classifier fitted on train.
        validation: Rows to choose on.
        metric: What chooses, `context.select_by`; None for f1_macro.

    Returns:
        The classifier, and what its record tells of the choice: `history`, `configurations_tried`, `optimism`.
    """
    fitted = [fit(**setting) for setting in settings]
    candidates = [
        score_candidate(setting, classifier.predict_proba(validation.texts), validation.labels, metric)
        for setting, classifier in zip(settings, fitted, strict=True)
    ]
    best = select_candidate(candidates, len(validation), metric)
    chosen = next(each for each, candidate in zip(fitted, candidates, strict=True) if candidate is best)
    return chosen, {
        "history": candidate_history(candidates, metric),
        "configurations_tried": len(candidates),
        "optimism": selection_optimism(candidates, validation.labels, metric=metric),
    }
