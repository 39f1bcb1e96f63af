"""`harness compare`: strategies of one run or several in one table, and two of them row by row."""

from typing import TYPE_CHECKING, Any

import click

from harness.analysis.ranking import SORT_KEYS
from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders
from harness.cli.printing import echo_json
from harness.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from harness.analysis.study import Study


@click.command(cls=Command)
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_folders)
@click.option(
    "--pair",
    nargs=2,
    metavar="A B",
    help="Put strategy B in the place of A: rows fixed and broken, change of the confusion matrix.",
)
@click.option("--cell", nargs=2, metavar="TRUE PREDICTED", help="With --pair: the rows behind a cell of that change.")
@click.option("--top", type=click.IntRange(min=0), default=5, metavar="N", help="Rows shown of each kind.")
@click.option("--pairs", is_flag=True, help="Show the difference of every two strategies.")
@click.option("--force", is_flag=True, help="Show runs that cannot be compared, too, with a warning above.")
@click.option("--sort", type=click.Choice(SORT_KEYS), default="f1_macro", help="Order by this, scores on validation.")
@options.runs_folder
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.debug
def compare(
    names: tuple[str, ...],
    pair: tuple[str, str] | None,
    cell: tuple[str, str] | None,
    top: int,
    pairs: bool,
    force: bool,
    sort: str,
    output_dir: str,
    language: str,
    as_json: bool,
) -> int:
    """Compare strategies of one run or several: 'latest', folders of runs, or their names.

    Strategies are paired row by row, so all runs must have scored the same test rows under the same protocol.
    """
    from harness.api.comparing import open_runs
    from harness.terminal import make_console, print_cell, print_pair, print_study

    if cell and not pair:
        raise UserError("--cell names a cell of the change between two strategies: name these with --pair A B.")
    study = open_runs(names, output_dir, force=force)
    if as_json:
        echo_json(_as_json(study, pair))
        return 0
    console = make_console()
    if not pair:
        print_study(study, console, sort=sort, pairs=pairs, language=language)
        return 0
    first, second = _both(study, pair)
    if cell:
        classes = _class(study, cell[0]), _class(study, cell[1])
        print_cell(study, first, second, classes, console, top=top, language=language)
    else:
        print_pair(study, first, second, console, top=top, language=language)
    return 0


def _both(study: "Study", pair: tuple[str, str]) -> Any:
    if study.watermark:
        raise UserError(f"Rows of runs that cannot be compared are not paired. {study.watermark}")
    return study.strategy(pair[0]), study.strategy(pair[1])


def _class(study: "Study", name: str) -> int:
    if name not in study.label_names:
        raise UserError(f"There is no class {name!r}. {did_you_mean(name, study.label_names)}")
    return study.label_names.index(name)


def _as_json(study: "Study", pair: tuple[str, str] | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "runs": [str(directory.path) for directory in study.directories],
        "watermark": study.watermark,
        "strategies": [
            {
                "name": studied.name,
                "run": studied.run_index,
                "records": [record.model_dump(mode="json") for record in studied.records],
            }
            for studied in study.strategies
        ],
        "evidence": study.evidence.model_dump(mode="json"),
    }
    if pair:
        from harness.evaluation.flips import find_flips

        first, second = _both(study, pair)
        predictions = first.predictions.predictions, second.predictions.predictions
        flips = find_flips(study.labels, *predictions, len(study.label_names))
        content["pair"] = {
            "first": first.name,
            "second": second.name,
            "fixed": study.rows[flips.fixed].tolist(),
            "broken": study.rows[flips.broken].tolist(),
            "both_right": flips.both_right,
            "both_wrong": flips.both_wrong,
            "difference": flips.difference.tolist(),
        }
    return content
