"""`harness reproduce`: a run again from its own record, and what differs."""

from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.planning import ask_before_running, plan_of, refuse_servers_of_record
from harness.cli.printing import echo_json
from harness.errors import ExitCode, PluginError

if TYPE_CHECKING:
    from harness.api.result import RunResult
    from harness.config.run_config import RunConfig
    from harness.results.records import Run


@click.command(cls=Command)
@options.run_argument
@options.runs_folder
@click.option("--tolerance", type=options.Finite(min=0, max=1), default=0.005, metavar="FRACTION",
              help="Largest difference of a score that counts as the same.")  # fmt: skip
@options.moved_data
@options.other_plugins
@options.yes_run_plugins
@options.as_json
@options.quiet
@options.language
@options.verbose
@options.debug
@click.pass_context
def reproduce(
    ctx: click.Context,
    name: str,
    output_dir: str,
    tolerance: float,
    dataset: str | None,
    plugins: tuple[str, ...],
    yes_run_plugins: bool,
    as_json: bool,
    quiet: bool,
    language: str,
    verbose: bool,
) -> int:
    """Run a run again from its own record and tell what differs, in scores and in environment.

    Takes as long as the run did: features are computed anew, whatever the cache holds. The new run is kept beside it.
    Plugins that the run names by file or module are code that whoever made the folder chose, so it asks before it runs
    them. Exits with 1 where a score differs by more than the tolerance.
    """
    from harness.analysis.reproduction import compare_runs, config_to_reproduce
    from harness.api.comparing import open_run
    from harness.terminal import make_console, print_note, print_reproduction

    opened = open_run(name, output_dir)
    then = opened.run
    if opened.variants:
        print_note(
            "Variants of exported classifiers are not made again; 'harness verify' checks them.", language=language
        )
    config = config_to_reproduce(then, output_dir, dataset)
    if plugins:
        config = config.model_copy(update={"plugins": plugins})
    elif config.plugins and not yes_run_plugins:
        ask_before_running(config.plugins, language)
    how = {"quiet": quiet, "verbose": verbose, "trusted": yes_run_plugins}
    made = _run_again(ctx, config, then, lies_elsewhere=dataset is not None, **how)
    print_note(f"Saved in {made.path}, which is 'latest' from now on", language=language)
    now = made.run
    reproduction = compare_runs(then, now)
    if as_json:
        echo_json(reproduction.describe(tolerance))
    else:
        print_reproduction(reproduction, tolerance, make_console(), language)
    return ExitCode.OK if reproduction.succeeded(tolerance) else ExitCode.FAILED


def _run_again(
    ctx: click.Context, config: "RunConfig", then: "Run", *, lies_elsewhere: bool, quiet: bool, verbose: bool,
    trusted: bool,
) -> "RunResult":  # fmt: skip
    from harness.analysis.reproduction import refuse_other_data
    from harness.cli.run_display import execute_shown

    plan = plan_of(ctx, config, quiet=quiet, verbose=verbose, to_run=True)
    refuse_servers_of_record(plan, trusted=trusted)
    if lies_elsewhere:
        refuse_other_data(then, plan.task)
    for plugin in plan.broken:
        raise PluginError(f"{plugin.source} could not be loaded: {plugin.error} Name it as it is now: --plugin FILE.")
    made, interrupt = execute_shown(plan, ctx.obj["argv"], quiet=quiet)
    if interrupt:
        raise interrupt
    return made
