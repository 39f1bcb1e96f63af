"""`harness cache`: what is in the cache of frozen features, what a run would find there, and making room."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import options
from harness.cli.command import Group
from harness.cli.planning import config_from, plan_of
from harness.cli.printing import echo_json
from harness.config.run_config import build_config
from harness.errors import UserError
from harness.wording.languages import translator

if TYPE_CHECKING:
    from harness.features.directory import CacheDirectory

UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}


def _bytes(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Turn 500MB, 1.5 GB or 1000000 into a number of bytes; units are powers of ten."""
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]+)?)\s*([kmgt]?)b?", value.strip().lower())
    if not match:
        raise click.BadParameter(f"expected a size such as 500MB or 1.5GB, got {value!r}.", ctx, param)
    return round(float(match[1]) * UNITS[match[2]])


@click.group(cls=Group)
def cache() -> None:
    """Look into, explain and tidy up the cache of frozen features.

    A run keeps there what its encoder computed, so that the next run on the same texts, with any strategy that
    reads the same layer and pooling, does not compute it again.
    """


@cache.command("list")
@options.as_json
@options.cache_dir
@options.language
@options.debug
def list_(as_json: bool, cache_dir: str | None, language: str) -> int:
    """List what is in the cache: of which model, how large, what it saves, when it was last used."""
    from harness.terminal import make_console, print_cache

    directory = _directory(cache_dir)
    entries = directory.entries()
    if as_json:
        echo_json({"folder": str(directory.root), "entries": [entry.describe() for entry in entries]})
    else:
        print_cache(directory.root, entries, make_console(), language)
    return 0


@cache.command()
@options.what_is_encoded
@options.cache_dir
@options.as_json
@options.language
@options.verbose
@options.debug
@click.pass_context
def explain(
    ctx: click.Context, /, config_file: Path | None, as_json: bool, language: str, verbose: bool, **flags: Any
) -> int:
    """Say what a run with these options would find in the cache and, of what it would not find, why not.

    Loads data and model, encodes and trains nothing.
    """
    from harness.runs.cache_explanation import explain_cache
    from harness.terminal import make_console, print_banner, print_cache_explanation

    plan = plan_of(ctx, config_from(flags, config_file), quiet=as_json, verbose=verbose)
    explanation = explain_cache(plan)
    if as_json:
        echo_json(explanation.describe() | {"fallback": plan.fallback})
        return 0
    console = make_console()
    if plan.fallback:
        print_banner(translator(language)(plan.fallback), console)
    print_cache_explanation(explanation, console, language)
    return 0


@cache.command()
@click.option("--older-than", type=options.Finite(min=0), default=30, metavar="DAYS",
              help="Remove what was not used for so many days.")  # fmt: skip
@click.option("--max-size", callback=_bytes, metavar="SIZE",
              help="Then remove the least recently used until the rest fits, such as 10GB.")  # fmt: skip
@options.cache_dir
@options.language
@options.debug
def prune(older_than: float, max_size: int | None, cache_dir: str | None, language: str) -> int:
    """Remove what stopped runs left unfinished and what was not used for long; never what a run is writing."""
    from harness.features.pruning import prune as prune_cache
    from harness.terminal import make_console, print_removed

    directory = _directory(cache_dir)
    removed = prune_cache(directory, older_than, max_size)
    print_removed(directory.root, removed, directory.entries(), make_console(), language)
    return 0


@cache.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.cache_dir
@options.language
@options.debug
def clear(yes: bool, cache_dir: str | None, language: str) -> int:
    """Remove everything that the harness put into the cache, and nothing else."""
    from harness.features.pruning import clear as clear_cache
    from harness.features.pruning import is_empty
    from harness.terminal import cache_total, make_console, print_cache, print_removed

    directory, console = _directory(cache_dir), make_console()
    if is_empty(directory):
        print_cache(directory.root, [], console, language)
        return 0
    translate = translator(language)
    entries = directory.entries()
    total = f"{cache_total(entries)} in {directory.root}"
    if entries and not yes and not _may(translate(f"Remove {total}?"), refusal=f"This would remove {total}"):
        click.echo(translate("Nothing was removed."))
        return 0
    print_removed(directory.root, clear_cache(directory), directory.entries(), console, language)
    return 0


def _may(question: str, refusal: str) -> bool:
    if not sys.stdin.isatty():
        raise UserError(f"{refusal}, and without a terminal nobody can be asked. Say --yes if that is meant.")
    return click.confirm(question, err=True)


def _directory(cache_dir: str | None) -> "CacheDirectory":
    from harness.features.directory import CacheDirectory, default_root

    config = build_config({} if cache_dir is None else {"cache_dir": cache_dir})
    root = Path(config.cache_dir).expanduser() if config.cache_dir else default_root()
    if root.exists() and not root.is_dir():
        raise UserError(f"Expected the cache in a folder, but {root} is a file. Name a folder with --cache-dir.")
    return CacheDirectory(root)
