"""`harness verify` and `harness reproduce`: whether a run holds, and whether it comes out again."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.completion import complete_files, complete_folders
from harness.cli.printing import echo_json
from harness.errors import PluginError

if TYPE_CHECKING:
    from harness.config.run_config import RunConfig
    from harness.results.records import Run

EXIT_DAMAGED, EXIT_NOT_REPRODUCED = 3, 1

run_argument = click.argument("name", metavar="RUN", default="latest", shell_complete=complete_folders)


@click.command()
@run_argument
@options.runs_folder
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.debug
def verify(name: str, output_dir: str, as_json: bool, debug: bool) -> int:
    """Compute every score of a run again from its saved predictions, and check every file against its sha256.

    Exits with 3 where something does not hold.
    """
    del debug
    from harness.analysis.verification import verify_run
    from harness.results.run_directory import find_run
    from harness.terminal import make_console, print_checks

    directory = find_run(name, Path(output_dir))
    checks = verify_run(directory)
    if as_json:
        listed = [{"what": check.what, "problem": check.problem} for check in checks]
        echo_json({"run": str(directory.path), "checks": listed})
    else:
        print_checks(checks, make_console())
    return EXIT_DAMAGED if any(check.problem for check in checks) else 0


@click.command()
@run_argument
@options.runs_folder
@click.option("--tolerance", type=click.FloatRange(min=0, max=1), default=0.005, metavar="FRACTION",
              help="Largest difference of a score that counts as the same.")  # fmt: skip
@click.option("--plugin", "plugins", multiple=True, metavar="FILE|MODULE", shell_complete=complete_files,
              help="Load this plugin instead of those that the run names; repeatable.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
@options.verbose
@options.debug
@click.pass_context
def reproduce(
    ctx: click.Context,
    name: str,
    output_dir: str,
    tolerance: float,
    plugins: tuple[str, ...],
    as_json: bool,
    quiet: bool,
    verbose: bool,
    debug: bool,
) -> int:
    """Run a run again from its own record and tell what differs, in scores and in environment.

    Takes as long as the run did: features are computed anew, whatever the cache holds. Exits with 1 where a score
    differs by more than the tolerance.
    """
    del debug
    from harness.analysis.reproduction import compare_runs, config_to_reproduce
    from harness.results.records import read_run
    from harness.results.run_directory import find_run
    from harness.terminal import make_console, print_reproduction

    then = read_run(find_run(name, Path(output_dir)))
    config = config_to_reproduce(then, output_dir)
    if plugins:
        config = config.model_copy(update={"plugins": plugins})
    now = _run_again(config, ctx.obj["plugins"], ctx.obj["argv"], quiet, verbose)
    reproduction = compare_runs(then, now)
    if as_json:
        echo_json(reproduction.describe(tolerance))
    else:
        print_reproduction(reproduction, tolerance, make_console())
    return 0 if reproduction.succeeded(tolerance) else EXIT_NOT_REPRODUCED


def _run_again(config: "RunConfig", plugins: Sequence[object], command: list[str], quiet: bool, verbose: bool) -> "Run":
    from harness.cli.planning import plan_of
    from harness.cli.run import execute_shown

    plan = plan_of(config, plugins, quiet=quiet, verbose=verbose)
    for plugin in plan.broken:
        raise PluginError(f"{plugin.source} could not be loaded: {plugin.error} Name it as it is now: --plugin FILE.")
    run, _, interrupt = execute_shown(plan, command, quiet=quiet)
    if interrupt:
        raise interrupt
    return run
