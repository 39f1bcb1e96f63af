"""Plugins on the page: what there is, what is wrong with it, what was written or installed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.plugin_system.doctor import Diagnosis
from harness.plugin_system.faults import Fault
from harness.plugin_system.offers import Offer, Plugin
from harness.terminal.console import Page, folding
from harness.terminal.layout import label_value_lines
from harness.terminal.listing import broken_plugin, table

INDENT = (0, 0, 0, 2)


def print_plugins(
    plugins: Sequence[Plugin], clashes: Sequence[tuple[Offer, Offer]], console: Console, language: str = "en"
) -> None:
    """Print every plugin with where it comes from and what it brings, then in red what keeps some from working."""
    page = Page(console, language)
    rows = [
        (
            plugin.name,
            f"{plugin.distribution or ''} {plugin.version or ''}".strip(),
            page.say_message(plugin.source.partition(f" {plugin.name} = ")[0]),
            ", ".join(hook.removeprefix("harness_") for hook in plugin.hooks),
            ", ".join(strategy.name for strategy in plugin.strategies),
        )
        for plugin in plugins
        if plugin.error is None
    ]
    headings = [page.say(heading) for heading in ("plugin", "distribution", "origin", "hooks", "strategies")]
    page.write(table(headings, rows, page))
    for first, second in clashes:
        told = " and ".join(f"{offer.plugin.name} ({offer.plugin.origin})" for offer in (first, second))
        told = page.say_message(f"two strategies called {first.name}: {told}")
        page.write([Text(""), folding(page.text(told, "bold red"))])
    for plugin in plugins:
        if plugin.error is not None:
            page.write(broken_plugin(plugin, plugin.error, page))


def print_diagnoses(diagnoses: Sequence[Diagnosis], n_plugins: int, console: Console, language: str = "en") -> None:
    """Print what is wrong with each plugin: what was expected, what was found, what to do."""
    page = Page(console, language)
    if not diagnoses:
        page.write([page.text(page.say_message(f"{n_plugins} plugins, nothing wrong with any."), "green")])
    for i, diagnosis in enumerate(diagnoses):
        page.write([Text("")] if i else [])
        page.write(_diagnosis(diagnosis, page))


def print_new_plugin(parent: Path, files: Sequence[Path], console: Console, language: str = "en") -> None:
    """Print the files of a new plugin and what to do with them."""
    page = Page(console, language)
    name = files[0].parts[0]
    folder = parent / name
    page.write(page.text(f"{parent / file}") for file in files)
    steps = [
        (page.say("install it"), f"harness plugins install -e {folder}"),
        (page.say("use it"), f"harness run -s {name},majority -d sample"),
        (page.say("test it"), f"pytest {folder}"),
    ]
    page.write([Text(""), label_value_lines(steps, page)])


def print_changed_plugins(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], console: Console, language: str = "en"
) -> None:
    """Print what an installation changed in the list of plugins, as `harness plugins list --json` tells it."""
    page = Page(console, language)
    came = [plugin for plugin in after if plugin not in before]
    went = [plugin for plugin in before if plugin not in after]
    for change, plugins in (("no longer in the list", went), ("in the list", came)):
        for plugin in plugins:
            line = f"{page.say(change)}{page.say(': ')}{_brief(plugin)}"
            page.write([folding(page.text(line, "red" if plugin["error"] else "green"))])
    if not came and not went:
        told = "The list of plugins is as before. 'harness plugins doctor NAME' tells why one is not in it."
        page.write([folding(page.text(page.say(told), "yellow"))])


def _diagnosis(diagnosis: Diagnosis, page: Page) -> Iterator[RenderableType]:
    if not diagnosis.faults:
        yield folding(
            page.text(f"{page.glyphs.tick} {diagnosis.about}{page.say(': ')}{page.say('nothing wrong')}", "green")
        )
        return
    yield folding(page.text(f"{page.glyphs.cross} {diagnosis.about}", "bold red"))
    for fault in diagnosis.faults:
        yield Padding(_fault(fault, page), INDENT)


def _fault(fault: Fault, page: Page) -> RenderableType:
    lines = [
        (page.say("expected"), page.say_message(fault.expected)),
        (page.say("found"), page.say_message(fault.found)),
        (page.say("do"), page.say_message(fault.advice)),
    ]
    return label_value_lines(lines, page)


def _brief(plugin: Mapping[str, Any]) -> str:
    owner = f"{plugin['distribution']} {plugin['version']}" if plugin["distribution"] else plugin["source"]
    brings = f"broken, {plugin['error']}" if plugin["error"] else ", ".join(plugin["strategies"] or plugin["hooks"])
    return f"{plugin['plugin']} ({owner}): {brings}"
