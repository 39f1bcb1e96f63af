"""Flags -> plan, data or plugins: what commands begin with, under a spinner and without libraries' messages."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.help import language_of
from harness.config.run_config import RunConfig, build_config
from harness.errors import UserError
from harness.wording.languages import translator

if TYPE_CHECKING:
    from harness.data.task import Task
    from harness.encoding.encoder import Encoder
    from harness.runs.planning import Plan


def config_from(flags: Mapping[str, Any], config_file: Path | None) -> RunConfig:
    """Return the configuration of flags, None where they were not given, over a TOML file with the same names."""
    return build_config({name: value for name, value in flags.items() if value is not None}, config_file)


def quiet_libraries(ctx: click.Context, *, verbose: bool = False) -> None:
    """Keep the libraries' messages off the screen until the command ends, unless `verbose`."""
    from harness.system.process import library_defaults

    ctx.with_resource(library_defaults(verbose=verbose))


def ask_before_running(named: Sequence[str], language: str) -> None:
    """Ask whether to run the plugins that a record names; who cannot be asked has to say so beforehand.

    Args:
        named: Files and modules, as the record has them.
        language: To ask in.

    Raises:
        UserError: Where they are not to be run.
    """
    from harness.wording.text import visible

    listed = ", ".join(visible(name) for name in named)
    question = translator(language)(f"The run names plugins, which are code: {listed}. Run them?")
    if sys.stdin.isatty() and click.confirm(question, err=True):
        return
    raise UserError(
        f"The run names plugins, which are code that whoever made its folder chose: {listed}. Look at them, then "
        "name those of your own with --plugin and the options of the run, or run them with --yes-run-plugins."
    )


def refuse_servers_of_record(plan: "Plan", *, trusted: bool) -> None:
    """Refuse to ask the servers that a record names, which would be given texts and keys, unless the user trusts it.

    Raises:
        UserError: Naming them.
    """
    from harness.strategies.tags import tags_of

    addresses = sorted({tags_of(offer.strategy).address for offer in plan.offers} - {""})
    if addresses and not trusted:
        raise UserError(
            f"The run asks {', '.join(addresses)}, as whoever made its folder chose: your texts and key would go "
            "there. Where you trust that, say --yes-run-plugins."
        )


def plugins_of_run(
    named: Sequence[str], given: Sequence[str], language: str, *, yes_run_plugins: bool
) -> Sequence[str]:
    """Return the plugins to load for a classifier of a run: those that were given, else those that its record names.

    Args:
        named: Files and modules, as the record has them.
        given: Those of the command line.
        language: To ask in.
        yes_run_plugins: Whether the user said so beforehand.

    Raises:
        UserError: Where those of the record are not to be run.
    """
    if given or not named:
        return given
    if not yes_run_plugins:
        ask_before_running(named, language)
    return named


def plan_of(ctx: click.Context, config: RunConfig, *, quiet: bool, verbose: bool, to_run: bool = False) -> "Plan":
    """Load and check everything that a configuration asks for.

    Args:
        ctx: The command's context.
        config: What to run.
        quiet: Show nothing while that goes on.
        verbose: Let libraries warn.
        to_run: Whether the plan will be run.

    Raises:
        HarnessError: For anything wrong with the configuration, the data or the encoder.
    """
    quiet_libraries(ctx, verbose=verbose)
    if to_run:
        fork_early(ctx, config, quiet=quiet)
    from harness.runs.opening import open_plan

    with _waiting(ctx, "loading strategies, data and encoder", quiet):
        return open_plan(config, ctx.obj["plugins"], to_run=to_run)


def fork_early(ctx: click.Context, config: RunConfig, *, quiet: bool) -> None:
    """Fork the processes that workers come from out of this one, which spares them to import the libraries again.

    Only at first is it clean: no plugin has run, no data are loaded, no thread is started, of torch's neither, whose
    locks a fork would never find open. So nothing is forked a second time. Where a name may be misspelt, that is to be
    told before anything takes long.
    """
    if not ctx.obj["own_process"]:
        return
    ctx.obj["own_process"] = False
    from harness.executors.choice import local_slots
    from harness.executors.fork_server import import_libraries
    from harness.executors.processes import can_fork, fork_spare
    from harness.plugin_system.offers import may_be_misspelt

    if (slots := local_slots(config)) is None or not can_fork() or may_be_misspelt(config):
        return
    with _waiting(ctx, "loading libraries", quiet):
        import_libraries()
    fork_spare(slots)  # now that the display's thread is over


def data_of(ctx: click.Context, config: RunConfig, *, quiet: bool, verbose: bool) -> "tuple[Task, Encoder | None]":
    """Load the data, and the encoder where one is named; arguments and errors as of `plan_of`."""
    quiet_libraries(ctx, verbose=verbose)
    from harness.runs.opening import open_data

    with _waiting(ctx, "loading data", quiet):
        return open_data(config, ctx.obj["plugins"])


def _waiting(ctx: click.Context, for_what: str, quiet: bool) -> AbstractContextManager[None]:
    from harness.terminal import make_console, waiting

    return waiting(make_console(stderr=True), for_what, quiet=quiet, language=language_of(ctx.obj["argv"]))
