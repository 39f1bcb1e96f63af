"""`harness report`: one run or several as a file to hand on."""

from pathlib import Path

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_files, complete_runs
from harness.results.run_directory import LATEST


@click.command(cls=Command)
@click.argument("names", metavar="[RUN]...", nargs=-1, shell_complete=complete_runs)
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    shell_complete=complete_files,
    help="Where the report goes; its ending says in which format: .html, .md, .tex, .csv or .json.",
)
@click.option("--texts/--no-texts", default=True, help="Show rows of the data, where the runs kept them.")
@click.option("--force", is_flag=True, help="Report on runs that cannot be compared, too, with a warning above.")
@options.rope
@options.language
@options.where_runs_are
@options.debug
def report(
    names: tuple[str, ...], file: Path, texts: bool, force: bool, rope: float | None, language: str, output_dir: str
) -> int:
    """Write a report on one run or several: 'latest' by default, folders of runs, or their names.

    An HTML report is one file that needs no network and runs no script. --no-texts leaves the rows of the data out.
    """
    from harness.api import reports
    from harness.terminal import print_note

    runs = names or (LATEST,)
    reports.report(runs, file, output_dir=output_dir, texts=texts, language=language, force=force, rope=rope)
    print_note(f"Saved in {file}", language=language)
    return 0
