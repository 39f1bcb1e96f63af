"""The composition root: plugins, network, data and encoder put together for command line, Python API and tests.

Nothing here changes the calling process beyond its own call, nor hides what libraries print: a caller who wants that
holds `harness.system.process.library_defaults` around the whole of what it does.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.config.run_config import RunConfig
from harness.data.task import Task
from harness.encoding.encoder import Encoder, width_of
from harness.encoding.engine import refuse_other_engine
from harness.encoding.tags import encoder_tags
from harness.errors import UserError
from harness.executors.choice import built_in_executor, executor_name, share_of
from harness.executors.executor import Executor
from harness.executors.limits import Limits
from harness.executors.pool import Pool
from harness.huggingface import SAMPLE, settle_network_for
from harness.huggingface.network import network_block
from harness.plugin_system.files import named_plugins
from harness.plugin_system.loading import LoadedPlugins
from harness.plugin_system.manager import PluginManager
from harness.plugin_system.offers import Offer, not_loaded
from harness.plugin_system.trackers import check_trackers, tracker_modules
from harness.runs.planning import Plan, make_plan
from harness.strategies.tags import tags_of
from harness.system.device import choose_device, choose_dtype


def open_plugins(named: Sequence[str] = (), plugins: Sequence[object] = ()) -> PluginManager:
    """Load all plugins: installed, named, of the environment's HARNESS_PLUGINS, and given.

    Args:
        named: Files and modules, as `--plugin` takes them.
        plugins: Modules or objects with hooks.

    Raises:
        PluginError: Where two plugins offer a strategy of the same name.
    """
    return PluginManager(plugins, named_plugins(named))


def open_loaded_plugins(named: Sequence[str] = (), plugins: Sequence[object] = ()) -> LoadedPlugins:
    """Load all plugins to look at them, also where two offer the same strategy; the arguments of `open_plugins`."""
    return LoadedPlugins(plugins, named_plugins(named))


@network_block()
def open_plan(
    config: RunConfig,
    plugins: Sequence[object] = (),
    *,
    task: Task | None = None,
    offers: Sequence[Offer] = (),
    to_run: bool = False,
) -> Plan:
    """Load and check everything that a configuration asks for, its plugins among it.

    Args:
        config: What to run.
        plugins: Modules or objects with hooks, besides the installed plugins and those that `config` names.
        task: The data, where they are not to be loaded by their name.
        offers: Strategies besides those that `config` names; it names these, too.
        to_run: Whether the plan will be run, so that its executor can begin to get ready.

    Returns:
        A run that can start.

    Raises:
        HarnessError: For anything wrong with the configuration, the data or the encoder.
    """
    # First: the hub's client reads its settings when a plugin imports it. Data that are there need no network.
    settle_network_for(config if task is None else config.model_copy(update={"dataset": SAMPLE}))
    executor = built_in_executor(config)
    try:
        if executor and to_run:
            executor.prepare()
        trackers = tracker_modules(config.track)
        manager = open_plugins([*config.plugins, *trackers.values()], plugins)
        check_trackers(trackers, manager.broken)
        if executor is None:
            executor = _of_plugin(manager, config)  # before the data, which take long
            if to_run:
                executor.prepare()
        plan = make_plan(config, manager, task=task, given=offers)
        _refuse_servers_in_sandbox(plan)
        if plan.encoder and isinstance(executor, Pool):
            executor.weigh(plan.encoder, _features_bytes(plan))
        return replace(plan, executor=executor, trackers=manager.trackers)
    except BaseException:
        if executor:
            executor.close()
        raise


def _refuse_servers_in_sandbox(plan: Plan) -> None:
    """Refuse a strategy that asks a server where trials have no network."""
    asking = [offer.name for offer in plan.offers if tags_of(offer.strategy).address]
    if plan.config.sandbox and asking:
        raise UserError(
            f"--sandbox keeps trials from the network, and {', '.join(asking)} would ask a server. Leave out one or "
            "the other."
        )


def _features_bytes(plan: Plan) -> int:
    """Return how many bytes the features of a run will take."""
    rows = sum(len(split) for split in (plan.task.train, plan.task.validation, plan.task.test))
    assert plan.encoder
    return sum(rows * width_of(state, plan.encoder) * np.float32().itemsize for state in plan.wanted_features)


def _of_plugin(manager: PluginManager, config: RunConfig) -> Executor:
    """Return the executor of a name that a plugin knows."""
    name = executor_name(config)
    if pool := manager.load_executor(name, config):
        return Pool(lambda: pool, Limits(config.time_limit, config.memory_limit), share_of(config))
    told = f"--on {name}: expected local, local:N, here, ray, slurm, or a name that a plugin knows."
    raise UserError(" ".join([told, *not_loaded(manager.broken)]))


@network_block()
def open_encoder(config: RunConfig, plugins: Sequence[object] = ()) -> tuple[Encoder, Executor]:
    """Load the encoder that a configuration asks for, on its device, and say where it is to encode.

    Args:
        config: Which encoder, and where.
        plugins: Modules or objects with hooks, besides the installed plugins and those that `config` names.

    Raises:
        HarnessError: For anything wrong with the configuration or the encoder.
    """
    settle_network_for(config.model_copy(update={"dataset": SAMPLE}))
    executor = built_in_executor(config)
    try:
        manager = open_plugins(config.plugins, plugins)
        executor = executor or _of_plugin(manager, config)
        device = choose_device(config.device)
        encoder = manager.load_encoder(config, device, choose_dtype(config.dtype, device))
        refuse_other_engine(config.engine, encoder_tags(encoder).engine, encoder.name)
        return encoder, executor
    except BaseException:
        if executor:
            executor.close()
        raise


@network_block()
def open_data(config: RunConfig, plugins: Sequence[object] = ()) -> tuple[Task, Encoder | None]:
    """Load the data that a configuration asks for, and the encoder where it names one; arguments as of `open_plan`."""
    settle_network_for(config, needs_model=config.model is not None)
    manager = open_plugins(config.plugins, plugins)
    task = manager.load_task(config)
    exact = config.model_copy(update={"dtype": "float32"})  # it only counts tokens
    encoder = manager.load_encoder(exact, "cpu", "float32") if config.model else None
    return task.limited(config.limit) if config.limit else task, encoder
