"""Plugins that are told how a run goes, and finding those that `--track` names."""

from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from harness.errors import LONGEST_REASON, PluginError, UserError, did_you_mean
from harness.plugin_system.offers import Plugin
from harness.wording.secrets import redacted

GROUP_OF_TRACKERS = "harness.trackers"


class Trackers:
    """Tells the plugins that want to know how a run goes; one that fails stops neither the run nor the others.

    Args:
        hooks: Of the plugins that are loaded, None for none.

    Attributes:
        notes: Which trackers failed, and are told no more, one sentence each.
    """

    def __init__(self, hooks: pluggy.PluginManager | None = None) -> None:
        self._hooks = hooks
        self._failed: set[str] = set()
        self.notes: list[str] = []

    def run_started(self, run: Mapping[str, Any], path: Path) -> None:
        """Tell that the trials begin; arguments as of the hook."""
        self._tell("harness_run_started", run=run, path=path)

    def trial_finished(self, record: Mapping[str, Any]) -> None:
        """Tell that a trial is over; arguments as of the hook."""
        self._tell("harness_trial_finished", record=record)

    def run_finished(self, run: Mapping[str, Any], path: Path) -> None:
        """Tell that run.json is there; arguments as of the hook."""
        self._tell("harness_run_finished", run=run, path=path)

    def _tell(self, hook: str, **told: Any) -> None:
        for found in getattr(self._hooks.hook, hook).get_hookimpls() if self._hooks else ():
            if found.plugin_name in self._failed:
                continue
            try:
                found.function(**{name: told[name] for name in found.argnames})
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a tracker's SystemExit must not end the run either
                self._failed.add(found.plugin_name)
                name = found.plugin_name.split(":")[-2:][0]
                reason = redacted(" ".join(f"{type(error).__name__}: {error}".split()))[:LONGEST_REASON]
                self.notes.append(f"tracker {name} was told no more of this run, as its {hook} failed: {reason}")


def tracker_modules(names: Sequence[str]) -> dict[str, str]:
    """Return the names of `--track` -> the modules that installed distributions offer under them.

    Raises:
        UserError: For a name that none offers.
    """
    known = {point.name: point.value for point in metadata.entry_points(group=GROUP_OF_TRACKERS)}
    for name in names:
        if name not in known:
            raise UserError(f"--track {name}: there is no such tracker. {did_you_mean(name, known)}")
    return {name: known[name] for name in names}


def check_trackers(modules: Mapping[str, str], broken: Sequence[Plugin]) -> None:
    """Refuse a run whose trackers cannot be loaded, before anything is trained.

    Args:
        modules: Name of a tracker -> its module.
        broken: Plugins that could not be loaded.

    Raises:
        PluginError: For the first of them that is among these.
    """
    reasons = {plugin.name: plugin.error for plugin in broken}
    for name, module in modules.items():
        if module in reasons:
            raise PluginError(f"--track {name} cannot be had: {reasons[module]}")
