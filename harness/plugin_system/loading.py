"""Loads plugins one by one: entry points, what the user named, what the caller gave; a broken one stops nothing."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from harness import hookspecs, huggingface
from harness.errors import PluginError
from harness.evaluation.metric import Metric
from harness.hookspecs import GROUP
from harness.plugin_system.faults import Fault, FaultyPluginError, check_hooks, faults_of, hook_names
from harness.plugin_system.files import NamedPlugin
from harness.plugin_system.metadata import DISTRIBUTION, entry_points
from harness.plugin_system.metrics import check_metrics
from harness.plugin_system.offers import Offer, Plugin, check_strategy
from harness.strategies.strategy import Strategy
from harness.system.process import restored_globals


class LoadedPlugins:
    """All plugins of this environment and those that were named, good or broken.

    Args:
        extra: Modules or objects with hooks, besides the installed plugins.
        named: Files and modules that the user named.

    Attributes:
        plugins: What was found, in the order of loading.
        hooks: Calls the hooks of those that are not broken.
    """

    def __init__(self, extra: Sequence[object] = (), named: Sequence[NamedPlugin] = ()) -> None:
        self._name_and_version = cache(_name_and_version)  # one distribution may have many entry points
        self.hooks = pluggy.PluginManager(GROUP)
        self.hooks.add_hookspecs(hookspecs)
        self.hooks.register(huggingface, "huggingface")
        self.plugins: tuple[Plugin, ...] = ()
        for point in entry_points():
            self._add(self._load_point(point))
        for item in named:
            self._add(self._load_named(item))
        for given in extra:
            self._add(self._register(given, Plugin(_name_of(given))))

    def clashes(self) -> Iterator[tuple[Offer, Offer]]:
        """Yield every two offers of strategies of the same name."""
        offers: dict[str, Offer] = {}
        for offer in self.offers():
            if taken := offers.get(offer.name):
                yield taken, offer
            offers.setdefault(offer.name, offer)

    def offers(self) -> Iterator[Offer]:
        """Yield every strategy with its plugin."""
        for plugin in self.plugins:
            yield from (Offer(strategy, plugin) for strategy in plugin.strategies)

    def _add(self, plugin: Plugin | None) -> None:
        self.plugins += (plugin,) if plugin else ()

    def _load_point(self, point: metadata.EntryPoint) -> Plugin:
        plugin = Plugin(point.name, source=f"entry point {point.name} = {point.value}")
        if point.dist:
            name, version = self._name_and_version(point.dist)
            plugin = replace(plugin, distribution=name, version=version)
        try:
            with restored_globals():
                module = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a SystemExit at import must not end the command
            return _broken(plugin, error, point.value)
        return self._register(module, plugin)

    def _load_named(self, item: NamedPlugin) -> Plugin | None:
        """Load what the user named; None where it is installed and loaded already."""
        plugin = Plugin(item.name, source=f"{item.given_by} {item.text}", named=item.is_asked_for)
        if item.is_file and item.path in {*map(_file_of, self.hooks.get_plugins())}:
            return None
        try:
            with restored_globals():
                module = item.load()
                distribution, version = item.provenance(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return _broken(plugin, error)
        if self.hooks.is_registered(module):
            return None
        return self._register(module, replace(plugin, distribution=distribution, version=version))

    def _register(self, module: object, plugin: Plugin) -> Plugin:
        if self.hooks.is_registered(module):
            return replace(plugin, error="its module is a plugin already, under another entry point.")
        try:
            with restored_globals():
                check_hooks(module)
                self.hooks.register(module, f"{plugin.distribution}:{plugin.name}:{id(module)}")
                self.hooks.check_pending()  # a misspelt hook is an error
                plugin = replace(plugin, hooks=hook_names(module), strategies=self._strategies_of(module))
                return replace(plugin, metrics=self._metrics_of(module))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self.hooks.is_registered(module):
                self.hooks.unregister(module)
            return _broken(plugin, error)

    def _strategies_of(self, module: object) -> tuple[Strategy, ...]:
        others = [p for p in self.hooks.get_plugins() if p is not module]
        offered = self.hooks.subset_hook_caller("harness_strategies", others)()
        if "harness_strategies" in hook_names(module) and not offered:
            returned = Fault("a list of strategies", "that its harness_strategies returned None", "Return one.")
            raise FaultyPluginError([returned])
        strategies = tuple(strategy for group in offered for strategy in group)
        for strategy in strategies:
            check_strategy(strategy)
        return strategies

    def _metrics_of(self, module: object) -> tuple[Metric, ...]:
        if "harness_metrics" not in hook_names(module):
            return ()
        others = [p for p in self.hooks.get_plugins() if p is not module]
        offered = self.hooks.subset_hook_caller("harness_metrics", others)()
        return check_metrics(offered[0] if offered else None)


def default_plugin() -> Plugin:
    """Return what loads data sets and encoders where no other plugin does."""
    return Plugin(
        "huggingface",
        distribution=DISTRIBUTION,
        version=metadata.version(DISTRIBUTION),
        source="part of the harness",
        hooks=hook_names(huggingface),
    )


def describe_plugin(plugin: Plugin) -> dict[str, Any]:
    """Return a plugin as plain values, for JSON."""
    return {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "source": plugin.source,
        "hooks": list(plugin.hooks),
        "strategies": [strategy.name for strategy in plugin.strategies],
        "error": plugin.error,
    }


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Read the metadata once, where `name` and `version` would each parse them."""
    told = distribution.metadata
    return told["Name"], told["Version"]


def _file_of(module: object) -> Path | None:
    file = getattr(module, "__file__", None) if isinstance(module, ModuleType) else None
    return Path(file).resolve() if file else None


def _name_of(item: object) -> str:
    return str(getattr(item, "__name__", type(item).__name__))


def _broken(plugin: Plugin, error: BaseException, named: str = "") -> Plugin:
    reason = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    if isinstance(error, SystemExit):
        reason = f"it called sys.exit({error.code!r})"
    return replace(
        plugin,
        error=reason,
        faults=faults_of(error, plugin.source, named),
        traceback="".join(traceback.format_exception(error)),
    )
