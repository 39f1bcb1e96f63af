"""`harness encode`: the frozen features of any number of texts, in shards."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_files, complete_folders
from harness.cli.planning import config_from, quiet_libraries
from harness.data.streamed_files import FORMATS

if TYPE_CHECKING:
    from harness.api.encoding import EncodedFiles


# fmt: off
@click.command(cls=Command)
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, shell_complete=complete_files)
@click.option("-o", "--output", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False), required=True,
              shell_complete=complete_folders, help="Where the features go.")
@click.option("-m", "--model", metavar="NAME", shell_complete=complete_folders,
              help="Encoder: a folder or a hub id.  [default: distilbert-base-uncased]")
@options.revision
@click.option("--layer", type=int, default=-1, metavar="N",
              help="0 for the embeddings, 1, 2, ... for the blocks, or negative, counted from the last.")
@click.option("--pooling", default="auto", metavar="NAME",
              help="cls, mean, max, lasttoken, ...; auto is what the encoder's checkpoint declares.")
@click.option("--prompt", metavar="TEXT",
              help="Put before each text; '' for none.  [default: what the checkpoint declares]")
@options.max_length
@click.option("--format", "kind", type=click.Choice(FORMATS),
              help="What the files hold.  [default: by their endings]")
@options.text_column
@options.how_files_are_read
@click.option("-b", "--batch-tokens", metavar="N", type=int,
              help="Tokens in one batch of the encoder, padding included.  [default: 2048]")
@click.option("--shard-rows", type=click.IntRange(min=1), default=8192, metavar="N",
              help="Rows of a part: what is held in memory at once, and what a kill can cost.")
@click.option("--on", metavar="WHERE",
              help="Where shards are encoded: here, local:N, N at a time in processes of their own; ray, slurm, or "
              "what a plugin offers.  [default: $HARNESS_ON, else local]")
@options.plugins
@options.device
@options.dtype
@options.engine
@options.offline
@options.language
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def encode(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    output: Path,
    layer: int,
    pooling: str,
    kind: str | None,
    shard_rows: int,
    language: str,
    quiet: bool,
    verbose: bool,
    **flags: Any,
) -> int:
    """Write the frozen features of all texts of files into a folder, as part-000000.npy and so on, in their order.

    A FILE is a csv, tsv, jsonl, parquet or txt (a text a line), also as .gz. Rows are not held in memory.
    Each part is whole or absent, and the same command goes on where it was stopped. A row whose text is null, empty or
    blank keeps its place; its features are NaN.
    """
    from harness.api.encoding import encode_files
    from harness.api.progress import shown_progress
    from harness.encoding.encoder import Features
    from harness.terminal import make_console, print_note

    quiet_libraries(ctx, verbose=verbose)
    config, features = config_from(flags, None), Features(layer, pooling)
    console = make_console(stderr=True)
    with shown_progress(wanted=not quiet, language=language) as reporter:
        done = encode_files(
            sources, output, config, features, reporter, lambda note: print_note(note, console, language),
            plugins=ctx.obj["plugins"], kind=kind, shard_rows=shard_rows,
        )
    print_note(_result(done, output), console, language)
    return 0
# fmt: on


def _result(done: "EncodedFiles", output: Path) -> str:
    from harness.wording import quantities

    rate = quantities.rate(done.n_encoded / done.seconds) if done.n_encoded and done.seconds else "-"
    return (
        f"Rows: {done.n_rows:,} of {done.width:,} numbers, {done.n_without_text:,} without a text; encoded now: "
        f"{done.n_encoded:,}, {rate}/s; saved in {output}"
    )
