"""Running a plan, for `compare` and for the command line."""

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from harness.api.result import RunResult
from harness.config.run_config import RunConfig
from harness.data.task import Task
from harness.errors import UserError
from harness.results.run_directory import RunDirectory

if TYPE_CHECKING:
    from harness.runs.planning import Plan
    from harness.runs.reporter import Reporter
    from harness.runs.scheduling import Stop


def run_config(
    config: RunConfig,
    plugins: Sequence[object],
    task: Task | None,
    offers: Sequence[Any],
    *,
    fresh: bool,
    retry_failed: bool,
    progress: bool,
) -> RunResult:
    """Plan a configuration and run it, or go on with a run of it that was stopped; for `compare`.

    Args:
        config: What to run.
        plugins: Modules or objects with hooks.
        task: The data, where they are not to be loaded by their name.
        offers: Strategies besides those that plugins offer.
        fresh: Begin anew even where an unfinished run of the same plan lies in the output folder.
        retry_failed: Run again what failed in the last run of the same plan, and keep the rest.
        progress: Show how far the run is.

    Raises:
        UserError: For `fresh` together with `retry_failed`.
    """
    if fresh and retry_failed:
        raise UserError("fresh=True begins a run anew, retry_failed=True goes on with the last one: leave out one.")
    from harness.api.progress import shown_progress
    from harness.runs.opening import open_plan
    from harness.runs.resuming import same_failed_run, same_unfinished_run
    from harness.system.process import library_defaults

    with ExitStack() as held:
        reporter = held.enter_context(shown_progress(wanted=progress))
        with library_defaults():
            plan = open_plan(config, plugins, task=task, offers=offers, to_run=True)
        held.callback(plan.executor.close)
        if plan.fallback:  # before anything is run: who turns warnings into errors wants nothing in its place
            warnings.warn(plan.fallback, UserWarning, stacklevel=3)
        held.enter_context(library_defaults())
        begun = None if fresh else same_unfinished_run(plan)
        if retry_failed and begun is None:
            begun = same_failed_run(plan)
        used = (*config.plugins, *plugins, *(offer.strategy for offer in offers))
        made, interrupt = run_plan(plan, reporter, resume=begun, retry_failed=retry_failed, or_new=True, plugins=used)
    if interrupt:
        interrupt.add_note(f"The trials that were finished are saved: harness.open_run({str(made.path)!r})")
        raise interrupt
    return made


def run_plan(
    plan: "Plan",
    reporter: "Reporter",
    command: Sequence[str] = (),
    *,
    resume: RunDirectory | None = None,
    retry_failed: bool = False,
    or_new: bool = False,
    plugins: tuple[Any, ...] = (),
    stop: "Stop | None" = None,
) -> tuple[RunResult, KeyboardInterrupt | None]:
    """Run a plan, for `compare` and for the command line.

    Args:
        plan: What to run.
        reporter: Told how far it is.
        command: The command line, for the record.
        resume: Folder of an unfinished run of this plan.
        retry_failed: Whether trials of that run that failed are run again.
        or_new: Whether a new run begins where another process has begun to go on with that one.
        plugins: Those that its classifiers need to be loaded in this process.
        stop: The user's wish to stop it.

    Returns:
        The run and, where the user stopped it, the interrupt that did.
    """
    from harness.runs.runner import execute

    how: dict[str, Any] = {"resume": resume, "retry_failed": retry_failed, "or_new": or_new, "stop": stop}
    _, path, interrupt = execute(plan, reporter, command, **how)
    return RunResult(RunDirectory(path), plugins), interrupt
