"""`harness list`: the strategies there are, and their parameters."""

from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.command import Command
from harness.cli.completion import complete_strategy
from harness.cli.planning import quiet_libraries
from harness.cli.printing import echo_json, echo_traceback
from harness.config.strategy_spec import GROUPS

if TYPE_CHECKING:
    from harness.plugin_system.manager import PluginManager


@click.command("list", cls=Command)
@click.argument("name", required=False, shell_complete=complete_strategy)
@options.plugins
@options.as_json
@options.language
@options.debug_value
@click.pass_context
def list_(
    ctx: click.Context, name: str | None, plugins: tuple[str, ...] | None, as_json: bool, language: str, debug: bool
) -> int:
    """List strategies, their plugins, groups and parameters, and broken plugins with the reason.

    With NAME, tell of one strategy what it is and what each of its parameters means, may be and is by default; of a
    group, list its strategies.
    """
    quiet_libraries(ctx)
    from harness.runs.opening import open_plugins
    from harness.terminal import make_console, print_strategies

    manager = open_plugins(plugins or (), ctx.obj["plugins"])
    if name is not None and name not in GROUPS:
        _print_one(manager, name, language, as_json=as_json)
    elif as_json:
        echo_json(manager.describe(name))
    else:
        print_strategies(manager.plugins, make_console(), name, language)
    if debug:
        for plugin in manager.broken:
            echo_traceback(plugin.traceback)
    return 0


def _print_one(manager: "PluginManager", name: str, language: str, *, as_json: bool) -> None:
    from harness.plugin_system.manager import describe_offer
    from harness.strategies.description import describe_strategy
    from harness.terminal import make_console, print_strategy

    offer = manager.offer(name)
    if as_json:
        echo_json(describe_offer(offer))
    else:
        print_strategy(offer, describe_strategy(offer.strategy), make_console(), language)
