"""Output of commands that needs no layout."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from harness.results.records import Run


def echo_json(value: Any) -> None:
    """Print JSON in ASCII, which any stream can hold."""
    click.echo(json.dumps(value, indent=2))


def echo_tracebacks(result: "Run") -> None:
    """Print the traceback of each failed trial on standard error."""
    for record in result.records:
        if record.error:
            click.echo(record.error.traceback, err=True)
