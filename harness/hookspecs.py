"""The whole plugin contract: a plugin is a module in entry-point group `harness` with some of these hooks.

Mark each with `@harness.hookimpl`. Arguments one does not need may be left out of the signature.
"""

from collections.abc import Sequence
from concurrent.futures import Executor

import pluggy

from harness.config.run_config import RunConfig
from harness.data.task import Task
from harness.encoding.encoder import Encoder
from harness.strategies.strategy import Strategy

GROUP = "harness"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def harness_strategies() -> Sequence[Strategy]:  # type: ignore[empty-body]
    """Return the strategies this plugin offers; all plugins' are collected, and names must differ."""


@hookspec(firstresult=True)
def harness_load_task(name: str, config: RunConfig) -> Task | None:
    """Return the data set `--dataset name` asks for, or None where it is not this plugin's; the first wins."""


@hookspec(firstresult=True)
def harness_executor(name: str, config: RunConfig) -> Executor | None:
    """Return the pool of processes that `--on name` asks for, all of which see the run's folder, or None."""


@hookspec(firstresult=True)
def harness_load_encoder(name: str, config: RunConfig, device: str, dtype: str) -> Encoder | None:
    """Return the encoder `--model name` asks for on that device, or None; the first result wins."""
