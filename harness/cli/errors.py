"""`harness errors`: where one strategy of a finished run fails, row by row."""

from typing import TYPE_CHECKING, Any

import click

from harness.analysis.ranking import best_by_validation
from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders, complete_strategies
from harness.cli.printing import echo_json

if TYPE_CHECKING:
    from harness.analysis.error_analysis import ErrorAnalysis
    from harness.results.records import Run
    from harness.results.row_facts import RowFacts


# fmt: off
@click.command(cls=Command)
@click.argument("name", metavar="[RUN]", default="latest", shell_complete=complete_folders)
@click.option("-s", "--strategy", metavar="NAME", shell_complete=complete_strategies,
              help="The strategy to look at.  [default: the best by validation f1_macro]")
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
    from harness.terminal import make_console, print_errors

    opened = open_run(name, output_dir)
    chosen = opened.strategy(strategy)
    seed = opened.record(chosen.name, seed).seed
    analysis, calibration = opened.error_analysis(chosen.name, seed=seed, top=top)
    run, facts = opened.run, opened.facts
    if as_json:
        echo_json(_as_json(analysis, run, seed, facts) | {"calibration": calibration.model_dump(mode="json")})
        return 0
    best = ", best by validation f1_macro" if chosen is best_by_validation(opened.strategies) else ""
    about = [("run", opened.path.name), ("strategy", f"{chosen.name}, seed {seed}{best}")]
    names, console = run.task.label_names, make_console()
    print_errors(analysis, names, facts, about, console, calibration=calibration, top=top, language=language)
    return 0
# fmt: on


def _as_json(analysis: "ErrorAnalysis", run: "Run", seed: int, facts: "RowFacts | None") -> dict[str, Any]:
    """Return all as plain values, with the texts of all rows that are named, where they were kept."""
    from pydantic import TypeAdapter

    from harness.analysis.error_analysis import ErrorAnalysis

    texts, rows = facts.texts_by_row() if facts else {}, analysis.rows_named()
    content = TypeAdapter(ErrorAnalysis).dump_python(analysis, mode="json")
    return {
        "label_names": run.task.label_names,
        "seed": seed,
        **content,
        "texts": {row: texts[row] for row in rows if row in texts},
    }
