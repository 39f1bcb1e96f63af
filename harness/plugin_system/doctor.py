"""Diagnosis of plugins that are not found or not loaded: what was expected, what was found, what to do."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from packaging.utils import canonicalize_name

from harness.hookspecs import GROUP
from harness.plugin_system.faults import Fault
from harness.plugin_system.loading import LoadedPlugins
from harness.plugin_system.metadata import Installed, declared_points, hidden, installed
from harness.plugin_system.offers import Offer, Plugin

INSTALL = "harness plugins install"


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with one plugin or distribution.

    Attributes:
        about: Which, and where it comes from.
        faults: What is wrong, empty where nothing is.
        names: All names it goes by.
    """

    about: str
    faults: tuple[Fault, ...]
    names: frozenset[str] = field(default=frozenset(), repr=False)


def diagnose(loaded: LoadedPlugins, name: str | None = None) -> list[Diagnosis]:
    """Look all plugins and distributions over, or what goes by one name.

    Args:
        loaded: The plugins, good or broken.
        name: Of a plugin, a strategy, a distribution or a file; None for all.

    Returns:
        Of all, those with faults; of one name, what goes by it and has faults, or the first that has none, or why
        nothing goes by it.
    """
    distributions = installed()
    found = [*_plugins(loaded, name), *_distributions(distributions, name)]
    if name is None:
        return [diagnosis for diagnosis in found if diagnosis.faults]
    meant = [diagnosis for diagnosis in found if canonicalize_name(name) in map(canonicalize_name, diagnosis.names)]
    known = {known for diagnosis in found for known in diagnosis.names}
    return [d for d in meant if d.faults] or meant[:1] or [Diagnosis(name, (_unknown(name, known),))]


def _plugins(loaded: LoadedPlugins, name: str | None) -> Iterator[Diagnosis]:
    """Yield what loading told; packages of an extra are missed only by who asks for that plugin."""
    clashes = list(loaded.clashes())
    for plugin in loaded.plugins:
        faults = [*plugin.faults, *(_missing(plugin) if name else ()), *_of_the_same_name(plugin, loaded.plugins)]
        faults += [_clash(*pair) for pair in clashes if any(offer.plugin is plugin for offer in pair)]
        names = [plugin.name, plugin.distribution or plugin.name, *(s.name for s in plugin.strategies)]
        yield Diagnosis(f"{plugin.name} ({_whereabouts(plugin)})", tuple(faults), frozenset(names))


def _missing(plugin: Plugin) -> Iterator[Fault]:
    for strategy in plugin.strategies:
        if told := Offer(strategy, plugin).not_installed:
            what, _, command = told.partition(": ")
            yield Fault(f"the packages that {strategy.name} requires", f"them {what}", f"Run it: {command}")


def _of_the_same_name(plugin: Plugin, plugins: Sequence[Plugin]) -> Iterator[Fault]:
    others = [other for other in plugins if other.name == plugin.name and other is not plugin]
    if others:
        told = " and ".join(map(_whereabouts, (plugin, *others)))
        yield Fault(
            f"one plugin called {plugin.name!r}", f"{len(others) + 1}: {told}", "Rename the entry point of one."
        )


def _clash(first: Offer, second: Offer) -> Fault:
    told = " and in ".join(f"{offer.plugin.name} ({_whereabouts(offer.plugin)})" for offer in (first, second))
    advice = "Give one another name, or leave one plugin out (harness plugins uninstall, no --plugin)."
    return Fault(f"one strategy called {first.name!r}", f"two, in {told}", advice)


def _whereabouts(plugin: Plugin) -> str:
    return f"{plugin.origin}, {plugin.source}" if plugin.distribution else plugin.source


def _distributions(distributions: Sequence[Installed], name: str | None) -> Iterator[Diagnosis]:
    """Yield what the metadata tell, of distributions that are for the harness and of the one named."""
    copies = list(hidden(list(distributions)))
    not_counting = {id(other) for _, other in copies}
    for found in distributions:
        if id(found) in not_counting:
            continue
        asked_for = name is not None and canonicalize_name(name) == canonicalize_name(found.name)
        if not (asked_for or found.is_for_the_harness or found.misplaced):
            continue
        faults = [*_misplaced(found), *_out_of_date(found)]
        faults += [_copies(counts, other) for counts, other in copies if counts is found and _differ(counts, other)]
        names = [found.name, *found.points, *(point.name for point in found.misplaced)]
        if faults or asked_for:
            yield Diagnosis(
                f"distribution {found.name} {found.version} ({found.folder})",
                tuple(faults),
                frozenset(names),
            )


