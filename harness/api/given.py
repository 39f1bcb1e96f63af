"""Data and strategies that a caller hands over as objects, where the command line takes names."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.run_config import RunConfig
from harness.config.strategy_spec import StrategySpec
from harness.data.column_choice import refuse_broken_characters
from harness.data.task import SPLITS, Task
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.plugin_system.offers import Offer
    from harness.strategies.strategy import Strategy

PLAIN = (str, int, float, bool, type(None))  # values of parameters that a name can hold

OF_FILES = ("header", "columns", "encoding", "quoting")  # options on how files are read
OF_TASKS = ("text_column", "label_column", "label_names", "normalise_labels", "test_size", "split_seed")  # how made


def task_of(data: object, config: RunConfig) -> Task | None:
    """Return data that were handed over as a task; None where they are a name, a path or the default.

    Args:
        data: What `harness.compare` was given.
        config: What it was given besides: columns, names of classes, test rows of a `datasets.Dataset`.

    Raises:
        UserError: For any other object.
        DataError: For data that no comparison can be made of.
    """
    if data is None or isinstance(data, str | Path):
        return None
    if isinstance(data, Task):
        for split in SPLITS:
            refuse_broken_characters(getattr(data, split).texts, f"Data set {data.name!r}, {split}")
        return data
    datasets = sys.modules.get("datasets")  # whoever has one of its objects has imported it
    if datasets and isinstance(data, datasets.Dataset | datasets.DatasetDict):
        from harness.huggingface import task_of_dataset

        return task_of_dataset(data, config)
    advice = ""
    if type(data).__name__ == "DataFrame":
        advice = " Make a task of it: harness.Task.from_pandas(frame, text='...', label='...')."
    raise UserError(
        "Expected as data a name or path, a harness.Task, a datasets.Dataset or a datasets.DatasetDict, got "
        f"{type(data).__module__}.{type(data).__qualname__}.{advice}"
    )


def refuse_unheeded(data: object, config: RunConfig) -> None:
    """Refuse options that data which were handed over as an object have behind them.

    Args:
        data: A `harness.Task` or a `datasets.Dataset`.
        config: What was given besides.

    Raises:
        UserError: Where there are such options.
    """
    is_task = isinstance(data, Task)
    asked = [name for name in (*OF_FILES, *(OF_TASKS if is_task else ())) if _is_given(config, name)]
    if asked and is_task:
        raise UserError(
            f"Expected no {' and no '.join(asked)} beside a harness.Task, which has its columns, classes and splits "
            "already. Leave that out, and say it where the task is made: Task.from_pandas takes text, label, "
            "label_names, test_size and seed."
        )
    if asked:
        raise UserError(
            f"Expected no {' and no '.join(asked)} beside a data set in memory, since that is for csv, tsv and txt "
            "files. Leave it out."
        )


def _is_given(config: RunConfig, name: str) -> bool:
    return bool(getattr(config, name) != RunConfig.model_fields[name].default)


def parted(strategies: object) -> "tuple[list[str], list[Offer]]":
    """Return the names among strategies, and the objects as offers.

    Args:
        strategies: A name, a strategy, or several of either.

    Raises:
        UserError: For what is no strategy, or two of the same name and parameters.
    """
    several = [strategies] if isinstance(strategies, str) or not isinstance(strategies, Iterable) else list(strategies)
    names = [each for each in several if isinstance(each, str)]
    offers = [offer_of(each) for each in several if not isinstance(each, str)]
    labels = [offer.name for offer in offers]
    if repeated := sorted({label for label in labels if labels.count(label) > 1}):
        raise UserError(f"Two strategies are both {repeated[0]}. Give each parameters of its own, or leave one out.")
    if not several:
        raise UserError("Expected at least one strategy, got none. 'all' takes every one that is installed.")
    return names, offers


def offer_of(strategy: Any) -> "Offer":
    """Return a strategy that was handed over as an offer, named by the parameters that differ from its defaults.

    Raises:
        PluginError: For what is no strategy.
    """
    from harness.plugin_system.offers import Offer, Plugin, check_strategy

    check_strategy(strategy)
    changed = _changed(strategy)
    plain = changed and all(isinstance(value, PLAIN) for value in changed.values())
    spec = StrategySpec(strategy.name, tuple((field, (str(value),)) for field, value in changed.items()))
    module = type(strategy).__module__
    owner = next(iter(metadata.packages_distributions().get(module.partition(".")[0], ())), None)
    version = metadata.version(owner) if owner else None
    return Offer(strategy, Plugin(module, distribution=owner, version=version), str(spec) if plain else None)


def _changed(strategy: "Strategy") -> dict[str, Any]:
    """Return field -> value of the hyperparameters that are not their defaults."""
    if not is_dataclass(strategy):
        return {}
    values = {field: getattr(strategy, field.name) for field in fields(strategy)}
    return {field.name: value for field, value in values.items() if repr(value) != repr(_default(field))}


def _default(field: Any) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def plugins_of(plugins: object) -> "tuple[list[str], list[object], list[Strategy]]":
    """Return the files and modules to load, the objects with hooks, and the strategies among plugins.

    Args:
        plugins: One plugin or several: a file or module by name, a module or object with hooks, a strategy.
    """
    from harness.strategies.strategy import Strategy

    several: Sequence[Any] = [plugins] if isinstance(plugins, str | Path) else list(plugins)  # type: ignore[call-overload]
    named = [str(each) for each in several if isinstance(each, str | Path)]
    objects = [each for each in several if not isinstance(each, str | Path)]
    strategies = [each for each in objects if isinstance(each, Strategy) and not isinstance(each, type)]
    return named, [each for each in objects if each not in strategies], strategies
