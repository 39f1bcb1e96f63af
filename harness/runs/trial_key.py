"""Keys of trials: what their numbers depend on, by name; where keys are equal, outcomes are."""

import hashlib
import inspect
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.encoding.tags import encoder_tags
from harness.evaluation.costs import ExpectedCost
from harness.evaluation.metric import Metric
from harness.plugin_system.offers import Plugin
from harness.results.records import ModelInfo
from harness.runs.combining import combines, others_of
from harness.runs.planning import Plan
from harness.runs.session import Trial
from harness.strategies.grid_search import GridSearch
from harness.strategies.random_search import RandomSearch
from harness.strategies.strategy import recorded_parameters, uses_model
from harness.strategies.tags import content_hash_of

NO_CAUSE = ("logical_cores", "device_name")
"""What a machine is called changes no number; its threads may."""


def trial_keys(
    plan: Plan, model: ModelInfo | None, data: str, environment: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Return the name of each trial of a plan -> its key.

    Args:
        plan: What is run.
        model: The record of its encoder.
        data: The hash of its data.
        environment: Of the machine, with the versions of libraries.
    """
    told = {name: value for name, value in environment.items() if name not in NO_CAUSE}
    shared = {"data": data, "machine": _digest(told)}
    fingerprint = encoder_tags(plan.encoder).fingerprint or {}
    encoder = _digest([model and model.model_dump(mode="json"), fingerprint, plan.config.batch_tokens])
    keys: dict[str, dict[str, str]] = {}
    for trial in plan.trials:  # those that combine others come last
        keys[trial.name] = {
            **_of_strategy(trial),
            **shared,
            "encoder": encoder if uses_model(trial.strategy) else "",
            **({"members": _of_members(trial, plan.trials, keys)} if combines(trial) else {}),
        }
    return keys


def changed_parts(
    trials: Sequence[Trial],
    keys: Mapping[str, dict[str, str]],
    before: Mapping[str, dict[str, str]],
    over: Collection[str],
) -> dict[str, list[str]]:
    """Return the name of each trial -> the parts of its key that are not as they were, none where it would be the same.

    Args:
        trials: Those of a plan, which come last where they combine others.
        keys: Theirs.
        before: Those of an earlier run.
        over: Names of trials that were over there and need not run again; what combines one that does has to, too.
    """
    found: dict[str, list[str]] = {}
    for trial in trials:
        key, old = keys[trial.name], before.get(trial.name, {})
        changed = [part for part in key if key[part] != old.get(part)]
        members = others_of(trial, trials) if combines(trial) else []
        again = any(other.name not in over or found[other.name] for other in members)
        found[trial.name] = changed or (["members"] if again else [])
    return found


def _of_members(trial: Trial, trials: Sequence[Trial], keys: Mapping[str, dict[str, str]]) -> str:
    return _digest({each.name: keys[each.name] for each in others_of(trial, trials)})


def _of_strategy(trial: Trial) -> dict[str, str]:
    strategy = trial.strategy
    candidates = strategy.candidates if isinstance(strategy, GridSearch) else (strategy,)
    files = list(map(content_hash_of, candidates))
    kinds = dict.fromkeys(map(type, (strategy, *candidates)))
    return {
        "strategy": " of ".join(kind.__qualname__ for kind in kinds),
        "parameters": _digest([recorded_parameters(each) for each in candidates]),
        "plugin": _plugin_version(trial.offer.plugin),
        "code": _digest([_code(kind) for kind in kinds]),
        **({"files": _digest(files)} if any(files) else {}),
        **({"budget": str(strategy.seconds)} if isinstance(strategy, RandomSearch) else {}),
        "seed": str(trial.seed),
        "rows of train": str(trial.train_size) if trial.per_class is None else f"{trial.per_class} of each class",
        **({"metric that chooses": _chosen_by(trial.select_by)} if trial.select_by else {}),
    }


def _chosen_by(metric: Metric) -> str:
    """Return the name of a metric, of costs with their hash."""
    costs = metric.function.matrix if isinstance(metric.function, ExpectedCost) else None
    return metric.name if costs is None else f"{metric.name} {_digest(costs)}"


def _plugin_version(plugin: Plugin) -> str:
    return f"{plugin.distribution or plugin.name} {plugin.version}"


def _code(kind: type) -> str:
    """Return the hash of the file that a class is written in: versions stay while one edits.

    Of a class that is in no file, such as a notebook's, nobody can tell whether it changed: no two of them are equal.
    """
    try:
        file = inspect.getsourcefile(kind)
        return hashlib.sha256(Path(file or "").read_bytes()).hexdigest()
    except (OSError, TypeError):
        return uuid.uuid4().hex


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
