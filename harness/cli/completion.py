"""Shell completion: names of strategies, files and folders."""

import click
from click.shell_completion import CompletionItem, get_completion_class

SHELLS = ("bash", "zsh", "fish")


def complete_strategies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last of a comma-separated list of strategies, without importing any."""
    from harness.plugin_system.manager import installed_names

    before, comma, last = incomplete.rpartition(",")
    names = [*installed_names(), *([] if comma else ["all"])]
    return [CompletionItem(before + comma + name) for name in names if name.startswith(last)]


def complete_files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete files."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete folders."""
    return [CompletionItem(incomplete, type="dir")]


def completion_script(command: click.Command, shell: str) -> str:
    """Return what a shell must evaluate to complete the program's arguments.

    Args:
        command: The program.
        shell: One of `SHELLS`.
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"click completes no shell {shell!r}")
    return kind(command, {}, "harness", "_HARNESS_COMPLETE").source()
