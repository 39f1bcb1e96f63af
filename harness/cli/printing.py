"""Output of commands that needs no layout."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from harness.system.streams import silence
from harness.wording.secrets import redacted, without_secrets

if TYPE_CHECKING:
    from harness.results.records import Run


def echo_json(value: Any) -> None:
    """Print JSON in ASCII, which any stream can hold."""
    echo(json.dumps(without_secrets(value), indent=2))


def echo(text: str) -> None:
    """Print text; a reader who went away misses it, and the command goes on to its exit code."""
    try:
        click.echo(text)
    except BrokenPipeError:
        silence(sys.stdout)


def echo_run(run: "Run", *, as_json: bool, debug: bool, **shown: Any) -> None:
    """Print a run as tables or as its run.json; with `debug` the tracebacks of failed trials on standard error.

    Args:
        run: What to print.
        as_json: Print its run.json.
        debug: Print tracebacks, too.
        shown: Language, order and parts of the tables, as `harness.terminal.print_run` takes them.
    """
    from harness.terminal import make_console, print_run

    if as_json:
        echo_json(run.model_dump(mode="json"))
    else:
        print_run(run, make_console(), **shown)
    for record in run.records if debug else ():
        if record.error:
            echo_traceback(record.error.traceback)


def echo_traceback(traceback: str) -> None:
    """Print a traceback on standard error, nothing where it is empty."""
    click.echo(redacted(traceback), err=True, nl=bool(traceback))
