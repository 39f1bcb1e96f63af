"""What a run would do: the facts of its plan and its trials, before anything is trained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data.task import SPLITS
from harness.encoding.engine import TORCH
from harness.encoding.tags import encoder_tags
from harness.runs.cache_explanation import Explanation, explain_cache
from harness.runs.cost_forecast import CostForecast
from harness.runs.planning import Plan
from harness.strategies.random_search import RandomSearch
from harness.strategies.strategy import recorded_parameters
from harness.strategies.tags import expense_of
from harness.wording import quantities


@dataclass(frozen=True)
class PlanSummary:
    """A plan as it is shown.

    Attributes:
        facts: Labels and values.
        trials: Strategy, with its number of rows where the run has several, seed, and hyperparameters of each trial.
        cost: What all of it will take, None where nothing was forecast.
        fallback: What stands in for what was asked for, None where nothing does.
    """

    facts: list[tuple[str, str]]
    trials: list[tuple[str, int, dict[str, Any]]]
    fallback: str | None = None
    cost: CostForecast | None = None


def summary_of_plan(plan: Plan, cost: CostForecast | None = None) -> PlanSummary:
    """Return what a plan would run, on what, with what, how much of it is cached, and what it will take."""
    cached = explain_cache(plan)
    task, encoder = plan.task, plan.encoder
    rows = ", ".join(f"{len(getattr(task, split)):,} {split}" for split in SPLITS)
    facts = [
        ("data set", f"{task.name} ({rows})"),
        ("classes", ", ".join(task.label_names)),
        ("model", f"{encoder.name} (texts cut at {encoder.max_length} tokens)" if encoder else "none needed"),
        ("device", f"{plan.device}, {plan.dtype}"),
        *([("engine", told)] if (told := _engine(plan)) else []),
        ("features", cache_summary(cached)),
        *(("price", f"{name}: {told}") for name, told in _expenses(plan)),
        ("output", plan.config.output_dir),
        *(told_of_cost(cost) if cost else ()),
        *(("note", note) for note in (*task.provenance.notes, *plan.notes)),
        *(("broken", f"{plugin.name}: {plugin.error}") for plugin in plan.broken),
    ]
    trials = []
    for trial in plan.trials:
        size = "" if trial.train_size is None else f", {trial.train_size:,} rows"
        search = trial.strategy if isinstance(trial.strategy, RandomSearch) else None
        params = {"searched": search.search_space} if search else recorded_parameters(trial.strategy)
        trials.append((f"{trial.offer.name}{size}", trial.seed, params))
    return PlanSummary(facts, trials, plan.fallback, cost)


def _engine(plan: Plan) -> str:
    """Return what computes frozen features, "" where that is torch in the number format of the run."""
    tags = encoder_tags(plan.encoder)
    dtype = tags.dtype or plan.dtype
    asked = plan.config.engine != TORCH or dtype != plan.dtype
    return f"{tags.engine}, {dtype}" if plan.encoder and asked else ""


def told_of_cost(cost: CostForecast) -> list[tuple[str, str]]:
    """Return labels and values of what a run will take."""
    time = f"about {quantities.duration(cost.seconds)}"
    if cost.encode_seconds:
        time += f", {quantities.duration(cost.encode_seconds)} of it encoding"
    if cost.unknown:
        time += f"; not known of {len(cost.unknown)} of {len(cost.trials)} trials"
    early = "the time is less where training ends early, as it often does with few rows"
    return [
        ("time", time),
        ("memory", f"about {quantities.memory(cost.memory_bytes)} for a trial"),
        ("disk", f"about {quantities.size(cost.disk_bytes)}"),
        *([("note", early)] if cost.timed else []),
    ]


def _expenses(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each strategy that asks somebody else, and what that costs: once for all seeds and numbers of rows."""
    texts = [*plan.task.validation.texts, *plan.task.test.texts]
    for offer in plan.offers:
        try:
            told = expense_of(offer.strategy, texts, plan.task.label_names)
        except Exception as error:  # of a plugin, which costs a line and no more
            told = f"not known: {error}"
        if told:
            yield offer.name, told


def cache_summary(explanation: Explanation) -> str:
    """Return in one line how much of what a run would encode is cached."""
    if explanation.unused is not None:
        return explanation.unused
    saved = f", saving {quantities.seconds(explanation.seconds)} s of encoding" if explanation.hits else ""
    return f"{explanation.hits} of {len(explanation.findings)} cached{saved}"


def total_cost(costs: Sequence[CostForecast]) -> str:
    """Return in a sentence what runs will take, one after the other."""
    told = f"In all: about {quantities.duration(sum(cost.seconds for cost in costs))}"
    if unknown := sum(len(cost.unknown) for cost in costs):
        told += f" without {unknown} trials of which it is not known"
    return f"{told}, {quantities.size(sum(cost.disk_bytes for cost in costs))} on disk."
