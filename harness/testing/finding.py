"""Strategies to check: by name, variant or group, as `--strategies` takes them, or all of a file."""

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.config.run_config import RunConfig
from harness.errors import PluginError, UserError
from harness.plugin_system.files import NamedPlugin
from harness.plugin_system.manager import PluginManager
from harness.plugin_system.offers import Offer, ready
from harness.runs.opening import open_plugins


def find_offers(names: Sequence[str], extra: Sequence[object] = (), plugins: Sequence[str] = ()) -> list[Offer]:
    """Return the strategies to check, each once.

    Args:
        names: Each the name of a strategy, a variant such as `logreg_probe(C=0.1)`, a group such as `all`, or a Python
            file, which stands for all strategies in it.
        extra: Modules or objects with hooks, besides the installed plugins.
        plugins: Files and modules to load besides, as `--plugin` takes them.

    Raises:
        UserError: Where there is no such strategy or file, or a plugin that was asked for cannot be loaded.
    """
    files = [name for name in names if NamedPlugin(name).is_file and not name.endswith(")")]  # which ends a variant
    manager = open_plugins([*plugins, *files], extra)
    found: dict[str, Offer] = {}
    for name in names:
        for offer in _offers_of_file(NamedPlugin(name), manager) if name in files else _offers_named(name, manager):
            found.setdefault(offer.name, ready(offer))
    return list(found.values())


def _offers_named(name: str, manager: PluginManager) -> list[Offer]:
    offers, broken = manager.select(RunConfig(strategies=(name,)))
    for plugin in broken:
        raise PluginError(f"Plugin {plugin.name} ({plugin.origin}) could not be loaded: {plugin.error}")
    return offers


def _offers_of_file(file: NamedPlugin, manager: PluginManager) -> list[Offer]:
    """Return the strategies that a file brings, also where it is part of an installed plugin."""
    source = f"{file.given_by} {file.text}"
    for plugin in manager.broken:
        if plugin.source == source:
            raise PluginError(f"{file.text} could not be loaded: {plugin.error}")
    found = [o for o in manager.offers.values() if o.plugin.source == source or _file_of(o) == file.path]
    if not found:
        raise UserError(f"{file.text} offers no strategy. Return one from its harness_strategies().")
    return found


def _file_of(offer: Offer) -> Path | None:
    file = getattr(sys.modules.get(type(offer.strategy).__module__), "__file__", None)
    return Path(file).resolve() if file else None
