"""`harness prefetch`: data and encoders in one folder, for machines without a network."""

from pathlib import Path
from typing import Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders
from harness.cli.planning import config_from, quiet_libraries
from harness.config.run_config import DEFAULT_MODEL


# fmt: off
@click.command(cls=Command)
@options.what_is_read
@click.option("-m", "--model", "models", metavar="NAME", multiple=True, shell_complete=complete_folders,
              help="Encoder: a folder or a hub id; repeatable.")
@options.revision
@click.option("-o", "--output", metavar="BUNDLE", required=True, type=click.Path(path_type=Path),
              shell_complete=complete_folders, help="The folder to write: a new one, or a bundle to add to.")
@options.config
@options.plugins
@options.offline
@options.language
@options.verbose
@options.debug
@click.pass_context
def prefetch(
    ctx: click.Context,
    /,
    config_file: Path | None,
    models: tuple[str, ...],
    output: Path,
    language: str,
    verbose: bool,
    **flags: Any,
) -> int:
    """Fetch data and encoders into one folder for machines without a network, each file with its sha256.

    They are what a run would read: the three splits as parquet files, and checkpoints. Without -d and -m they are
    those of 'harness run' without any. 'harness verify BUNDLE' checks the files; what is printed last runs with them.
    """
    from harness.api import bundling
    from harness.terminal import make_console, print_note, waiting

    quiet_libraries(ctx, verbose=verbose)
    console = make_console(stderr=True)
    config = config_from(flags, config_file)
    wanted = models or ((config.model,) if config.model else ())
    with_data = config.dataset is not None or not wanted
    if config.dataset is None and not wanted:
        wanted = (DEFAULT_MODEL,)
    with waiting(console, "loading data and encoders", language=language):
        bundle = bundling.prefetch(
            config, wanted, output, lambda note: print_note(note, console, language), ctx.obj["plugins"],
            with_data=with_data,
        )
    print_note(f"Saved in {output}", console, language)
    print_note(f"Run with it: {bundling.command_of(bundle, str(output))}", console, language)
    return 0
# fmt: on
