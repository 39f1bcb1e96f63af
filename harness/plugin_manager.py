"""Loads plugins one by one, collects what they offer, selects from it, and knows who offered what."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from typing import Any

import pluggy

from harness import hookspecs, huggingface
from harness.config import RunConfig
from harness.data import Task
from harness.encoding import Encoder
from harness.environment import restored_globals
from harness.errors import HarnessError, PluginError
from harness.hookspecs import GROUP
from harness.offers import Offer, Plugin, check_strategy, select
from harness.strategy import Strategy
from harness.trial import recorded_parameters


class PluginManager:
    """All plugins of this environment, loaded.

    Args:
        extra: Modules or objects with hooks, besides the installed plugins.

    Raises:
        PluginError: Where two plugins offer a strategy of the same name.
    """

    def __init__(self, extra: Sequence[object] = ()) -> None:
        self._hooks = pluggy.PluginManager(GROUP)
        self._hooks.add_hookspecs(hookspecs)
        self._hooks.register(huggingface, "huggingface")
        installed = [self._load(point) for point in _entry_points()]
        given = [self._register(item, Plugin(_name_of(item))) for item in extra]
        self.plugins: tuple[Plugin, ...] = tuple(installed + given)
        self.offers = self._collect()
        self.plugins = tuple(self._with_distinct_names())

    def _load(self, point: metadata.EntryPoint) -> Plugin:
        plugin = Plugin(point.name)
        if point.dist:
            plugin = replace(plugin, distribution=point.dist.name, version=point.dist.version)
        try:
            with restored_globals():
                module = point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a SystemExit at import must not end the command
            return _broken(plugin, error)
        return self._register(module, plugin)

    def _register(self, module: object, plugin: Plugin) -> Plugin:
        if self._hooks.is_registered(module):
            return replace(plugin, error="its module is a plugin already, under another entry point.")
        try:
            with restored_globals():
                self._hooks.register(module, f"{plugin.distribution}:{plugin.name}:{id(module)}")
                self._hooks.check_pending()  # a misspelt hook is an error
                return replace(plugin, strategies=self._strategies_of(module))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if self._hooks.is_registered(module):
                self._hooks.unregister(module)
            return _broken(plugin, error)

    def _strategies_of(self, module: object) -> tuple[Strategy, ...]:
        hooks = [caller.name for caller in self._hooks.get_hookcallers(module) or ()]
        if not hooks:
            raise PluginError("it has no hook: decorate harness_strategies() with @harness.hookimpl.")
        others = [p for p in self._hooks.get_plugins() if p is not module]
        offered = self._hooks.subset_hook_caller("harness_strategies", others)()
        if "harness_strategies" in hooks and not offered:
            raise PluginError("its harness_strategies returned None, expected a list of strategies.")
        strategies = tuple(strategy for group in offered for strategy in group)
        for strategy in strategies:
            check_strategy(strategy)
        return strategies

    def _collect(self) -> dict[str, Offer]:
        offers: dict[str, Offer] = {}
        for plugin in self.plugins:
            for strategy in plugin.strategies:
                if taken := offers.get(strategy.name):
                    raise PluginError(
                        f"Two plugins offer a strategy {strategy.name!r}: {taken.plugin.name} ({taken.plugin.origin}) "
                        f"and {plugin.name} ({plugin.origin}). Rename one or uninstall its distribution."
                    )
                offers[strategy.name] = Offer(strategy, plugin)
        return offers

    def _with_distinct_names(self) -> Iterator[Plugin]:
        """Give a broken plugin a name of its own, so that each is a row of its own."""
        taken = set(self.offers)
        for plugin in self.plugins:
            clash = plugin.error is not None and plugin.name in taken
            distinct = replace(plugin, name=f"{plugin.distribution}:{plugin.name}") if clash else plugin
            taken |= {distinct.name} if plugin.error is not None else set()
            yield distinct

    @property
    def broken(self) -> tuple[Plugin, ...]:
        """Plugins that could not be loaded."""
        return tuple(plugin for plugin in self.plugins if plugin.error)

    def describe(self) -> list[dict[str, Any]]:
        """Return all plugins as plain values, for JSON."""
        return [
            {
                "plugin": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "error": plugin.error,
                "strategies": [{"name": s.name, "parameters": recorded_parameters(s)} for s in plugin.strategies],
            }
            for plugin in self.plugins
        ]

    def select(self, config: RunConfig) -> tuple[list[Offer], list[Plugin]]:
        """Return the strategies a run asks for, with its parameters, and the broken plugins it asks for.

        Raises:
            UserError: For a strategy or parameter that does not exist.
        """
        return select(self.offers, {plugin.name: plugin for plugin in self.broken}, config)

    def load_task(self, config: RunConfig) -> Task:
        """Return the data set a run asks for.

        Raises:
            HarnessError: Where no plugin can load it; a plugin's own exception is named as such.
        """
        task = self._first("harness_load_task", name=config.dataset_name, config=config)
        if not isinstance(task, Task):
            raise PluginError(f"Hook harness_load_task must return a harness.Task, got {type(task).__name__}.")
        return task

    def load_encoder(self, config: RunConfig, device: str, dtype: str) -> Encoder:
        """Return the encoder a run asks for, on its device."""
        return self._first(  # type: ignore[no-any-return]
            "harness_load_encoder", name=config.model_name, config=config, device=device, dtype=dtype
        )

    def _first(self, hook: str, *, name: str, **arguments: Any) -> Any:
        try:
            return getattr(self._hooks.hook, hook)(name=name, **arguments)
        except (HarnessError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plugin's SystemExit is a fault of that plugin, too
            raise PluginError(f"Hook {hook} failed on {name!r}: {type(error).__name__}: {error}") from error


def _entry_points() -> list[metadata.EntryPoint]:
    return sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name)


def installed_names() -> list[str]:
    """Return the names of all entry points, without importing any: for shell completion."""
    return [point.name for point in _entry_points()]


def _name_of(item: object) -> str:
    return str(getattr(item, "__name__", type(item).__name__))


def _broken(plugin: Plugin, error: BaseException) -> Plugin:
    reason = str(error) if isinstance(error, PluginError) else f"{type(error).__name__}: {error}"
    if isinstance(error, SystemExit):
        reason = f"it called sys.exit({error.code!r})"
    return replace(plugin, error=reason, traceback="".join(traceback.format_exception(error)))
