"""`harness errors`: where one strategy of a finished run fails, row by row."""

import click

from harness.analysis.ranking import best_by_validation
from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_runs, complete_strategy_of_run
from harness.cli.printing import echo_json
from harness.results.run_directory import LATEST


# fmt: off
@click.command(cls=Command)
@click.argument("name", metavar="[RUN]", default=LATEST, shell_complete=complete_runs)
@click.option("-s", "--strategy", metavar="NAME", shell_complete=complete_strategy_of_run,
              help="The strategy to look at.  [default: the best by validation]")
@click.option("--seed", type=int, metavar="K", help="Of several seeds, this one.  [default: the lowest]")
@click.option("-k", "--top", type=click.IntRange(min=1), default=5, metavar="N", help="Rows and pairs of each kind.")
@options.runs_folder
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print JSON, rows counted from 0.")
@options.debug
def errors(
    name: str,
    strategy: str | None,
    seed: int | None,
    top: int,
    output_dir: str,
    language: str,
    as_json: bool,
) -> int:
    """Show where a strategy of a run fails: 'latest', the run's folder, or its folder's name.

    Rows with the highest loss, classes confused, rows that all strategies miss (their labels may be wrong), rows that
    one alone gets right, accuracy by length, negation, truncation and occurrence in train, and calibration.
    """
    from harness.api.comparing import open_run
    from harness.reporting import plain_values
    from harness.terminal import make_console, print_errors

    opened = open_run(name, output_dir)
    chosen = opened.strategy(strategy)
    seed = opened.record(chosen.name, seed).seed
    analysis, calibration = opened.error_analysis(chosen.name, seed=seed, top=top)
    run, facts = opened.run, opened.facts
    if as_json:
        echo_json(plain_values.of_errors(analysis, calibration, run, seed, facts))
        return 0
    best = f", best by validation {chosen.chosen_by}" if chosen is best_by_validation(opened.strategies) else ""
    about = [("run", opened.path.name), ("strategy", f"{chosen.name}, seed {seed}{best}")]
    names, console = run.task.label_names, make_console()
    print_errors(analysis, names, facts, about, console, calibration=calibration, top=top, language=language)
    return 0
# fmt: on
