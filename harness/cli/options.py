"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.completion import complete_files, complete_folders, complete_strategies

Command = TypeVar("Command", bound=Callable[..., Any])

# fmt: off
WHAT = (
    click.option("-s", "--strategies", metavar="NAMES", shell_complete=complete_strategies,
                 help="Strategies, comma-separated, or 'all'.  [default: all]"),
    click.option("-d", "--dataset", metavar="NAME", shell_complete=complete_files,
                 help="'emotion', 'sample', a hub id[:config][@revision], a folder with train/validation/test files "
                 "(jsonl, json, csv, tsv, parquet), or such files, comma-separated.  [default: emotion]"),
    click.option("--text-column", metavar="NAME", help="Column of the texts; guessed from usual names."),
    click.option("--label-column", metavar="NAME", help="Column of the labels; guessed from usual names."),
    click.option("--label-names", metavar="NAMES", help="Names of label ids 0, 1, ..., comma-separated."),
    click.option("-m", "--model", metavar="NAME", shell_complete=complete_folders,
                 help="Encoder: a folder or a hub id.  [default: distilbert-base-uncased]"),
    click.option("--revision", metavar="NAME", help="Branch, tag or commit of the model on the hub."),
    click.option("-n", "--limit", type=int, metavar="N", help="At most N rows of each split, stratified."),
    click.option("--set", "set", multiple=True, metavar="STRATEGY.FIELD=VALUE", help="Change a parameter; repeatable."),
    click.option("-c", "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
                 shell_complete=complete_files, help="TOML file with options of run by their long names; a flag wins."),
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]),
                 help="Where to compute.  [default: auto]"),
    click.option("--dtype", type=click.Choice(["auto", "float32", "bfloat16"]),
                 help="Number format.  [default: auto]"),
    click.option("--offline", is_flag=True, default=None, help="Never touch the network."),
)
cache_dir = click.option("--cache-dir", metavar="FOLDER", shell_complete=complete_folders,
                         help="Where frozen features are kept.  "
                         "[default: $HARNESS_CACHE, or the platform's place for caches]")
verbose = click.option("-v", "--verbose", is_flag=True, help="Print the warnings of libraries, too.")
debug = click.option("--debug", is_flag=True, help="Print tracebacks.")
# fmt: on


def what_is_encoded(command: Command) -> Command:
    """Add the options of a run that decide what its encoder has to do."""
    for option in reversed(WHAT):
        command = option(command)
    return command
