"""`harness audit`: whether a data set can carry a conclusion, before anything is trained on it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_folders
from harness.cli.planning import config_from, data_of
from harness.cli.printing import echo_json
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.data.audit import Audit
    from harness.data.task import Task
    from harness.encoding.encoder import Encoder


# fmt: off
@click.command(cls=Command)
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
    **flags: Any,
) -> int:
    """Look a data set over: balance, lengths, repeated texts, texts in two splits, texts with two labels.

    Trains and encodes nothing. With -m, texts longer than that encoder reads are counted, too.
    """
    from harness.terminal import make_console, print_audit

    config = config_from(flags, config_file)
    if config.revision is not None and config.model is None:
        raise UserError("--revision is of a model, but none is named. Name it with --model.")
    task, encoder = data_of(ctx, config, quiet=as_json, verbose=verbose)
    found = _look_over(task, encoder, near_duplicates, quiet=as_json, language=language)
    model = encoder.name if encoder else None
    if as_json:
        about = {"data_set": task.name, "model": model, "notes": list(task.provenance.notes)}
        echo_json({**about, **found.model_dump(mode="json")})
    else:
        print_audit(found, task, model, make_console(), language)
    return 0
# fmt: on


def _look_over(
    task: "Task", encoder: "Encoder | None", near_duplicates: bool, *, quiet: bool, language: str
) -> "Audit":
    from harness.data.audit import audit_with
    from harness.terminal import make_console, waiting

    with waiting(make_console(stderr=True), "looking the data over", quiet=quiet, language=language):
        return audit_with(task, encoder, near_duplicates=near_duplicates)
