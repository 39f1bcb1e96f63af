"""The whole plugin contract: a plugin is a module in entry-point group `harness` with some of these hooks.

Mark each with `@harness.hookimpl`. Arguments one does not need may be left out of the signature.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pluggy

from harness.config.run_config import RunConfig
from harness.data.task import Task
from harness.encoding.encoder import Encoder
from harness.evaluation.metric import Metric
from harness.strategies.strategy import Strategy

GROUP = "harness"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def harness_strategies() -> Sequence[Strategy]:  # type: ignore[empty-body]
    """Return the strategies this plugin offers; all plugins' are collected, and names must differ."""


@hookspec
def harness_metrics() -> Sequence[Metric]:  # type: ignore[empty-body]
    """Return the metrics that `--metrics` may ask for besides those that ship; all are collected, names must differ."""


@hookspec(firstresult=True)
def harness_load_task(name: str, config: RunConfig) -> Task | None:
    """Return the data set `--dataset name` asks for, or None where it is not this plugin's; the first wins."""


@hookspec(firstresult=True)
def harness_executor(name: str, config: RunConfig) -> Executor | None:
    """Return the pool of processes that `--on name` asks for, all of which see the run's folder, or None."""


@hookspec(firstresult=True)
def harness_load_encoder(name: str, config: RunConfig, device: str, dtype: str) -> Encoder | None:
    """Return the encoder `--model name` asks for on that device, or None; the first result wins."""


@hookspec
def harness_run_started(run: Mapping[str, Any], path: Path) -> None:
    """Be told that trials begin: what run.json holds before them, plain values, and the run's folder."""


@hookspec
def harness_trial_finished(record: Mapping[str, Any]) -> None:
    """Be told that a trial is over: its record as in run.json, plain values; also of one that failed."""


@hookspec
def harness_run_finished(run: Mapping[str, Any], path: Path) -> None:
    """Be told that run.json is there: what it holds, plain values, and the run's folder; also of a stopped run."""
