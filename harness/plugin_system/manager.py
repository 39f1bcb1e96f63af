"""Loads plugins one by one, collects what they offer, selects from it, and knows who offered what."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

from harness.config.run_config import RunConfig
from harness.data.task import IN_MEMORY, Task
from harness.encoding.encoder import Encoder
from harness.encoding.tags import EncoderTags, misspelt_tags, said_of_misspelt
from harness.errors import HarnessError, PluginError, UserError, did_you_mean
from harness.evaluation.metric import Metric
from harness.plugin_system.files import NamedPlugin
from harness.plugin_system.loading import LoadedPlugins
from harness.plugin_system.metadata import entry_points
from harness.plugin_system.metrics import known_metrics
from harness.plugin_system.offers import Offer, Plugin, folder_here, select
from harness.plugin_system.trackers import Trackers
from harness.strategies.description import describe_strategy
from harness.strategies.strategy import as_recorded, recorded_parameters


class PluginManager:
    """All plugins of this environment, loaded, no two of them with a strategy or a metric of the same name.

    Args:
        extra: Modules or objects with hooks, besides the installed plugins.
        named: Files and modules that the user named, besides these.

    Raises:
        PluginError: Where two plugins offer a strategy or a metric of the same name.
    """

    def __init__(self, extra: Sequence[object] = (), named: Sequence[NamedPlugin] = ()) -> None:
        self._given = extra, tuple(named)
        loaded = LoadedPlugins(extra, named)
        for first, second in loaded.clashes():
            raise PluginError(
                f"Two plugins offer a strategy {first.name!r}: {first.plugin.name} ({first.plugin.origin}) and "
                f"{second.plugin.name} ({second.plugin.origin}). Rename one or leave one plugin out: "
                f"'harness plugins doctor {first.name}' tells where each comes from."
            )
        self._hooks = loaded.hooks
        self.plugins: tuple[Plugin, ...] = loaded.plugins
        self.offers: dict[str, Offer] = {offer.name: offer for offer in loaded.offers()}
        self.plugins = tuple(self._with_distinct_names())
        self.metrics: dict[str, Metric] = known_metrics(self.plugins)

    def with_named(self, named: Sequence[NamedPlugin]) -> "PluginManager":
        """Return a manager that has loaded these files and modules, too: this one where it has them all."""
        extra, before = self._given
        missing = [plugin for plugin in named if plugin not in before]
        return PluginManager(extra, [*before, *missing]) if missing else self

    def _with_distinct_names(self) -> Iterator[Plugin]:
        """Give a broken plugin a name of its own, so that each is a row of its own."""
        taken = set(self.offers)
        for plugin in self.plugins:
            clash = plugin.error is not None and plugin.name in taken
            distinct = (
                replace(plugin, name=f"{plugin.distribution or plugin.source}:{plugin.name}") if clash else plugin
            )
            taken |= {distinct.name} if plugin.error is not None else set()
            yield distinct

    @property
    def trackers(self) -> Trackers:
        """Tells the plugins that want to know how a run goes."""
        return Trackers(self._hooks)

    @property
    def broken(self) -> tuple[Plugin, ...]:
        """Plugins that could not be loaded."""
        return tuple(plugin for plugin in self.plugins if plugin.error)

    def describe(self, group: str | None = None) -> list[dict[str, Any]]:
        """Return all plugins as plain values, for JSON, with their strategies, or those of a group."""
        return [
            {
                "plugin": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "error": plugin.error,
                "source": plugin.source,
                "strategies": [_summary(offer) for offer in _of_group(plugin, group)],
            }
            for plugin in self.plugins
        ]

    def offer(self, name: str) -> Offer:
        """Return the strategy of a name.

        Raises:
            PluginError: Where the plugin of that name could not be loaded.
            UserError: Where there is no such strategy.
        """
        if name in self.offers:
            return self.offers[name]
        broken = {plugin.name: plugin for plugin in self.broken}
        if name in broken:
            raise PluginError(
                f"Plugin {name} ({broken[name].origin}) could not be loaded: {broken[name].error} "
                f"'harness plugins doctor {name}' tells more."
            )
        told = [f"There is no strategy {name!r}. {did_you_mean(name, {*self.offers, *broken})}", *folder_here(name)]
        raise UserError(" ".join(told))

    def select(self, config: RunConfig) -> tuple[list[Offer], list[Plugin]]:
        """Return the strategies a run asks for, with its parameters, and the broken plugins it asks for.

        Raises:
            UserError: For a strategy or parameter that does not exist.
        """
        offers, broken = select(self.offers, {plugin.name: plugin for plugin in self.broken}, config)
        return offers, broken + [plugin for plugin in self.broken if plugin.named and plugin not in broken]

    def load_task(self, config: RunConfig) -> Task:
        """Return the data set a run asks for.

        Raises:
            HarnessError: Where no plugin can load it; a plugin's own exception is named as such.
        """
        task = self._first("harness_load_task", name=config.dataset_name, config=config)
        if not isinstance(task, Task):
            raise PluginError(f"Hook harness_load_task must return a harness.Task, got {type(task).__name__}.")
        if task.provenance.source == IN_MEMORY:  # the plugin said nothing, and loads it by its name again
            return replace(task, provenance=replace(task.provenance, source=config.dataset_name))
        return task

    def load_encoder(self, config: RunConfig, device: str, dtype: str) -> Encoder:
        """Return the encoder a run asks for, on its device.

        Raises:
            PluginError: Where it declares what nothing reads, but nearly so.
        """
        encoder: Encoder = self._first(
            "harness_load_encoder", name=config.model_name, config=config, device=device, dtype=dtype
        )
        if misspelt := misspelt_tags(encoder, EncoderTags):
            raise PluginError(said_of_misspelt(f"The encoder {config.model_name!r}", misspelt))
        return encoder

    def load_executor(self, name: str, config: RunConfig) -> Executor | None:
        """Return the pool that trials run in where a plugin knows it by that name, else None."""
        pool: Executor | None = self._first("harness_executor", name=name, config=config)
        return pool

    def _first(self, hook: str, *, name: str, **arguments: Any) -> Any:
        try:
            return getattr(self._hooks.hook, hook)(name=name, **arguments)
        except (HarnessError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plugin's SystemExit is a fault of that plugin, too
            raise PluginError(f"Hook {hook} failed on {name!r}: {type(error).__name__}: {error}") from error


def describe_offer(offer: Offer) -> dict[str, Any]:
    """Return all that a strategy says of itself as plain values, for JSON."""
    description = describe_strategy(offer.strategy)
    told = [{**vars(p), "default": as_recorded({"": p.default})[""]} for p in description.parameters]
    return {
        **_summary(offer),
        "meaning": description.meaning,
        "parameters": told,
        "plugin": offer.plugin.name,
        "distribution": offer.plugin.distribution,
        "version": offer.plugin.version,
        "source": offer.plugin.source,
    }


def _of_group(plugin: Plugin, group: str | None) -> list[Offer]:
    offers = (Offer(strategy, plugin) for strategy in plugin.strategies)
    return [offer for offer in offers if group is None or group in offer.groups]


def _summary(offer: Offer) -> dict[str, Any]:
    return {
        "name": offer.name,
        "parameters": recorded_parameters(offer.strategy),
        "groups": [*offer.all_groups],
        "not_installed": offer.not_installed,
        "not_set": offer.not_set,
    }


def installed_names() -> list[str]:
    """Return the names of all entry points, without importing any: for shell completion."""
    return [point.name for point in entry_points()]
