"""What a run would do: the facts of its plan and its trials, before anything is trained."""

from dataclasses import dataclass
from typing import Any

from harness.data.task import SPLITS
from harness.runs.cache_explanation import Explanation, explain_cache
from harness.runs.planning import Plan
from harness.strategies.strategy import recorded_parameters
from harness.wording import quantities


@dataclass(frozen=True)
class PlanSummary:
    """A plan as it is shown.

    Attributes:
        facts: Labels and values.
        trials: Strategy, with its number of rows where the run has several, seed, and hyperparameters of each trial.
        fallback: What stands in for what was asked for, None where nothing does.
    """

    facts: list[tuple[str, str]]
    trials: list[tuple[str, int, dict[str, Any]]]
    fallback: str | None = None


def summary_of_plan(plan: Plan) -> PlanSummary:
    """Return what a plan would run, on what, with what, and how much of it is cached."""
    task, encoder = plan.task, plan.encoder
    rows = ", ".join(f"{len(getattr(task, split)):,} {split}" for split in SPLITS)
    facts = [
        ("data set", f"{task.name} ({rows})"),
        ("classes", ", ".join(task.label_names)),
        ("model", f"{encoder.name} (texts cut at {encoder.max_length} tokens)" if encoder else "none needed"),
        ("device", f"{plan.device}, {plan.dtype}"),
        ("features", cache_summary(explain_cache(plan))),
        ("output", plan.config.output_dir),
        *(("note", note) for note in (*task.provenance.notes, *plan.notes)),
        *(("broken", f"{plugin.name}: {plugin.error}") for plugin in plan.broken),
    ]
    trials = []
    for trial in plan.trials:
        size = "" if trial.train_size is None else f", {trial.train_size:,} rows"
        trials.append((f"{trial.offer.name}{size}", trial.seed, recorded_parameters(trial.strategy)))
    return PlanSummary(facts, trials, plan.fallback)


def cache_summary(explanation: Explanation) -> str:
    """Return in one line how much of what a run would encode is cached."""
    if explanation.unused is not None:
        return explanation.unused
    saved = f", saving {quantities.seconds(explanation.seconds)} s of encoding" if explanation.hits else ""
    return f"{explanation.hits} of {len(explanation.findings)} cached{saved}"
