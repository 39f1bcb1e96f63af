"""`harness audit`: whether a data set can carry a conclusion, before anything is trained on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.completion import complete_folders
from harness.cli.printing import echo_json
from harness.config.run_config import RunConfig, build_config
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.data.audit import Audit
    from harness.data.task import Task
    from harness.encoding.encoder import Encoder


# fmt: off
@click.command()
@options.what_is_read
@click.option("-m", "--model", metavar="NAME", shell_complete=complete_folders,
              help="Encoder, a folder or a hub id: its tokens are counted, and the texts that it would cut.")
@options.revision
@options.config
@options.plugins
@options.offline
@click.option("--near-duplicates", is_flag=True,
              help="Look for texts that are nearly the same, too: seconds, for 400,000 texts a minute and 4 GB.")
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print JSON, rows counted from 0.")
@options.verbose
@options.debug
@click.pass_context
def audit(
    ctx: click.Context,
    /,
    config_file: Path | None,
    near_duplicates: bool,
    language: str,
    as_json: bool,
    verbose: bool,
    debug: bool,
    **flags: Any,
) -> int:
    """Look a data set over: balance, lengths, repeated texts, texts in two splits, texts with two labels.

    Trains and encodes nothing. With -m, texts longer than that encoder reads are counted, too.
    """
    del debug
    from harness.terminal import make_console, print_audit

    config = build_config({name: value for name, value in flags.items() if value is not None}, config_file)
    if config.revision is not None and config.model is None:
        raise UserError("--revision is of a model, but none is named. Name it with --model.")
    task, encoder = _load(config, ctx.obj["plugins"], quiet=as_json, verbose=verbose)
    found = _look_over(task, encoder, near_duplicates, quiet=as_json)
    model = encoder.name if encoder else None
    if as_json:
        echo_json({"data_set": task.name, "model": model, **found.model_dump(mode="json")})
    else:
        print_audit(found, task, model, make_console(), language)
    return 0
# fmt: on


def _load(
    config: RunConfig, plugins: Sequence[object], *, quiet: bool, verbose: bool
) -> tuple["Task", "Encoder | None"]:
    """Load the data, and the encoder where one is named."""
    from harness.system.process import be_discreet, quiet_libraries

    be_discreet()
    if not verbose:
        quiet_libraries()
    # The network is settled first: the hub's client reads its settings when a plugin imports it.
    from harness.huggingface import settle_network_for
    from harness.plugin_system.files import named_plugins
    from harness.plugin_system.manager import PluginManager
    from harness.terminal import make_console, waiting

    with waiting(make_console(stderr=True), "loading data", quiet=quiet):
        settle_network_for(config, needs_model=config.model is not None)
        manager = PluginManager(plugins, named_plugins(config.plugins))
        task = manager.load_task(config)
        encoder = manager.load_encoder(config, "cpu", "float32") if config.model else None
    return task.limited(config.limit) if config.limit else task, encoder


def _look_over(task: "Task", encoder: "Encoder | None", near_duplicates: bool, *, quiet: bool) -> "Audit":
    from harness.data.audit import audit_with
    from harness.terminal import make_console, waiting

    with waiting(make_console(stderr=True), "looking the data over", quiet=quiet):
        return audit_with(task, encoder, near_duplicates=near_duplicates)
