"""`harness compare`: strategies of one run or several in one table, and two of them row by row."""

import click

from harness.analysis.ranking import SORT_KEYS
from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_runs
from harness.cli.printing import echo_json
from harness.errors import UserError


@click.command(cls=Command)
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
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
@click.option(
    "--sort", type=click.Choice(SORT_KEYS), help="Order by this, scores on validation.  [default: what chose]"
)
@options.runs_folder
@options.language
@options.as_json
@options.debug
def compare(
    names: tuple[str, ...],
    pair: tuple[str, str] | None,
    cell: tuple[str, str] | None,
    top: int,
    pairs: bool,
    force: bool,
    sort: str | None,
    output_dir: str,
    language: str,
    as_json: bool,
) -> int:
    """Compare strategies of one run or several: 'latest', folders of runs, or their names.

    Strategies are paired row by row, so all runs must have scored the same test rows under the same protocol.
    """
    from harness.api.comparing import open_runs
    from harness.reporting import plain_values
    from harness.terminal import make_console, print_cell, print_pair, print_study

    if cell and not pair:
        raise UserError("--cell names a cell of the change between two strategies: name these with --pair A B.")
    study, console = open_runs(names, output_dir, force=force), make_console()
    both = study.pair(*pair) if pair else None
    if as_json:
        echo_json(plain_values.of_study(study, both))
    elif not both:
        print_study(study, console, sort=sort, pairs=pairs, language=language)
    elif cell:
        classes = study.class_id(cell[0]), study.class_id(cell[1])
        print_cell(study, *both, classes, console, top=top, language=language)
    else:
        print_pair(study, *both, console, top=top, language=language)
    return 0
