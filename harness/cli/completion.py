"""Shell completion: runs, data sets, strategies and their fields, files and folders; without importing a library."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from harness.cli.shells import PART
from harness.results.run_directory import LATEST

DATA_SETS = ("sample", "emotion")
DATA_FILES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".arrow", ".gz")
MOST_RECORDS = 300  # of a run that are read for the names of its strategies
RUN_FILES = ("run.json", "unfinished.json")


def complete_strategies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last of a comma-separated list of strategies, without importing any."""
    from harness.plugin_system.manager import installed_names

    before, comma, last = incomplete.rpartition(",")
    names = [*installed_names(), *([] if comma else ["all"])]
    return [CompletionItem(before + comma + name, type=PART) for name in names if name.startswith(last)]


def complete_strategy(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of one strategy of those that are installed."""
    from harness.plugin_system.manager import installed_names

    return [CompletionItem(name) for name in installed_names() if name.startswith(incomplete)]


def complete_strategy_of_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of one strategy of the run that the command names."""
    names = dict.fromkeys(_strategies_of_run(ctx))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete `latest` and names of runs, the last one first; of a path leave it to the shell."""
    folder = _runs_folder(ctx)
    runs = sorted((name for name in _names_in(folder) if _is_run(folder / name)), reverse=True)
    found = [name for name in ([LATEST] if runs else []) + runs if name.startswith(incomplete)]
    return [CompletionItem(incomplete, type="dir"), *map(CompletionItem, found)]


def complete_data(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last of a comma-separated list of data: bundled names, folders, files of a known kind."""
    before, comma, last = incomplete.rpartition(",")
    named = () if comma else DATA_SETS
    found = [*(name for name in named if name.startswith(last)), *_paths(last)]
    return [CompletionItem(before + comma + each, type=PART) for each in found]


def complete_fields(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete STRATEGY.FIELD= of an assignment; the strategy alone is imported for its fields."""
    from harness.plugin_system.manager import installed_names

    strategy, dot, field = incomplete.partition(".")
    if not dot:
        names = [f"{name}." for name in installed_names() if name.startswith(strategy)]
        return [CompletionItem(name, type=PART) for name in names]
    return [CompletionItem(f"{strategy}.{name}=", type=PART) for name in _fields(strategy) if name.startswith(field)]


def complete_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete files."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete folders."""
    return [CompletionItem(incomplete, type="dir")]


def _fields(strategy: str) -> Sequence[str]:
    from harness.plugin_system.metadata import entry_points
    from harness.strategies.strategy import parameters

    # What a plugin prints while it is imported is no completion, and one that cannot be imported has none.
    with suppress(Exception), redirect_stdout(sys.stderr):
        plugin = next(point for point in entry_points() if point.name == strategy).load()
        offered = plugin.harness_strategies()
        return list(parameters(next(each for each in offered if each.name == strategy)))
    return []


def _runs_folder(ctx: click.Context) -> Path:
    return Path(ctx.params.get("output_dir") or "reports")


def _is_run(folder: Path) -> bool:
    return any((folder / file).is_file() for file in RUN_FILES)


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder or "."))
    except OSError:
        return []


def _paths(typed: str) -> Iterator[str]:
    """Yield folders, with a slash, and data files that begin as it was typed."""
    head, name = os.path.split(typed)
    folder = Path(head).expanduser() if head else Path()
    for each in _names_in(folder):
        if not each.startswith(name) or (each.startswith(".") and not name):
            continue
        path = os.path.join(head, each)
        if (folder / each).is_dir():
            yield f"{path}/"
        elif each.lower().endswith(DATA_FILES):
            yield path


def _strategies_of_run(ctx: click.Context) -> Iterator[str]:
    """Yield the strategies of the run that the command names, in the order of its records; none where it is no run."""
    from harness.errors import HarnessError
    from harness.results.run_directory import find_run

    # click leaves arguments before an option that still lacks its value in `args`
    name = ctx.args[0] if ctx.args else ctx.params.get("name")
    with suppress(HarnessError, OSError):
        directory = find_run(name if isinstance(name, str) else LATEST, _runs_folder(ctx))
        for file in islice(sorted(directory.path.glob("records/*.json")), MOST_RECORDS):
            with suppress(OSError, ValueError):
                content: Any = directory.read_json(file)
                if isinstance(content, dict) and isinstance(content.get("strategy"), str):
                    yield content["strategy"]
