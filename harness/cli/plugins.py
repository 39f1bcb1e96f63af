"""`harness plugins`: what is there, why one is not, a new one, and pip of this environment."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.command import Group
from harness.cli.completion import complete_folders, complete_strategy
from harness.cli.planning import quiet_libraries
from harness.cli.plugin_test import test
from harness.cli.printing import echo_json, echo_traceback
from harness.errors import ExitCode
from harness.plugin_system.scaffold import KINDS

if TYPE_CHECKING:
    from harness.plugin_system.loading import LoadedPlugins


@click.group(cls=Group)
def plugins() -> None:
    """List, check, write, install and remove plugins: strategies and loaders that others wrote, or you."""


plugins.add_command(test)


@plugins.command("list")
@options.plugins
@options.as_json
@options.language
@options.debug_value
@click.pass_context
def list_(ctx: click.Context, plugins: tuple[str, ...] | None, as_json: bool, language: str, debug: bool) -> int:
    """List plugins: distribution, version, origin, hooks, strategies, and what is broken with the reason."""
    from harness.plugin_system.loading import default_plugin, describe_plugin
    from harness.terminal import make_console, print_plugins

    loaded = _loaded(ctx, plugins)
    listed = [default_plugin(), *loaded.plugins]
    if as_json:
        echo_json([describe_plugin(plugin) for plugin in listed])
    else:
        print_plugins(listed, list(loaded.clashes()), make_console(), language)
    for plugin in loaded.plugins if debug else ():
        echo_traceback(plugin.traceback)
    return 0


@plugins.command()
@click.argument("name", required=False, shell_complete=complete_strategy)
@options.plugins
@options.language
@options.debug
@click.pass_context
def doctor(ctx: click.Context, name: str | None, plugins: tuple[str, ...] | None, language: str) -> int:
    """Say why a plugin is not found or not loaded, and what to do: all of them, or what goes by NAME.

    Looks at entry points, stale copies of a distribution, duplicate names, imports, hooks and their signatures.
    Exits with 1 where something is wrong.
    """
    from harness.plugin_system.doctor import diagnose
    from harness.terminal import make_console, print_diagnoses

    loaded = _loaded(ctx, plugins)
    diagnoses = diagnose(loaded, name)
    print_diagnoses(diagnoses, len(loaded.plugins), make_console(), language)
    return ExitCode.FAILED if any(diagnosis.faults for diagnosis in diagnoses) else ExitCode.OK


@plugins.command()
@click.argument("name")
@click.option("--kind", type=click.Choice(tuple(KINDS)), default=next(iter(KINDS)),
              help="What its strategy starts from: a scikit-learn classifier or a torch head on frozen features, or "
              "fine-tuning.")  # fmt: skip
@click.option("-o", "--output-dir", default=".", metavar="FOLDER", type=click.Path(path_type=Path),
              shell_complete=complete_folders, help="Where the folder NAME goes.")  # fmt: skip
@options.language
@options.debug
@click.pass_context
def new(ctx: click.Context, name: str, kind: str, output_dir: Path, language: str) -> int:
    """Write a package with a strategy called NAME, which works as it is: its code, a test, pyproject.toml, a README."""
    from harness.plugin_system.scaffold import new_plugin
    from harness.terminal import make_console, print_new_plugin

    loaded = _loaded(ctx, None)
    taken = {*(offer.name for offer in loaded.offers()), *(plugin.name for plugin in loaded.plugins)}
    print_new_plugin(output_dir, new_plugin(name, kind, output_dir, taken), make_console(), language)
    return 0


@plugins.command()
@click.argument("target", metavar="NAME|PATH", shell_complete=complete_folders)
@click.option("-e", "--editable", is_flag=True, help="Use the folder as it is: changes in it count at once.")
@options.language
@options.debug
def install(target: str, editable: bool, language: str) -> int:
    """Install a plugin into this program's own environment with pip, and say what appeared in the list.

    Exits with the exit code of pip.
    """
    from harness.plugin_system import install as installation

    return _exit_code_of(lambda: installation.install(target, editable=editable), language)


def _loaded(ctx: click.Context, plugins: tuple[str, ...] | None) -> "LoadedPlugins":
    quiet_libraries(ctx)
    from harness.runs.opening import open_loaded_plugins

    return open_loaded_plugins(plugins or (), ctx.obj["plugins"])


def _exit_code_of(change: Callable[[], int], language: str) -> int:
    """Let pip change the environment, print what that changed among the plugins, and return its exit code."""
    from harness.plugin_system.install import listed_plugins
    from harness.terminal import make_console, print_changed_plugins

    before = listed_plugins()
    code = change()
    if code == 0:
        print_changed_plugins(before, listed_plugins(), make_console(), language)
    return code


@plugins.command()
@click.argument("name", shell_complete=complete_strategy)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@options.language
@options.debug
def uninstall(name: str, yes: bool, language: str) -> int:
    """Remove the distribution NAME, or the one with the plugin NAME, with pip, and say what left the list."""
    from harness.plugin_system import install as installation

    return _exit_code_of(lambda: installation.uninstall(name, yes=yes), language)
