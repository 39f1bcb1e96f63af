"""`harness labels`: what more labels would buy, and which of train look wrong."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_files, complete_strategy_of_run
from harness.cli.planning import plugins_of_run, quiet_libraries
from harness.cli.printing import echo_json
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.api.doubtful import DoubtfulLabels
    from harness.api.result import RunResult


# fmt: off
@click.command(cls=Command)
@options.run_argument
@click.option("--target", type=options.Finite(), metavar="SCORE", help="The test score that is wanted, such as 0.85.")
@click.option("-s", "--strategy", "strategies", multiple=True, metavar="NAME", shell_complete=complete_strategy_of_run,
              help="The strategy to ask, repeatable; of forecasts also 'all'.  [default: the best by validation; for "
              "--doubtful that on frozen features and that on texts]")
@click.option("--metric", metavar="NAME", help="The metric of the score.  [default: the one that chooses, f1_macro]")
@click.option("--rows", multiple=True, type=click.IntRange(min=1), metavar="N",
              help="Tell the score with so many rows of train, repeatable.  [default: 2 and 4 times the most that were "
              "measured]")
@click.option("--doubtful", type=click.IntRange(min=1), metavar="N",
              help="Find the N rows of train whose labels look wrong to strategies that did not see them.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              shell_complete=complete_files,
              help="Where these rows go: a .csv, .jsonl or .parquet.  [default: a table on standard output]")
@options.moved_data
@options.other_plugins
@options.yes_run_plugins
@options.device
@options.kept_features
@options.cache_dir
@options.offline
@options.where_runs_are
@options.language
@options.as_json
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def labels(
    ctx: click.Context,
    /,
    name: str,
    target: float | None,
    strategies: tuple[str, ...],
    metric: str | None,
    rows: tuple[int, ...],
    doubtful: int | None,
    output: Path | None,
    output_dir: str,
    language: str,
    as_json: bool,
    verbose: bool,
    **flags: Any,
) -> int:
    """Say how many more labelled rows a score takes, from the learning curves of a run (--train-sizes).

    A power law with a floor is fitted to each curve, of four numbers of rows or more, and told with its band; where
    the curve is flat, levels off below the score, or does not reach far enough, that is said instead.

    With --doubtful it says which labels of train look wrong: strategies are fitted on four fifths of train and predict
    the other, five times, and the rows that all miss are listed, the least probable labels first.
    """
    from harness.api.comparing import open_run
    from harness.terminal import make_console, print_doubtful, print_forecasts

    if output and doubtful is None:
        raise UserError("-o takes the rows of --doubtful N. Name both, or neither.")
    opened, console = open_run(name, output_dir), make_console()
    wanted = doubtful is None or target is not None or bool(rows)
    forecasts = opened.labels(target, strategies, metric=metric, rows=rows) if wanted else []
    found = None
    if doubtful is not None:
        quiet_libraries(ctx, verbose=verbose)
        found = _doubtful(ctx, opened, doubtful, language, strategies, **flags)
        if output:
            _write(found, output)
    if as_json:
        listed = [{**asdict(each), "rows": each.n_rows} for each in forecasts]
        echo_json({"forecasts": listed} | ({"doubtful": asdict(found)} if found else {}))
        return 0
    if forecasts:
        print_forecasts(forecasts, opened.run.task.n_rows("train"), console, language)
    if found:
        print_doubtful(found, console, language, saved=output)
    return 0
# fmt: on


def _doubtful(
    ctx: click.Context,
    opened: "RunResult",
    n: int,
    language: str,
    strategies: tuple[str, ...],
    *,
    quiet: bool,
    dataset: str | None,
    plugins: tuple[str, ...],
    yes_run_plugins: bool,
    offline: bool | None,
    **flags: Any,
) -> "DoubtfulLabels":
    from harness.api.doubtful import find_doubtful
    from harness.api.progress import shown_progress

    used = plugins_of_run(opened.run.config.plugins, plugins, language, yes_run_plugins=yes_run_plugins)
    given: dict[str, Any] = {"strategies": strategies, "data": dataset, "plugins": (*used, *ctx.obj["plugins"])}
    with shown_progress(wanted=not quiet, language=language) as reporter:
        return find_doubtful(opened, n, reporter, **given, offline=bool(offline), **flags)


def _write(found: "DoubtfulLabels", output: Path) -> None:
    from harness.data.row_writer import open_writer

    with open_writer(output) as writer:
        writer.write(found.columns(), {})
