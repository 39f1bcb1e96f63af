"""`harness errors`: where one strategy of a finished run fails, row by row."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.analysis.ranking import best_by_validation
from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders, complete_strategies
from harness.cli.printing import echo_json
from harness.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from harness.analysis.error_analysis import ErrorAnalysis
    from harness.analysis.study import Studied
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
    from harness.analysis.error_analysis import analyse_errors
    from harness.analysis.study import studied_strategies
    from harness.evaluation.calibration import calibrate
    from harness.results.records import read_run
    from harness.results.row_facts import read_row_facts
    from harness.results.run_directory import find_run
    from harness.terminal import make_console, print_errors

    directory = find_run(name, Path(output_dir))
    run = read_run(directory)
    studied = studied_strategies(run.records, directory)
    chosen = _chosen(strategy, studied, run)
    seed = _seed(chosen, seed)
    facts = read_row_facts(directory)
    # Strategies without that seed stand with their lowest.
    predictions = {each.name: _by_seed(each).get(seed, each.predictions) for each in studied}
    floors = {each.name for each in studied if each.is_floor}
    analysis = analyse_errors(chosen.name, predictions, facts, top, floors)
    own = predictions[chosen.name]
    calibration = calibrate(own.labels, own.probabilities)
    if as_json:
        echo_json(_as_json(analysis, run, seed, facts) | {"calibration": calibration.model_dump(mode="json")})
        return 0
    best = ", best by validation f1_macro" if chosen is best_by_validation(studied) else ""
    about = [("run", directory.path.name), ("strategy", f"{chosen.name}, seed {seed}{best}")]
    names, console = run.task.label_names, make_console()
    print_errors(analysis, names, facts, about, console, calibration=calibration, top=top, language=language)
    return 0
# fmt: on


def _chosen(name: str | None, studied: Sequence["Studied"], run: "Run") -> "Studied":
    by_name = {each.name: each for each in studied}
    if not by_name:
        raise UserError("No strategy of this run was scored, so there are no predictions to look at.")
    if name is None:
        return best_by_validation(studied)
    if name in by_name:
        return by_name[name]
    if failed := next((record for record in run.records if record.strategy == name), None):
        reason = f": {failed.error.message}" if failed.error else ""
        raise UserError(f"Strategy {name!r} has no scores in this run, it is {failed.status}{reason}")
    raise UserError(f"This run has no strategy {name!r}. {did_you_mean(name, by_name)}")


def _by_seed(studied: "Studied") -> dict[int, Any]:
    seeds = (record.seed for record in studied.records)
    return dict(zip(seeds, studied.predictions_by_seed, strict=True))


def _seed(studied: "Studied", seed: int | None) -> int:
    seeds = list(_by_seed(studied))
    if seed is not None and seed not in seeds:
        scored = ", ".join(map(str, seeds))
        raise UserError(f"Strategy {studied.name!r} has no scores with seed {seed} in this run. There are: {scored}.")
    return seeds[0] if seed is None else seed


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
