"""Data sets of the hub -> Task."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.config.folds import SET_ASIDE
from harness.config.run_config import RunConfig
from harness.data.columns import build_task
from harness.data.splits import SPLIT_NAMES, left_out, split_of
from harness.data.table import ReadOptions, Table
from harness.data.task import IN_MEMORY, Task
from harness.errors import DataError, UnavailableError, UserError
from harness.huggingface.hub import ANSWER_TIMEOUT, refused_address, refused_by_hub, unavailable
from harness.huggingface.network import network_block, settle_network

SHORT_NAMES = {"emotion": "dair-ai/emotion:split"}
COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"(?P<id>[\w.-]+(/[\w.-]+)?)(:(?P<config>[\w.+-]+))?(@(?P<revision>[\w./-]+))?")


def load_hub_dataset(name: str, config: RunConfig) -> Task:
    """Load `id[:config][@revision]` from the hub or its cache.

    Raises:
        UserError: Where the name is not of that form.
        UnavailableError: Where it is neither cached nor downloadable.
        DataError: Where its files cannot carry a comparison.
    """
    if "://" in name:
        raise refused_address("--dataset", name)
    match = NAME.fullmatch(SHORT_NAMES.get(name, name))
    if match is None:
        raise _malformed(name)
    read_options(config).refuse_for(match["id"], "a data set of the hub")
    splits, revision = _download(match["id"], match["config"], match["revision"], config.offline)
    tables = tables_of(splits, match["id"])
    return build_task(
        name,
        tables,
        source=match["id"] + (f":{match['config']}" if match["config"] else ""),
        revision=revision,
        text_column=config.text_column,
        label_column=config.label_column,
        label_names=config.label_names,
        normalise_labels=config.normalise_labels,
        test_size=test_size_of(config, tables),
        split_seed=config.split_seed,
        notes=_told_of_others(splits),
    )


def test_size_of(config: RunConfig, tables: Mapping[str, Table]) -> float | None:
    """Return which share of train is set aside as test: what is asked for; some, where all rows go into folds."""
    return config.test_size or (SET_ASIDE if config.fold and "test" not in tables else None)


def read_options(config: RunConfig) -> ReadOptions:
    """Return what a configuration says of how files are to be read."""
    return ReadOptions(config.header, config.columns, config.encoding, config.quoting)


def _malformed(name: str) -> UserError:
    return UserError(
        f"--dataset {name!r} is no file or folder here, and no hub id of the form owner/name[:config][@revision]."
    )


@network_block()
def _download(identifier: str, config: str | None, revision: str | None, offline: bool) -> tuple[Any, str | None]:
    reachable = settle_network(offline)
    import datasets
    from huggingface_hub.errors import HFValidationError

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # its errors are raised as well
    try:
        return _ask_hub(identifier, config, revision) if reachable else _ask_cache(identifier, config, revision)
    except UnavailableError:
        raise
    except HFValidationError as error:
        raise _malformed(identifier) from error
    except Exception as error:  # of the HTTP library too, which the hub's client lets through
        if not reachable:
            asked = f"-d {identifier}{f':{config}' if config else ''}{f'@{revision}' if revision else ''}"
            raise unavailable("Data set", identifier, offline, _command(identifier, config), asked) from error
        if not isinstance(error, datasets.exceptions.DatasetsError | ValueError | RuntimeError):
            raise refused_by_hub(error, "Data set", identifier, revision) from error
        reason = " ".join(str(error.__cause__ or error).split()).rstrip(".")
        raise DataError(
            f"Data set {identifier!r} cannot be loaded: {reason}. Mend its files, or name a configuration as id:config."
        ) from error


def _ask_hub(identifier: str, config: str | None, revision: str | None) -> tuple[Any, str | None]:
    import datasets
    from huggingface_hub import HfApi

    commit = HfApi().dataset_info(identifier, revision=revision, timeout=ANSWER_TIMEOUT).sha
    return datasets.load_dataset(identifier, config, revision=commit), commit


def _ask_cache(identifier: str, config: str | None, revision: str | None) -> tuple[Any, str | None]:
    """Load what an earlier run left behind; the datasets library names its folder by the commit."""
    import datasets

    splits = datasets.load_dataset(identifier, config)
    folder = Path(next(iter(splits.values())).cache_files[0]["filename"]).parent.name
    commit = folder if COMMIT.fullmatch(folder) else None
    if revision not in (None, commit):
        raise UnavailableError(
            f"Data set {identifier!r}: without the hub, nothing says that revision {revision!r} is what is on this "
            f"machine, commit {commit}. Name that commit, leave @revision out, or run where there is a network."
        )
    return splits, commit


def _command(identifier: str, config: str | None) -> str:
    arguments = ", ".join(repr(part) for part in (identifier, config) if part)
    return f'python -c "import datasets; datasets.load_dataset({arguments})"'


def tables_of(splits: Mapping[str, Any], identifier: str) -> dict[str, Table]:
    """Turn the splits of a `datasets.DatasetDict` into columns.

    Args:
        splits: Split name as the hub spells it -> `datasets.Dataset`.
        identifier: Hub id, for messages.

    Returns:
        Split name as we spell it -> its columns of text, numbers and classes.
    """
    names = _known(splits) or ({"train": next(iter(splits))} if len(splits) == 1 else {name: name for name in splits})
    return {split: _table(splits[name], f"{identifier} ({name})") for split, name in names.items()}


def _known(splits: Mapping[str, Any]) -> dict[str, str]:
    """Return split -> how the hub spells it, of the spellings that are known the first that there is."""
    by_lower = {name.lower(): name for name in reversed(list(splits))}
    found = {
        split: [by_lower[name] for name in spellings if name in by_lower] for split, spellings in SPLIT_NAMES.items()
    }
    return {split: names[0] for split, names in found.items() if names}


def _told_of_others(splits: Mapping[str, Any]) -> tuple[str, ...]:
    """Return notes on the splits that are not taken beside those that are."""
    known = _known(splits)
    others = [name for name in splits if name not in known.values()] if known else []
    again = [
        f"left out, {split_of(name)} is {known[str(split_of(name))]!r}: {name}" for name in others if split_of(name)
    ]
    return (*again, *left_out(name for name in others if not split_of(name)))


def task_of_dataset(data: Any, config: RunConfig) -> Task:
    """Make a task of a `datasets.Dataset` or `datasets.DatasetDict`.

    Args:
        data: One data set, or several by the names of their splits.
        config: Its columns, the names of its classes, and the share of train to set aside as test: a fifth where there
            is no test and nothing is said.

    Raises:
        DataError: Where no comparison can be made of it.
    """
    splits = data if isinstance(data, Mapping) else {"train": data}
    if streamed := [name for name, split in splits.items() if not hasattr(split, "num_rows")]:
        raise DataError(f"Expected a datasets.Dataset as {streamed[0]}, got {type(splits[streamed[0]]).__name__}.")
    name = next((split.info.dataset_name for split in splits.values() if split.info.dataset_name), "data")
    tables = tables_of(splits, name)
    return build_task(
        name,
        tables,
        source=IN_MEMORY,
        text_column=config.text_column,
        label_column=config.label_column,
        label_names=config.label_names,
        normalise_labels=config.normalise_labels,
        test_size=config.test_size or (None if "test" in tables else SET_ASIDE),
        split_seed=config.split_seed,
        notes=_told_of_others(splits),
    )


def _unformatted(data: Any) -> Any:
    """Return a data set without a format, which hides columns and makes tensors of cells; a transform stays."""
    return data if data.format["type"] == "custom" else data.with_format(None)


def _table(data: Any, path: str) -> Table:
    from datasets import ClassLabel, Value

    # Of lists of classes, too, which may hold one label each, as in files.
    single = {name: inner if isinstance(inner := getattr(kind, "feature", None), ClassLabel) else kind
              for name, kind in data.features.items()}  # fmt: skip
    plain = {name: kind for name, kind in single.items() if isinstance(kind, Value | ClassLabel)}
    data = _unformatted(data)
    if data.format["type"] == "custom":
        given = data[:1] if data.num_rows else {}
        plain = {name: kind for name, kind in plain.items() if name in given}
    names = {name: tuple(kind.names) for name, kind in plain.items() if isinstance(kind, ClassLabel)}
    others = {name: f"a {type(kind).__name__.lower()}" for name, kind in data.features.items() if name not in plain}
    return Table(path, {name: list(data[name]) for name in plain}, names, unreadable=others)
