"""`harness run` of several data sets or encoders: each with each, in runs of their own, and one table of all."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from harness.cli.planning import fork_early, plan_of
from harness.cli.printing import echo_json
from harness.cli.run_display import execute_shown, exit_code_of_signal
from harness.errors import ExitCode

if TYPE_CHECKING:
    from harness.results.suite_record import SuiteCell, SuiteDirectory
    from harness.runs.cost_forecast import CostForecast
    from harness.runs.planning import Plan
    from harness.runs.suites import Suite


@dataclass(frozen=True)
class How:
    """How a suite is run and shown, as the options of `harness run` say."""

    retry_failed: bool
    dry_run: bool
    as_json: bool
    quiet: bool
    verbose: bool
    debug: bool
    language: str


def run_suite(ctx: click.Context, suite: "Suite", how: How) -> int:
    """Check all cells of a suite, run what is not there yet, and print the table of all.

    Args:
        ctx: The command's context.
        suite: The suite.
        how: How to run and show it.

    Raises:
        HarnessError: For anything wrong with options, data or encoders, before anything is trained.
    """
    from harness.runs.suites import refuse_same_data

    if how.dry_run:
        return _show_plans(ctx, suite, how)
    fork_early(ctx, suite.config, quiet=how.quiet)  # before anything is loaded here; all cells take these in turn
    for _ in refuse_same_data(_plans(ctx, suite, how)):
        pass  # all are checked before the first is trained, with one encoder in memory at a time
    with suite.claimed() as directory:
        return _run_cells(ctx, suite, directory, how)


def _run_cells(ctx: click.Context, suite: "Suite", directory: "SuiteDirectory", how: How) -> int:
    for number, cell in enumerate(list(suite.record.cells), 1):
        interrupt = _run_cell(ctx, suite, cell, number, how)
        if interrupt:
            if suite.record.is_begun:
                show_suite(directory, how.language, as_json=how.as_json)
            _note(f"Go on with: {shlex.join(['harness', 'run', '--resume', str(directory.path)])}", how.language)
            return exit_code_of_signal(interrupt)
    show_suite(directory, how.language, as_json=how.as_json)
    _note(f"Saved in {directory.path}", how.language)
    return ExitCode.FAILED if any(cell.status == "partial" for cell in suite.record.cells) else ExitCode.OK


def _run_cell(ctx: click.Context, suite: "Suite", cell: "SuiteCell", number: int, how: How) -> KeyboardInterrupt | None:
    from harness.results.unfinished_runs import reopen

    plan = _plan(ctx, suite, cell, how, to_run=True)
    if plan is None:
        suite.note(cell, status="empty")
        return None
    if suite.is_done(cell, plan, retry_failed=how.retry_failed):
        plan.executor.close()
        return None
    if not how.quiet:
        _note(f"Cell {number} of {len(suite.record.cells)}: {_name(cell)}", how.language)
    if run := suite.run_of(cell, plan):
        reopen(run, cell.trials)
    command = ctx.obj["argv"]
    made, interrupt = execute_shown(plan, command, quiet=how.quiet, resume=run, retry_failed=how.retry_failed)
    suite.note_run(cell, plan, made.run, made.path, stopped=interrupt is not None)
    return interrupt


def _plan(ctx: click.Context, suite: "Suite", cell: "SuiteCell", how: How, *, to_run: bool) -> "Plan | None":
    found = plan_of(ctx, suite.config_of(cell), quiet=how.quiet, verbose=how.verbose, to_run=to_run)
    plan = suite.plan_of(cell, found)
    if plan is None:
        found.executor.close()
    return plan


def _plans(ctx: click.Context, suite: "Suite", how: How) -> "Iterator[tuple[SuiteCell, Plan | None]]":
    for cell in suite.record.cells:
        plan = _plan(ctx, suite, cell, how, to_run=False)
        yield cell, plan
        if plan:
            plan.executor.close()


def _show_plans(ctx: click.Context, suite: "Suite", how: How) -> int:
    """Print what each cell would run, and which are there already."""
    from harness.cli.dry_run import summary_with_cost
    from harness.document.plan import total_cost
    from harness.reporting import plain_values
    from harness.runs.suites import refuse_same_data
    from harness.terminal import make_console, print_plan

    told, costs, broken = list[dict[str, Any]](), list["CostForecast"](), False
    for number, (cell, plan) in enumerate(refuse_same_data(_plans(ctx, suite, how)), 1):
        done = plan is not None and suite.is_done(cell, plan, retry_failed=how.retry_failed)
        state = "nothing to run" if plan is None else "finished" if done else f"{len(plan.trials)} trials"
        summary = summary_with_cost(plan, how.language, quiet=how.quiet or number > 1) if plan and not done else None
        costs += [summary.cost] if summary and summary.cost else []
        broken |= bool(plan and plan.broken)
        shown = plain_values.of_plan(summary) if summary else None
        told.append({**cell.model_dump(include={"dataset", "model", "fold"}), "state": state, "plan": shown})
        if not how.as_json:
            _note(f"Cell {number} of {len(suite.record.cells)}: {_name(cell)}: {state}", how.language, out=True)
            if summary:
                print_plan(summary, make_console(), how.language)
    if how.as_json:
        echo_json(told)
    elif costs:
        _note(total_cost(costs), how.language, out=True)
    return ExitCode.FAILED if broken else ExitCode.OK


def show_suite(directory: "SuiteDirectory", language: str, *, as_json: bool, rope: float | None = None) -> int:
    """Print the table of a suite, or its JSON; with `rope`, the Bayesian signed-rank test, too.

    Raises:
        UserError: Where it cannot be read, and where nothing was scored.
    """
    from harness.analysis.suite_study import open_suite_study
    from harness.reporting.suite_writing import json_of_suite
    from harness.terminal import make_console, print_suite

    study = open_suite_study(directory, rope)
    if as_json:
        echo_json(json_of_suite(study))
    else:
        print_suite(study, make_console(), language)
    return ExitCode.OK


def _name(cell: "SuiteCell") -> str:
    return ", ".join(name for name in (cell.dataset, cell.model, cell.fold and f"fold {cell.fold}") if name)


def _note(text: str, language: str, *, out: bool = False) -> None:
    from harness.terminal import make_console, print_note

    print_note(text, make_console() if out else None, language=language)
