"""Commands that only look: `harness list`, `harness show`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.completion import complete_folders, complete_strategies
from harness.cli.printing import echo_json, echo_tracebacks
from harness.config.strategy_spec import GROUPS

if TYPE_CHECKING:
    from harness.plugin_system.manager import PluginManager

SORT_KEYS = ("f1_macro", "accuracy", "f1_weighted", "fit_seconds", "predict_seconds", "total_parameters", "name")


@click.command("list")
@click.argument("name", required=False, shell_complete=complete_strategies)
@options.plugins
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--debug", is_flag=True, help="Print tracebacks of broken plugins.")
@click.pass_context
def list_(ctx: click.Context, name: str | None, plugins: tuple[str, ...] | None, as_json: bool, debug: bool) -> int:
    """List strategies, their plugins, groups and parameters, and broken plugins with the reason.

    With NAME, tell of one strategy what it is and what each of its parameters means, may be and is by default; of a
    group, list its strategies.
    """
    from harness.plugin_system.files import named_plugins
    from harness.plugin_system.manager import PluginManager
    from harness.system.process import be_discreet, quiet_libraries, restored_process
    from harness.terminal import make_console, print_strategies

    be_discreet()
    quiet_libraries()
    manager = PluginManager(ctx.obj["plugins"], named_plugins(plugins or ()), restored_process)
    if name is not None and name not in GROUPS:
        _print_one(manager, name, as_json)
    elif as_json:
        echo_json(manager.describe(name or "all"))
    else:
        print_strategies(manager.plugins, make_console(), name or "all")
    if debug:
        for plugin in manager.broken:
            click.echo(plugin.traceback, err=True)
    return 0


def _print_one(manager: "PluginManager", name: str, as_json: bool) -> None:
    from harness.plugin_system.manager import describe_offer
    from harness.strategies.description import describe_strategy
    from harness.terminal import make_console, print_strategy

    offer = manager.offer(name)
    if as_json:
        echo_json(describe_offer(offer))
    else:
        print_strategy(offer, describe_strategy(offer.strategy), make_console())


@click.command()
@click.argument("name", metavar="RUN", default="latest", shell_complete=complete_folders)
@options.runs_folder
@click.option("--confusion/--no-confusion", default=True, help="Show the confusion matrices.")
@click.option("--per-class/--no-per-class", default=True, help="Show the best strategy's scores by class.")
@click.option("--pairs", is_flag=True, help="Show the difference of every two strategies.")
@click.option("--sort", type=click.Choice(SORT_KEYS), default="f1_macro", help="Order by this, scores on validation.")
@options.language
@click.option("--json", "as_json", is_flag=True, help="Print run.json.")
@click.option("--debug", is_flag=True, help="Print the tracebacks of failed strategies.")
def show(
    name: str,
    output_dir: str,
    confusion: bool,
    per_class: bool,
    pairs: bool,
    sort: str,
    language: str,
    as_json: bool,
    debug: bool,
) -> int:
    """Show a run again: 'latest', its folder, or its folder's name."""
    from harness.results.records import read_run
    from harness.results.run_directory import find_run
    from harness.terminal import make_console, print_run

    result = read_run(find_run(name, Path(output_dir)))
    if as_json:
        echo_json(result.model_dump(mode="json"))
    else:
        print_run(
            result,
            make_console(),
            sort=sort,
            confusion=confusion,
            per_class=per_class,
            pairs=pairs,
            language=language,
        )
    if debug:
        echo_tracebacks(result)
    return 0
