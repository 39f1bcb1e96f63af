"""`harness run`: strategies on one data set, or a suite; a run that was stopped goes on."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command, joined
from harness.cli.completion import complete_files, complete_folders, complete_runs
from harness.cli.dry_run import echo_plan
from harness.cli.planning import ask_before_running, config_from, plan_of, refuse_servers_of_record
from harness.cli.printing import echo_run
from harness.cli.run_display import execute_shown, exit_code_of_signal
from harness.config.axes import axes_of, config_of_axes
from harness.errors import ExitCode, UserError
from harness.results.run_directory import LATEST

if TYPE_CHECKING:
    from harness.api.result import RunResult
    from harness.config.axes import Axes
    from harness.results.records import Run
    from harness.results.run_directory import RunDirectory
    from harness.runs.planning import Plan
    from harness.runs.suites import Suite


def _typed(value: str) -> Any:
    return "auto" if value == "auto" else int(value) if value.lstrip("-").isdigit() else value


# fmt: off
@click.command(cls=Command)
@options.what_is_run
@click.option("--seeds", multiple=True, callback=joined, metavar="NUMBERS",
              help="Seeds, comma-separated, such as 0,1,2 or 0-4.  [default: 0]")
@click.option("--train-sizes", "--train-size", "train_sizes", multiple=True, callback=joined, metavar="NUMBERS",
              help="Learning curves: rows of train to fit on, comma-separated, such as 64,256,1024,all.  "
              "[default: all]")
@click.option("--per-class", type=int, metavar="N",
              help="Fit on N rows of each class of train, drawn anew with each seed.  [default: all]")
@click.option("-b", "--batch-tokens", metavar="auto|N", type=_typed,
              help="Tokens in one batch of the encoder, padding included; auto times a few sizes.  [default: auto]")
@click.option("--cache/--no-cache", default=None, help="Keep frozen features for later runs.  [default: cache]")
@options.cache_dir
@click.option("-o", "--output-dir", metavar="FOLDER", shell_complete=complete_folders,
              help="Where the run's folder goes.  [default: reports]")
@click.option("--margin", metavar="FRACTION", type=options.Finite(),
              help="How far behind in a score is as good.  [default: 0.01]")
@click.option("--metrics", multiple=True, callback=joined, metavar="NAMES",
              help="Score by these, too, comma-separated: balanced_accuracy, f1_micro, mcc, cohen_kappa, roc_auc_ovr, "
              "average_precision_macro, log_loss, brier, ece, or what plugins offer.")
@click.option("--select-by", metavar="NAME",
              help="The metric that chooses: epochs and parameters on validation, the order of the table, the answer.  "
              "[default: f1_macro, among epochs f1_weighted]")
@click.option("--costs", metavar="FILE", shell_complete=complete_files,
              help="CSV of what each mistake costs, rows true, columns predicted classes, their names at the head: "
              "expected_cost is then a metric.")
@click.option("--budget", metavar="N|TIME",
              help="Search each strategy in the space that it declares: so many configurations, such as 16, or so much "
              "time, such as 10m; chosen on validation.  [default: no search]")
@options.max_latency
@click.option("--folds", metavar="K|KxR", help="Cross-validation: each of K folds of all rows tests once, another "
              "validates; xR draws the folds R times. One run a fold, one table of all.")
@click.option("--fail-fast", is_flag=True, default=None, help="Stop at the first strategy that fails.")
@click.option("--on", metavar="WHERE",
              help="Where trials run: local:N, N at a time in processes of their own; here, in this one; ray, "
              "slurm, or what a plugin offers.  [default: $HARNESS_ON, else local]")
@click.option("--share", metavar="FOLDER|URL", help="With --on ray, slurm or a plugin's pool: where files go that its "
              "machines do not see here, a folder or an fsspec URL such as s3://bucket/folder.")
@click.option("--time-limit", metavar="DURATION", help="What a trial may take, such as 90s or 10m; one that takes "
              "longer is ended and is a failed row.  [default: no limit]")
@click.option("--memory-limit", metavar="SIZE", help="What memory a trial may hold, such as 8GB; one that holds more "
              "is ended and is a failed row.  [default: no limit]")
@click.option("--sandbox", is_flag=True, default=None, help="Keep trials from all files but their own, and from the "
              "network, by bubblewrap (Linux).")
@click.option("--track", multiple=True, callback=joined, metavar="NAMES",
              help="Tell trackers how the run goes, comma-separated: mlflow, tensorboard, trackio, or what plugins "
              "offer.")
@click.option("--save-models/--no-save-models", default=None, help="Keep the fitted classifiers.  [default: save]")
@click.option("--save-texts/--no-save-texts", default=None,
              help="Keep the test texts in the run's folder, for 'errors' and 'report'.  [default: save]")
@click.option("--resume", is_flag=False, flag_value=LATEST, metavar="[RUN|latest]", shell_complete=complete_runs,
              help="Go on with a run that was stopped or killed: its options, and what it finished is not run again.")
@click.option("--fresh", is_flag=True, help="Begin anew even where an unfinished run of the same command lies there.")
@click.option("--retry-failed", is_flag=True, help="With --resume, run again what failed, too.")
@options.yes_run_plugins
@click.option("--dry-run", is_flag=True, help="Load and check everything, print the plan and, by a few timed texts and "
              "steps, what it will take; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json on stdout instead of tables.")
@options.language
@options.verbose
@options.quiet
@options.debug_value
@click.pass_context
def run(
    ctx: click.Context,
    /,
    config_file: Path | None,
    dataset: tuple[str, ...],
    model: tuple[str, ...],
    resume: str | None,
    fresh: bool,
    retry_failed: bool,
    yes_run_plugins: bool,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    debug: bool,
    language: str,
    **flags: Any,
) -> int:
    """Run strategies on one data set under one protocol and print one table.

    Several data sets or encoders, comma-separated or repeated, are run each with each and end in one table of all.
    """
    axes = axes_of(dataset, model, config_file, flags["folds"])
    if suite := _suite(axes, flags, config_file, resume, fresh=fresh):
        from harness.cli.suite import How, run_suite

        return run_suite(ctx, suite, How(retry_failed, dry_run, as_json, quiet, verbose, debug, language))
    flags |= {"dataset": next(iter(axes.datasets), None), "model": next(iter(axes.models), None)}
    options_of_run = {"quiet": quiet, "verbose": verbose, "to_run": not dry_run}
    given = flags | {"config": config_file}
    if resume is None or (resume == LATEST and _given(given)):  # a command, given again
        plan = plan_of(ctx, config_from(flags, config_file), **options_of_run)
        directory = None if fresh or (dry_run and not resume) else _same_unfinished_run(plan, language)
        _refuse_nothing_to_resume(plan, directory, resume, retry_failed=retry_failed)
    else:
        directory, before = _run_to_resume(
            resume, given, retry_failed=retry_failed, trusted=yes_run_plugins, language=language
        )
        plan = replace(plan_of(ctx, before.config, **options_of_run), fallback=before.fallback)
        refuse_servers_of_record(plan, trusted=yes_run_plugins)
    if dry_run:
        echo_plan(plan, language, as_json=as_json, quiet=quiet)
        return ExitCode.FAILED if plan.broken else ExitCode.OK
    from harness.runs.runner import UnsavedRunError

    try:
        made, interrupt = execute_shown(plan, ctx.obj["argv"], quiet=quiet, resume=directory, retry_failed=retry_failed)
    except UnsavedRunError as refused:
        echo_run(refused.run, as_json=as_json, debug=debug, language=language)
        raise
    echo_run(made.run, as_json=as_json, debug=debug, language=language)
    code = _tell_end(made, interrupt, language)
    if not (quiet or as_json or interrupt):
        _tell_what_next(made, language)
    return code
# fmt: on


def _suite(
    axes: "Axes", flags: Mapping[str, Any], config_file: Path | None, resume: str | None, *, fresh: bool
) -> "Suite | None":
    """Return the suite that is to be run: of several data sets or encoders, or the one to resume; None of a run."""
    from harness.results.suite_record import find_suite
    from harness.runs.suites import reopened_suite, suite_of

    if axes.is_suite:
        flags = {name: value for name, value in flags.items() if value is not None}
        suite = suite_of(config_of_axes(flags, config_file, axes), axes, fresh=fresh)
        if resume not in (None, LATEST) and (suite.directory is None or suite.directory.path.name != Path(resume).name):
            raise UserError(f"--resume {resume}: that is no suite of these options. Leave out --resume or the options.")
        return suite
    parent = Path(flags["output_dir"] or "reports")
    others = _given({**flags, "config": config_file, "dataset": axes.datasets, "model": axes.models})
    directory = find_suite(resume, parent) if resume and not others else None
    return reopened_suite(directory) if directory else None


def _same_unfinished_run(plan: "Plan", language: str) -> "RunDirectory | None":
    from harness.runs.resuming import same_unfinished_run
    from harness.terminal import print_note

    if directory := same_unfinished_run(plan):
        told = f"Going on with {directory.path}, which the same command began and did not finish; --fresh begins anew."
        print_note(told, language=language)
    return directory


def _refuse_nothing_to_resume(
    plan: "Plan", directory: "RunDirectory | None", resume: str | None, *, retry_failed: bool
) -> None:
    if resume and not directory:
        where = plan.config.output_dir
        raise UserError(f"There is no unfinished run of this command in {where}. Leave out --resume.")
    if retry_failed and not directory:
        raise UserError("--retry-failed is of a run that is resumed: name it with --resume.")


def _given(flags: Mapping[str, Any]) -> list[str]:
    """Return the options that say what to run, as they are written."""
    given = [flag for flag, value in flags.items() if value not in (None, ()) and flag != "output_dir"]
    return [f"--{flag.replace('_', '-')}" for flag in given]


def _run_to_resume(
    name: str, flags: Mapping[str, Any], *, retry_failed: bool, trusted: bool, language: str
) -> "tuple[RunDirectory, Run]":
    """Find a run to go on with; plugins that it names are code, and wait for a yes where they are not `trusted`."""
    from harness.analysis.reproduction import refuse_memory
    from harness.results.unfinished_runs import find_to_resume, run_to_resume

    if others := _given(flags):
        raise UserError(f"--resume RUN goes on with the options of the run itself: leave out {', '.join(others)}.")
    directory = find_to_resume(name, Path(flags["output_dir"] or "reports"), retry_failed=retry_failed)
    before = run_to_resume(directory)
    refuse_memory(before, "Make the same call of harness.compare again: it goes on with the run.")
    if before.config.plugins and not trusted:
        ask_before_running(before.config.plugins, language)
    return directory, before


def _tell_end(made: "RunResult", interrupt: KeyboardInterrupt | None, language: str) -> ExitCode:
    """Say where the run is saved and how it goes on, and return the exit code."""
    from harness.terminal import print_note

    print_note(f"Saved in {made.path}", language=language)
    if interrupt:
        print_note(f"Go on with: {_resuming(made)}", language=language)
        return exit_code_of_signal(interrupt)
    return ExitCode.OK if made.run.status == "complete" else ExitCode.FAILED


def _resuming(made: "RunResult") -> str:
    """Return the command that goes on with a run."""
    return shlex.join(["harness", "run", "--resume", str(made.path), *_trusting(made)])


def _trusting(made: "RunResult") -> list[str]:
    """Return the option that a command on a run takes whose plugins the user has just named."""
    return ["--yes-run-plugins"] if made.run.config.plugins else []


def _tell_what_next(made: "RunResult", language: str) -> None:
    """Print the command that runs again what failed, and three that go on from a run that scored something."""
    from harness.terminal import print_note

    config = made.run.config
    if any(record.status == "failed" for record in made.run.records):
        print_note(f"Run again what failed: {_resuming(made)} --retry-failed", language=language)
    if not any(record.is_scored for record in made.run.records):
        return
    name = LATEST if config.output_dir == "reports" else shlex.quote(str(made.path))
    first = f"harness show {name} --pairs"
    if config.save_models and made.recommended is not None:
        first = " ".join(["harness predict", name, "FILE", *_trusting(made)])
    print_note("Try next:", language=language)
    for command in (first, f"harness errors {name}", f"harness report {name} -o report.html"):
        print_note(f"  {command}")
