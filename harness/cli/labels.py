"""`harness labels`: what more labels would buy."""

from dataclasses import asdict

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_strategy_of_run
from harness.cli.printing import echo_json


# fmt: off
@click.command(cls=Command)
@options.run_argument
@click.option("--target", type=float, metavar="SCORE", help="The test score that is wanted, such as 0.85.")
@click.option("-s", "--strategy", "strategies", multiple=True, metavar="NAME", shell_complete=complete_strategy_of_run,
              help="The strategy to forecast, repeatable, or 'all'.  [default: the best by validation]")
@click.option("--metric", metavar="NAME", help="The metric of the score.  [default: the one that chooses, f1_macro]")
@click.option("--rows", multiple=True, type=click.IntRange(min=1), metavar="N",
              help="Tell the score with so many rows of train, repeatable.  [default: 2 and 4 times the most that were "
              "measured]")
@options.where_runs_are
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.debug
def labels(
    name: str,
    target: float | None,
    strategies: tuple[str, ...],
    metric: str | None,
    rows: tuple[int, ...],
    output_dir: str,
    language: str,
    as_json: bool,
) -> int:
    """Say how many more labelled rows a score takes, from the learning curves of a run (--train-sizes).

    A power law with a floor is fitted to each curve, of four numbers of rows or more, and told with its band; where
    the curve is flat, levels off below the score, or does not reach far enough, that is said instead.
    """
    from harness.api.comparing import open_run
    from harness.terminal import make_console, print_forecasts

    opened = open_run(name, output_dir)
    forecasts = opened.labels(target, strategies, metric=metric, rows=rows)
    if as_json:
        echo_json([{**asdict(each), "rows": each.n_rows} for each in forecasts])
    else:
        print_forecasts(forecasts, opened.run.task.n_rows("train"), make_console(), language)
    return 0
# fmt: on
