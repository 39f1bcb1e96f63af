"""Output of commands that needs no layout."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.api.result import RunResult


def echo_json(value: Any) -> None:
    """Print JSON in ASCII, which any stream can hold."""
    click.echo(json.dumps(value, indent=2))


def echo_run(made: "RunResult", *, as_json: bool, debug: bool, **shown: Any) -> None:
    """Print a run as tables or as its run.json; with `debug` the tracebacks of failed trials on standard error.

    Args:
        made: What to print.
        as_json: Print its run.json.
        debug: Print tracebacks, too.
        shown: Language, order and parts of the tables, as `harness.terminal.print_run` takes them.
    """
    from harness.terminal import make_console, print_run

    if as_json:
        echo_json(made.run.model_dump(mode="json"))
    else:
        print_run(made.run, make_console(), **shown)
    for record in made.run.records if debug else ():
        if record.error:
            click.echo(record.error.traceback, err=True)
