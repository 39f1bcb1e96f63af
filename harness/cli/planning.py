"""Flags -> plan: what `run` and `cache explain` begin with."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.run_config import RunConfig, build_config

if TYPE_CHECKING:
    from harness.runs.planning import Plan


def plan_from(
    flags: Mapping[str, Any], config_file: Path | None, plugins: Sequence[object], *, quiet: bool, verbose: bool
) -> "Plan":
    """Load and check everything that the flags ask for.

    Args:
        flags: Options by name, None where they were not given.
        config_file: A TOML file with the same names; a flag wins.
        plugins: Modules or objects with hooks, besides the installed plugins.
        quiet: Show nothing while that goes on.
        verbose: Let libraries warn.

    Raises:
        HarnessError: For anything wrong with the flags, the data or the encoder.
    """
    config = build_config({name: value for name, value in flags.items() if value is not None}, config_file)
    return plan_of(config, plugins, quiet=quiet, verbose=verbose)


def plan_of(config: RunConfig, plugins: Sequence[object], *, quiet: bool, verbose: bool) -> "Plan":
    """Load and check everything that a configuration asks for; arguments and errors as for `plan_from`."""
    from harness.system.process import be_discreet, quiet_libraries

    be_discreet()
    if not verbose:
        quiet_libraries()
    # The network is settled first: the hub's client reads its settings when a plugin imports it.
    from harness.huggingface import settle_network_for
    from harness.plugin_system.files import named_plugins
    from harness.plugin_system.manager import PluginManager
    from harness.runs.planning import make_plan
    from harness.terminal import make_console, waiting

    with waiting(make_console(stderr=True), "loading strategies, data and encoder", quiet=quiet):
        settle_network_for(config)
        named = named_plugins(config.plugins)
        recorded = config.model_copy(update={"plugins": tuple(plugin.text for plugin in named)})
        return make_plan(recorded, PluginManager(plugins, named))
