"""Strategies that plugins offer, and the selection of a run: names, groups, variants, grids, left out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.config.run_config import RunConfig
from harness.config.strategy_spec import GROUPS, StrategySpec, base_name, parse_specs
from harness.errors import HarnessError, UserError, did_you_mean
from harness.evaluation.metric import Metric
from harness.plugin_system.faults import Fault, FaultyPluginError
from harness.plugin_system.files import named_plugins
from harness.plugin_system.metadata import entry_points
from harness.strategies.grid_search import GridSearch
from harness.strategies.strategy import Strategy, uses_model, wanted_features, with_parameters
from harness.strategies.tags import misspelt_in_strategy, tags_of, wrong_type

COMBINED = "combined"
NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True)
class Plugin:
    """A plugin: who offers it, and its strategies or the reason why it could not be loaded.

    Attributes:
        name: What its entry point, file or module is called.
        distribution: What was installed, None for a file.
        version: Of the distribution; of a file its hash.
        source: What led to it: an entry point, `--plugin`, `HARNESS_PLUGINS`, or the caller of this program.
        named: Whether the user asked for it by `--plugin` or in the configuration file.
        hooks: Names of its hooks.
        strategies: What it offers.
        metrics: The metrics that it offers.
        error: Why it could not be loaded, None where it could.
        faults: The same for its author.
        traceback: Of the exception that it raised.
    """

    name: str
    distribution: str | None = None
    version: str | None = None
    strategies: tuple[Strategy, ...] = ()
    error: str | None = None
    traceback: str = ""
    source: str = "given by the caller"
    named: bool = False
    hooks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    metrics: tuple[Metric, ...] = ()

    @property
    def origin(self) -> str:
        """Distribution and version, or what stands in for them."""
        return f"{self.distribution} {self.version}" if self.distribution else self.source


@dataclass(frozen=True)
class Offer:
    """A strategy and the plugin it comes from; `label` is its name in a run, None for the strategy's own."""

    strategy: Strategy
    plugin: Plugin
    label: str | None = None

    @property
    def name(self) -> str:
        """What it is called in tables and files."""
        return self.label or self.strategy.name

    @property
    def base(self) -> str:
        """Name of the strategy without the parameters of a variant."""
        return base_name(self.name)

    @property
    def groups(self) -> frozenset[str]:
        """The groups of `--strategies` it belongs to: those it declares, and what its inputs tell.

        What combines others is no approach of its own: it has a group apart from `all`.
        """
        if (tags := tags_of(self.strategy)).combines:
            return frozenset({COMBINED, *tags.groups})
        trains = uses_model(self.strategy) and not wanted_features(self.strategy)
        told = {"frozen"} if wanted_features(self.strategy) else {"trained"} if trains else set()
        return frozenset({"all", *told, *tags.groups})

    @property
    def named_groups(self) -> tuple[str, ...]:
        """Its groups without `all`, in the order in which they are always named."""
        return tuple(group for group in GROUPS if group in self.groups - {"all"})

    @property
    def all_groups(self) -> tuple[str, ...]:
        """Its groups, in that order."""
        return tuple(group for group in GROUPS if group in self.groups)

    @property
    def not_installed(self) -> str | None:
        """What to install before it can run, None where all is there."""
        requires = tags_of(self.strategy).requires
        missing = {module: extra for module, extra in requires.items() if find_spec(module) is None}
        if not missing:
            return None
        if self.plugin.distribution is None:  # a file has no extras
            return f"not installed: pip install {' '.join(missing)}"
        return f"not installed: pip install '{self.plugin.distribution}[{','.join(sorted({*missing.values()}))}]'"

    @property
    def not_set(self) -> str | None:
        """What to set before it can run, None where all is."""
        strategy = self.strategy
        missing = [field for field in tags_of(strategy).must_be_set if getattr(strategy, field, None) is None]
        return f"needs {' '.join(f'--set {strategy.name}.{field}=...' for field in missing)}" if missing else None

    @property
    def not_ready(self) -> str | None:
        """What to install or to set before it can run, None where it can."""
        return self.not_installed or self.not_set