def _misplaced(found: Installed) -> Iterator[Fault]:
    advice = f"Write [project.entry-points.{GROUP}] in its pyproject.toml and install it again."
    for point in found.misplaced:
        there = f"{point.name} = {point.value} in the group {point.group!r}"
        yield Fault(f"its entry points in the group {GROUP!r}", there, advice)
    if not found.points and not found.misplaced:
        others = sorted({point.group for point in found.dist.entry_points})
        there = f"none there, only in {', '.join(others)}" if others else "no entry points at all"
        yield Fault(
            f"an entry point in the group {GROUP!r}", there, f'{advice} One line is enough: my_probe = "my_probe".'
        )


def _out_of_date(found: Installed) -> Iterator[Fault]:
    """Find an editable installation that is no longer what its source says."""
    if found.source is None:
        return
    again = f"{INSTALL} -e {found.source}"
    if not found.source.is_dir():
        advice = f"Install it from where it is now, or remove it: 'harness plugins uninstall {found.name}'."
        yield Fault("the folder that it was installed from with -e", f"no {found.source}", advice)
    elif found.declared is not None and found.declared != found.points:
        expected = f"the entry points that {found.source / 'pyproject.toml'} declares, {_entry_points(found.declared)}"
        advice = f"Entry points are read from the last installation. Install again: '{again}'."
        yield Fault(expected, f"those of its last installation, {_entry_points(found.points)}", advice)


def _copies(counts: Installed, other: Installed) -> Fault:
    there = f"{counts.version} in {counts.folder}, which counts, and {other.version} in {other.folder}, which does not"
    advice = f"Remove the stale one: the folder {counts.folder} or {other.folder}; then install again what is left."
    return Fault(f"one installation of {counts.name}", there, advice)


def _differ(counts: Installed, other: Installed) -> bool:
    return (counts.version, counts.points) != (other.version, other.points)


def _entry_points(points: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sorted(points.items())) or "none"


def _unknown(name: str, known: set[str]) -> Fault:
    """Say what could be meant by a name that nothing goes by."""
    close = get_close_matches(name, sorted(known), n=1)
    there = f"nothing of that name in {sys.prefix}" + (f", but {close[0]}" if close else "")
    general = f"Install it into this environment: '{INSTALL} NAME', or '{INSTALL} -e FOLDER' for one of your own."
    advice = " ".join([*(list(_advice_on_files(name)) or [general]), *_advice_on_environments()])
    return Fault(f"a plugin, a strategy or an installed distribution called {name!r}", there, advice)


def _advice_on_files(name: str) -> Iterator[str]:
    for path in (Path(name), Path(name.replace("-", "_")), Path()):
        points = declared_points(path / "pyproject.toml")
        if points and (path != Path() or canonicalize_name(name) in map(canonicalize_name, points)):
            where = path if path.is_absolute() else f"./{path}" if path != Path() else "."
            yield f"{path.resolve()} declares it: install it with '{INSTALL} -e {where}'."
            return
    file = Path(name if name.endswith(".py") else f"{name}.py")
    if file.is_file():
        yield f"{file.resolve()} is not installed, and the current folder is not searched: name it, --plugin ./{file}."


def _advice_on_environments() -> Iterator[str]:
    """Say where pip installs, if not into the environment of this program."""
    pip = shutil.which("pip")
    elsewhere = pip and Path(pip).parent.resolve() != Path(sys.executable).parent.resolve()
    active = os.environ.get("VIRTUAL_ENV")
    if active and Path(active).resolve() != Path(sys.prefix).resolve():
        yield f"The active environment is {active}, but this program runs in {sys.prefix}."
    elif elsewhere:
        yield f"The pip on the path, {pip}, is of another environment: use {INSTALL}, or {sys.executable} -m pip."
