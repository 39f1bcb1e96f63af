"""Options that several commands share."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from harness.cli.command import joined
from harness.cli.completion import (
    complete_data,
    complete_fields,
    complete_files,
    complete_folders,
    complete_runs,
    complete_strategies,
)
from harness.results.run_directory import LATEST
from harness.wording.languages import LANGUAGES, language_of_locale

Command = TypeVar("Command", bound=Callable[..., Any])


class Finite(click.FloatRange):
    """A number in a range; click's own lets nan pass wherever it is compared, and infinity where no bound is named."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Raises:
            click.BadParameter: Where it is none, is not finite or lies outside the range.
        """
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"expected a finite number, got {value}.", param, ctx)
        return number

    def _describe_range(self) -> str:
        return super()._describe_range() if (self.min, self.max) != (None, None) else ""  # click writes "x<=None"


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    """Let `harness.cli.main` know, which prints the traceback of an error that ends the command."""
    del param
    ctx.find_root().obj["debug"] = value
    return value


# fmt: off
max_latency = click.option("--max-latency", metavar="TIME", help="What a text that comes alone may take, such as 5ms: "
                           "the answer names the best of what answers 95 of 100 within it.")
text_column = click.option("--text-column", metavar="NAME", help="Column of the texts; guessed from usual names.")
READING = (
    click.option("--header/--no-header", "header", default=None,
                 help="Whether the first row of csv, tsv and txt files names the columns.  [default: by its look]"),
    click.option("--columns", multiple=True, callback=joined, metavar="NAMES",
                 help="Names of the columns of such files without a header, comma-separated, in order."),
    click.option("--encoding", metavar="NAME", help="Encoding of files of text, such as cp1252 or utf-16.  [default: "
                 "UTF-8, else by their look]"),
    click.option("--quoting", type=click.Choice(["auto", "yes", "no"]),
                 help="Whether quotation marks enclose cells of csv, tsv and txt files.  [default: auto]"),
)
OF_DATA = (
    text_column,
    click.option("--label-column", metavar="NAME", help="Column of the labels; guessed from usual names."),
    click.option("--label-names", multiple=True, callback=joined, metavar="NAMES",
                 help="Names of label ids 0, 1, ..., comma-separated."),
    click.option("--normalise-labels", is_flag=True, default=None,
                 help="Take label names for one that differ only in case, spaces, Unicode form or a final .0."),
    click.option("--test-size", type=Finite(), metavar="SHARE",
                 help="Set this share of train, such as 0.2, aside as test, stratified; where no test is labelled."),
    click.option("--split-seed", type=int, metavar="K", help="Seed of the rows of --test-size.  [default: 0]"),
    *READING,
    click.option("-n", "--limit", type=int, metavar="N", help="At most N rows of each split, stratified."),
)
revision = click.option("--revision", metavar="NAME", help="Branch, tag or commit of the model on the hub.")
config = click.option("-c", "--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
                      shell_complete=complete_files,
                      help="TOML file with options of run by their long names; a flag wins.")
plugins = click.option("--plugin", "--plugins", "plugins", multiple=True, metavar="FILE|MODULE",
                       callback=lambda ctx, param, value: value or None, shell_complete=complete_files,
                       help="Load a plugin that is not installed: a .py file, or a module that can be imported; "
                       "repeatable, besides those in $HARNESS_PLUGINS.")
other_plugins = click.option("--plugin", "plugins", multiple=True, metavar="FILE|MODULE", shell_complete=complete_files,
                             help="Load this plugin instead of those that the run names; repeatable.")
moved_data = click.option("-d", "--dataset", metavar="NAME", shell_complete=complete_data,
                          help="Where the data of the run are now; refused where they are not the same.")
moved_model = click.option("-m", "--model", metavar="NAME", shell_complete=complete_folders,
                           help="The encoder of the run, a folder or a hub id, where it is not where it was.")
kept_features = click.option("--cache/--no-cache", default=True, help="Read frozen features that runs have computed.")
yes_run_plugins = click.option("--yes-run-plugins", is_flag=True,
                               help="Run the plugins that the run names without asking: they are code.")
offline = click.option("--offline", is_flag=True, default=None, help="Never touch the network.")
device = click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]),
                      help="Where to compute.  [default: auto]")
dtype = click.option("--dtype", type=click.Choice(["auto", "float32", "bfloat16"]),
                     help="Number format.  [default: auto]")
max_length = click.option("--max-length", type=click.IntRange(min=4), metavar="N",
                          help="Cut texts at so many tokens.  [default: what the encoder reads]")
engine = click.option("--engine", type=click.Choice(["auto", "torch", "openvino", "openvino-int8"]),
                      help="What computes frozen features; openvino on CPUs, int8 in eight bits, auto what is faster "
                      "of torch and openvino.  [default: torch]")
strategies = click.option("-s", "--strategies", multiple=True, callback=joined, metavar="NAMES",
                          shell_complete=complete_strategies,
                          help="Strategies, comma-separated, or 'all'.  [default: all]")
OF_ENCODER = (
    revision,
    click.option("--prompt", metavar="TEXT",
                 help="Put before each text that the frozen encoder reads; '' for none.  "
                 "[default: what the checkpoint declares]"),
    max_length,
    click.option("--set", "set", multiple=True, metavar="STRATEGY.FIELD=VALUE", shell_complete=complete_fields,
                 help="Change a parameter; repeatable."),
    config,
    plugins,
    device,
    dtype,
    engine,
    offline,
)
cache_dir = click.option("--cache-dir", metavar="FOLDER", shell_complete=complete_folders,
                         help="Where frozen features are kept.  "
                         "[default: $HARNESS_CACHE, or the platform's place for caches]")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
quiet = click.option("-q", "--quiet", is_flag=True, help="Print no progress.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Print the warnings of libraries, too.")
language = click.option("--lang", "language", type=click.Choice(LANGUAGES, case_sensitive=False),
                        default=language_of_locale, show_default="by locale", help="Language of tables and reports.")
run_argument = click.argument("name", metavar="RUN", default=LATEST, shell_complete=complete_runs)
runs_folder = click.option("-o", "--output-dir", default="reports", metavar="FOLDER",
                           shell_complete=complete_folders, help="Where runs are looked for.")
where_runs_are = click.option("--output-dir", default="reports", metavar="FOLDER", shell_complete=complete_folders,
                              help="Where runs are looked for.")  # of commands whose -o is another file
rope = click.option("--rope", type=Finite(min=0), metavar="DIFFERENCE",
                    help="Of a suite: tell how probably each strategy is better than the first, worse, or the same, "
                    "which scores are up to this difference, such as 0.01.")
seed_of_run = click.option("--seed", type=int, metavar="K", help="Of several seeds, this one.  [default: the lowest]")
_DEBUG: dict[str, Any] = {"is_flag": True, "is_eager": True, "callback": _remember_debug, "help": "Print tracebacks."}
debug = click.option("--debug", expose_value=False, **_DEBUG)  # only `main` wants to know
debug_value = click.option("--debug", **_DEBUG)  # the command wants to know, too
# fmt: on


def _axes(*, several: bool = False) -> list[Callable[[Command], Command]]:
    """Return the options that name a data set and an encoder, or several of each."""
    data = (
        "'emotion', 'sample', a hub id[:config][@revision], a folder with train/validation/test files (jsonl, json, "
        "csv, tsv, txt, parquet, arrow; of text also .gz), such files, comma-separated, or one file with --test-size.  "
        + ("Several, comma-separated or repeated, make a suite.  " if several else "")
        + "[default: emotion]"
    )
    encoder = "Several make a suite.  " if several else ""
    encoder = f"Encoder: a folder or a hub id.  {encoder}[default: distilbert-base-uncased]"
    named = (("-d", "--dataset", complete_data, data), ("-m", "--model", complete_folders, encoder))
    return [
        click.option(short, long, multiple=several, metavar="NAME", shell_complete=complete, help=told)
        for short, long, complete, told in named
    ]


def what_is_encoded(command: Command) -> Command:
    """Add the options of a run that decide what its encoder has to do."""
    return strategies(what_encodes(command))


def what_encodes(command: Command) -> Command:
    """Add the same options but the strategies."""
    dataset, model = _axes()
    return _with((dataset, *OF_DATA, model, *OF_ENCODER), command)


def what_is_run(command: Command) -> Command:
    """Add the same options, with several data sets and encoders."""
    dataset, model = _axes(several=True)
    return _with((strategies, dataset, *OF_DATA, model, *OF_ENCODER), command)


def what_is_read(command: Command) -> Command:
    """Add the options of a run that decide what its data are."""
    return _with((_axes()[0], *OF_DATA), command)


def how_files_are_read(command: Command) -> Command:
    """Add the options of a run that decide how a file of text is read."""
    return _with(READING, command)


def _with(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
