"""`harness show`: a run's table again, from disk."""

import shlex
from pathlib import Path

import click

from harness.analysis.ranking import SORT_KEYS
from harness.cli import options
from harness.cli.command import Command
from harness.cli.printing import echo_run
from harness.errors import UserError
from harness.results.run_directory import LATEST


@click.command(cls=Command)
@options.run_argument
@options.runs_folder
@click.option("--confusion/--no-confusion", default=True, help="Show the confusion matrices.")
@click.option("--per-class/--no-per-class", default=True, help="Show the best strategy's scores by class.")
@click.option("--pairs", is_flag=True, help="Show the difference of every two strategies.")
@click.option("--history", is_flag=True, help="Show the epochs of training, and what else was tried on validation.")
@click.option(
    "--sort", type=click.Choice(SORT_KEYS), help="Order by this, scores on validation.  [default: what chose]"
)
@options.rope
@options.max_latency
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print run.json.")
@click.option("--debug", is_flag=True, help="Print the tracebacks of failed strategies.")
def show(
    name: str,
    output_dir: str,
    confusion: bool,
    per_class: bool,
    pairs: bool,
    history: bool,
    sort: str | None,
    rope: float | None,
    max_latency: str | None,
    language: str,
    as_json: bool,
    debug: bool,
) -> int:
    """Show a run or a suite again: 'latest', its folder, or its folder's name."""
    from harness.api.comparing import open_run
    from harness.cli.suite import show_suite
    from harness.config.run_config import build_config
    from harness.results.run_directory import RunDirectory
    from harness.results.suite_record import find_suite
    from harness.results.unfinished_runs import unfinished_runs
    from harness.terminal import print_note

    if suite := find_suite(name, Path(output_dir)):
        return show_suite(suite, language, as_json=as_json, rope=rope)
    if rope is not None:
        raise UserError(f"--rope is of a suite, and {name} is a run. Leave it out.")
    opened = open_run(name, output_dir)
    shown = {
        "sort": sort,
        "confusion": confusion,
        "per_class": per_class,
        "pairs": pairs,
        "history": history,
        "variants": opened.variants,
        "language": language,
    }
    asked = build_config({"max_latency": max_latency}).max_latency
    echo_run(opened.run if as_json else opened.run.with_max_latency(asked), as_json=as_json, debug=debug, **shown)
    directory, result = RunDirectory(opened.path), opened.run
    newer = [other.path for other in unfinished_runs(Path(output_dir)) if other.path.name > directory.path.name]
    if name == LATEST and newer:
        print_note(f"A newer run is unfinished: harness show {shlex.quote(str(newer[0]))}", language=language)
    if directory.is_unfinished:
        over = sum(record.status in ("ok", "failed") for record in result.records)
        command = f"harness run --resume {shlex.quote(str(directory.path))}"
        told = f"Unfinished: {over} of {len(result.records)} trials are over. Go on with: {command}"
        print_note(told, language=language)
    return 0
