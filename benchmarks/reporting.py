"""Numbers -> tables on the screen or in a pipe, and the JSON file with all of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from harness.terminal import make_console


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, the first column to the left, numbers to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = make_console()
    console.print(title, style="bold", soft_wrap=True)  # a table would fold it to its own width
    console.print(table)


def print_facts(facts: dict[str, str]) -> None:
    """Print lines of a name and what it is."""
    console = make_console()
    width = max(map(len, facts))
    for name, value in facts.items():
        console.print(f"{name.ljust(width)}  {value}", soft_wrap=True)


def print_machine(machine: dict[str, Any]) -> None:
    """Print one line about the machine."""
    make_console().print(", ".join(f"{name} {value}" for name, value in machine.items()), soft_wrap=True)


def write_json(path: Path | None, result: Any) -> None:
    """Write the numbers of a benchmark, where a file was asked for."""
    if path:
        path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def times(ratio: float) -> str:
    """Write a ratio: 4.87 x."""
    return f"{ratio:.2f} x"


def percent(share: float | None) -> str:
    """Write a fraction as percent: 86.3 %."""
    return "-" if share is None else f"{100 * share:.1f} %"