def select(
    offers: Mapping[str, Offer], broken: Mapping[str, Plugin], config: RunConfig
) -> tuple[list[Offer], list[Plugin]]:
    """Return what a run asks for, with its parameters, each once.

    Args:
        offers: All strategies by name.
        broken: All plugins that could not be loaded, by name.
        config: What the run asks for.

    Raises:
        UserError: For a strategy or parameter that does not exist, or one whose packages are not installed.
    """
    specs = [spec for text in config.strategies for spec in parse_specs(text)]
    for name in (*(spec.name for spec in specs), *config.set):
        if name not in {*offers, *broken, *GROUPS}:
            hint = did_you_mean(name, {*offers, *broken, *GROUPS})
            told = [*not_loaded(broken.values()), f"There is no strategy {name!r}. {hint}", *folder_here(name)]
            raise UserError(" ".join(told))
    offers = _with_settings(offers, config)  # a misspelt one is an error whether or not its strategy runs
    left_out = {name for spec in specs if spec.left_out for name in _members(spec, offers, broken)}
    chosen: dict[str, Offer] = {}
    named_broken: dict[str, Plugin] = {}
    for spec in specs if any(not spec.left_out for spec in specs) else [StrategySpec("all"), *specs]:
        if spec.left_out:
            continue
        for name in _members(spec, offers, broken):
            if name in left_out:
                continue
            if name in broken:
                named_broken.setdefault(name, broken[name])
            else:
                offer = configured(offers[name], spec)
                chosen.setdefault(offer.name, offer)
    if not chosen and not named_broken:
        raise UserError(f"--strategies {','.join(config.strategies)} leaves no strategy. {did_you_mean('', offers)}")
    return list(chosen.values()), list(named_broken.values())


def may_be_misspelt(config: RunConfig) -> bool:
    """Return whether a run asks for a strategy that no installed plugin is called after; none is loaded for that."""
    names = {spec.name for text in config.strategies for spec in parse_specs(text)} | {*config.set}
    known = {*GROUPS, *(point.name for point in entry_points())}
    return not named_plugins(config.plugins) and not names <= known


def folder_here(name: str) -> Iterator[str]:
    """Say what to do where a strategy that is not there has the name of a folder with a distribution."""
    if re.fullmatch(r"\w+", name) and Path(name, "pyproject.toml").is_file():
        yield f"The folder {name} here is not installed: harness plugins install -e ./{name}"


def not_loaded(broken: Iterable[Plugin]) -> Iterator[str]:
    """Say of each plugin that the user named why it could not be loaded: the strategy may be one of its."""
    for plugin in broken:
        if plugin.named:
            yield f"{plugin.source} could not be loaded: {(plugin.error or '').rstrip('.')}."


def left_out_of_groups(offers: Mapping[str, Offer], config: RunConfig) -> list[str]:
    """Say which strategies a group of the run would hold if they were installed and set, one sentence each."""
    groups = {spec.name for text in config.strategies for spec in parse_specs(text) if spec.name in GROUPS}
    return [
        f"{name} was left out: {offer.not_ready}"
        for name, offer in _with_settings(offers, config).items()
        if offer.not_ready and groups & offer.groups
    ]


def _with_settings(offers: Mapping[str, Offer], config: RunConfig) -> dict[str, Offer]:
    """Return all strategies by name, those of `--set` with what it sets."""
    return {
        name: replace(offer, strategy=_with(offer.strategy, config.set[name], "--set")) if name in config.set else offer
        for name, offer in offers.items()
    }


def configured(offer: Offer, spec: StrategySpec) -> Offer:
    """Return an offer with the parameters of its spec.

    Raises:
        UserError: For a parameter that does not exist or a value that does not fit, and for one that cannot run.
    """
    if offer.not_installed or not spec.fields:
        return ready(offer)
    label = str(replace(spec, name=offer.strategy.name))
    candidates = [_with(offer.strategy, values, "--strategies") for values in spec.configurations()]
    for candidate in candidates:
        ready(replace(offer, strategy=candidate))
    strategy = candidates[0] if len(candidates) == 1 else GridSearch(label, candidates)
    return replace(offer, strategy=strategy, label=label)


