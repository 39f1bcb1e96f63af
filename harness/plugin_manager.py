"""Loads plugins one by one, collects what they offer, selects from it, and knows who offered what."""

import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

import pluggy

from harness import hookspecs, huggingface
from harness.config import RunConfig
from harness.data import Task
from harness.encoding import Encoder, Features
from harness.environment import restored_globals
from harness.errors import HarnessError, PluginError, UserError, did_you_mean
from harness.hookspecs import GROUP
from harness.strategy import Strategy, uses_model, wanted_features, with_parameters
from harness.trial import recorded_parameters

NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Plugin:
    """A plugin: who offers it, and its strategies or the reason why it could not be loaded."""

    name: str
    distribution: str | None = None
    version: str | None = None
    strategies: tuple[Strategy, ...] = ()
    error: str | None = None
    traceback: str = ""

    @property
    def origin(self) -> str:
        """Distribution and version, or what stands in for them."""
        return f"{self.distribution} {self.version}" if self.distribution else "given by the caller"


@dataclass(frozen=True)
class Offer:
    """A strategy and the plugin it comes from."""

    strategy: Strategy
    plugin: Plugin


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
            _check_strategy(strategy)
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
        broken = {plugin.name: plugin for plugin in self.broken}
        known = {*self.offers, *broken}
        names = list(dict.fromkeys(self._expand(config.strategies, broken)))
        for name in (*names, *config.set):
            if name not in known:
                raise UserError(f"There is no strategy {name!r}. {did_you_mean(name, {*known, 'all'})}")
        configured = {name: _configured(offer, config.set.get(name, {})) for name, offer in self.offers.items()}
        return [configured[name] for name in names if name in configured], [
            broken[name] for name in names if name in broken
        ]

    def _expand(self, names: Iterable[str], broken: Iterable[str]) -> Iterator[str]:
        cheapest_first = sorted(self.offers, key=lambda name: _cost(self.offers[name].strategy))
        for name in names:
            yield from (*cheapest_first, *broken) if name == "all" else (name,)

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


def _check_strategy(strategy: object) -> None:
    name = getattr(strategy, "name", None)
    if isinstance(strategy, type):
        raise PluginError(f"expected a strategy, got the class {strategy.__name__}. Return {strategy.__name__}().")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == "all":
        raise PluginError(f"expected a strategy with a name of letters, digits and _, got {repr(strategy)[:80]}.")
    if not isinstance(strategy, Strategy):
        raise PluginError(f"strategy {name!r} must have the methods fit and load; see harness.Strategy.")
    if wrong := [features for features in wanted_features(strategy) if not isinstance(features, Features)]:
        raise PluginError(f"strategy {name!r}: its features must be harness.Features, got {wrong[0]!r}.")


def _configured(offer: Offer, values: dict[str, Any]) -> Offer:
    try:
        strategy = with_parameters(offer.strategy, values)
        _check_strategy(strategy)
    except HarnessError:
        raise
    except Exception as error:
        raise UserError(f"--set {offer.strategy.name}: its plugin refuses {values}: {error}") from error
    return replace(offer, strategy=strategy)


def _cost(strategy: Strategy) -> int:
    """Rank what is quick before what is slow, so that an interrupted run has the most to show."""
    return 0 if not uses_model(strategy) else 1 if wanted_features(strategy) else 2


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
