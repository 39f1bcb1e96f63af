"""`harness predict`: a classifier of a run on new texts, any number of them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_files, complete_runs, complete_strategy_of_run
from harness.cli.planning import plugins_of_run, quiet_libraries
from harness.data.streamed_files import FORMATS

if TYPE_CHECKING:
    from harness.api.predicting import PredictedFile
    from harness.api.result import RunResult


# fmt: off
@click.command(cls=Command)
@click.argument("name", metavar="RUN", shell_complete=complete_runs)
@click.argument("source", metavar="FILE|-", shell_complete=complete_files)
@click.option("-s", "--strategy", metavar="NAME", shell_complete=complete_strategy_of_run,
              help="The strategy that predicts.  [default: the one that the run's answer recommends]")
@options.seed_of_run
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              shell_complete=complete_files,
              help="Where the rows go: a .csv, .jsonl or .parquet.  [default: CSV on standard output]")
@click.option("--format", "kind", type=click.Choice(FORMATS),
              help="What FILE holds.  [default: by its ending; of standard input txt, a text a line]")
@options.text_column
@options.how_files_are_read
@options.moved_model
@options.other_plugins
@options.yes_run_plugins
@options.device
@options.kept_features
@options.cache_dir
@options.offline
@options.where_runs_are
@options.language
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def predict(
    ctx: click.Context,
    /,
    name: str,
    output_dir: str,
    strategy: str | None,
    plugins: tuple[str, ...],
    yes_run_plugins: bool,
    language: str,
    quiet: bool,
    verbose: bool,
    offline: bool | None,
    **flags: Any,
) -> int:
    """Predict the labels of new texts with a classifier of a run: 'latest', its folder, or its folder's name.

    FILE is a csv, tsv, jsonl, parquet or txt (a text a line), also as .gz, or - for standard input. Its rows are
    written again, in their order and with all columns, and beside them the label (prediction), the probability of each
    class, and the margin between the two highest. Any number of rows takes the same memory. A row whose text is null,
    empty or blank keeps its place and gets no prediction.
    """
    from harness.api.comparing import open_run

    quiet_libraries(ctx, verbose=verbose)
    opened = open_run(name, output_dir)
    used = plugins_of_run(opened.run.config.plugins, plugins, language, yes_run_plugins=yes_run_plugins)
    _predict(
        opened, language=language, quiet=quiet, strategy=strategy, offline=bool(offline),
        plugins=(*used, *ctx.obj["plugins"]), **{key: value for key, value in flags.items() if value is not None},
    )
    return 0
# fmt: on


def _predict(
    run: "RunResult", source: str, output: Path | None = None, *, language: str, quiet: bool, **flags: Any
) -> None:
    """Predict, with progress, notes and the result on standard error."""
    from harness.api.predicting import predict_file
    from harness.api.progress import shown_progress
    from harness.terminal import make_console, print_note

    console = make_console(stderr=True)
    if flags["strategy"] is None:
        flags["strategy"] = run.named_or_recommended(None)
        told = f"Predicting with {flags['strategy']}, which the run's answer recommends; -s names another."
        print_note(told, console, language)
    # Rows on a terminal are progress enough, and a bar would stand between them.
    silent = quiet or (output is None and sys.stdout.isatty())
    with shown_progress(wanted=not silent, language=language) as reporter:
        done = predict_file(run, source, output, reporter, lambda note: print_note(note, console, language), **flags)
    print_note(_result(done, output), console, language)


def _result(done: "PredictedFile", output: Path | None) -> str:
    from harness.wording import quantities

    rate = quantities.rate(done.n_rows / done.seconds) if done.seconds else "-"
    told = f"Rows: {done.n_rows:,}, {rate}/s, by {done.strategy}, seed {done.seed}"
    return f"{told}; saved in {output}" if output else told