def ready(offer: Offer) -> Offer:
    """Return an offer that can run.

    Raises:
        UserError: Where packages are not installed or fields not set, saying which.
    """
    if offer.not_installed:
        raise UserError(f"Strategy {offer.name!r} needs a package that is {offer.not_installed}.")
    if offer.not_set:
        raise UserError(f"Strategy {offer.name!r} cannot run as it is: it {offer.not_set}")
    return offer


def _members(spec: StrategySpec, offers: Mapping[str, Offer], broken: Mapping[str, Plugin]) -> Iterator[str]:
    """Yield the names a spec stands for, what is quick before what is slow; a group leaves out what cannot run."""
    if spec.name not in GROUPS:
        yield spec.name
        return
    if spec.fields:
        raise UserError(f"--strategies: parameters belong to a strategy, {spec.name!r} is a group.")
    members = [offer for offer in offers.values() if spec.name in offer.groups and not offer.not_ready]
    yield from (offer.strategy.name for offer in sorted(members, key=lambda offer: _cost(offer.strategy)))
    if spec.name == "all":
        yield from broken


def _with(strategy: Strategy, values: Mapping[str, Any], given_by: str) -> Strategy:
    try:
        changed = with_parameters(strategy, dict(values), given_by)
        check_strategy(changed)
    except HarnessError:
        raise
    except Exception as error:
        raise UserError(f"{given_by} {strategy.name}: its plugin refuses {dict(values)}: {error}") from error
    return changed


def check_strategy(strategy: object) -> None:
    """Refuse what is no strategy.

    Raises:
        PluginError: Saying what was expected and what came.
    """
    if (fault := _fault_of(strategy)) is not None:
        raise FaultyPluginError([fault])


def _fault_of(strategy: object) -> Fault | None:
    name = getattr(strategy, "name", None)
    if isinstance(strategy, type):
        return Fault("a strategy", f"the class {strategy.__name__}", f"Return {strategy.__name__}().")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name in GROUPS:
        called = f"one called {name!r}" if isinstance(name, str) else repr(strategy)[:80]
        advice = f"Give its class another name: ClassVar[str], none of the groups {', '.join(GROUPS)}."
        return Fault("a strategy with a name of letters, digits and _", called, advice)
    if not isinstance(strategy, Strategy):
        missing = [method for method in ("fit", "load") if not hasattr(strategy, method)]
        advice = "See harness.Strategy, or start from harness.SklearnProbe, which has both."
        return Fault(f"strategy {name!r} to have the methods fit and load", f"no {' and no '.join(missing)}", advice)
    return _fault_of_tags(strategy)


def _fault_of_tags(strategy: Strategy) -> Fault | None:
    name = strategy.name
    if misspelt := misspelt_in_strategy(strategy):
        listed = "; ".join(f"{wrong} (did you mean {meant}?)" for wrong, meant in misspelt.items())
        advice = "Correct it, or give what is yours alone another name: docs/plugins.md lists what is read."
        return Fault(f"strategy {name!r} to declare only what is read", listed, advice)
    if wrong := wrong_type(strategy):
        tag, expected, came = wrong
        return Fault(f"strategy {name!r} to have {tag} that are {expected}", repr(came)[:80], f"Correct its {tag}.")
    if unknown := [group for group in tags_of(strategy).groups if group not in GROUPS]:
        return Fault(
            f"strategy {name!r} to be in groups among {', '.join(GROUPS)}", repr(unknown[0]), "Correct its groups."
        )
    return None


def _cost(strategy: Strategy) -> int:
    """Rank what is quick before what is slow, so that an interrupted run has the most to show."""
    return 0 if not uses_model(strategy) else 1 if wanted_features(strategy) else 2
