"""What a plan says of a run besides its facts: options without effect, its fold, rows drawn; one sentence each."""

from collections.abc import Sequence

from harness.config.run_config import RunConfig
from harness.data.task import Task, class_counts, names_shown
from harness.encoding.engine import TORCH
from harness.plugin_system.offers import Offer
from harness.strategies.strategy import uses_model, wanted_features


def options_without_effect(config: RunConfig, offers: Sequence[Offer]) -> list[str]:
    """Say which options that were given no selected strategy heeds, and why.

    Args:
        config: What was asked.
        offers: The selected strategies.
    """
    selected = {offer.base for offer in offers}
    told = [
        f"--set {name} has no effect: it is not among the strategies" for name in config.set if name not in selected
    ]
    if config.prompt and not any(wanted_features(offer.strategy) for offer in offers):
        told.append("--prompt has no effect: no selected strategy reads frozen features")
    if any(uses_model(offer.strategy) for offer in offers):
        return told
    of_encoder = {"max-length": config.max_length is not None, "engine": config.engine != TORCH}
    unread = [option for option, is_asked in of_encoder.items() if is_asked]
    return [*told, *(f"--{option} has no effect: no selected strategy reads an encoder" for option in unread)]


def told_of_draw(config: RunConfig, task: Task) -> list[str]:
    """Say how many rows of each class are drawn, and of which classes there are fewer."""
    if config.per_class is None:
        return []
    counts = class_counts(task.train, task.n_classes)
    few = [name for name, n in zip(task.label_names, counts, strict=True) if n < config.per_class]
    fewer = f"; train has fewer of {names_shown(few)}" if few else ""
    return [f"every seed draws {config.per_class:,} rows of each class of train to fit on{fewer}"]


def told_of_fold(config: RunConfig) -> list[str]:
    """Say which fold of a cross-validation a run is of."""
    return [f"this run is fold {config.fold} of all rows: it tests, the next one validates"] if config.fold else []
