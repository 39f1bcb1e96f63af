"""Data sets of the hub -> Task."""

import re
from collections.abc import Mapping
from typing import Any

from harness.columns import build_task
from harness.config import RunConfig
from harness.data import Task
from harness.data_files import SPLIT_NAMES, Table
from harness.errors import DataError, UnavailableError, UserError
from harness.huggingface.hub import settle_network, unavailable

SHORT_NAMES = {"emotion": "dair-ai/emotion:split"}
NAME = re.compile(r"(?P<id>[\w.-]+(/[\w.-]+)?)(:(?P<config>[\w.+-]+))?(@(?P<revision>[\w./-]+))?")


def load_hub_dataset(name: str, config: RunConfig) -> Task:
    """Load `id[:config][@revision]` from the hub or its cache.

    Raises:
        UserError: Where the name is not of that form.
        UnavailableError: Where it is neither cached nor to be had.
        DataError: Where its files cannot carry a comparison.
    """
    match = NAME.fullmatch(SHORT_NAMES.get(name, name))
    if match is None:
        raise UserError(
            f"--dataset {name!r} is no file or folder here, and no hub id of the form owner/name[:config][@revision]."
        )
    splits, revision = _download(match["id"], match["config"], match["revision"], config.offline)
    return build_task(
        name,
        tables_of(splits, match["id"]),
        source=match["id"] + (f":{match['config']}" if match["config"] else ""),
        revision=revision,
        text_column=config.text_column,
        label_column=config.label_column,
        label_names=config.label_names,
    )


def _download(identifier: str, config: str | None, revision: str | None, offline: bool) -> tuple[Any, str | None]:
    reachable = settle_network(offline)
    import datasets
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    datasets.config.HF_HUB_OFFLINE = not reachable
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    command = f"hf download --repo-type dataset {identifier}, then run this once with the network"
    try:
        if reachable:
            revision = HfApi().dataset_info(identifier, revision=revision).sha
        return datasets.load_dataset(identifier, config, revision=revision), revision
    except datasets.exceptions.DatasetNotFoundError as error:
        raise UnavailableError(f"The hub has no data set {identifier!r} that you may read. Check --dataset.") from error
    except (HfHubHTTPError, OSError) as error:  # a ConnectionError is an OSError
        if not reachable:
            raise unavailable("Data set", identifier, offline, command) from error
        reason = str(error).strip().splitlines()[0]
        raise UnavailableError(f"Data set {identifier!r} cannot be had from the hub: {reason}") from error
    except (ValueError, RuntimeError) as error:
        if not reachable:
            raise unavailable("Data set", identifier, offline, command) from error
        reason = " ".join(str(error).split())
        raise DataError(
            f"Data set {identifier!r} cannot be loaded: {reason} Name a configuration as id:config."
        ) from error


def tables_of(splits: Mapping[str, Any], identifier: str) -> dict[str, Table]:
    """Turn the splits of a `datasets.DatasetDict` into columns.

    Args:
        splits: Split name as the hub spells it -> `datasets.Dataset`.
        identifier: Hub id, for messages.

    Returns:
        Split name as we spell it -> its columns of text, numbers and classes.
    """
    tables = {}
    for split, spellings in SPLIT_NAMES.items():
        for name in spellings:
            if name in splits and split not in tables:
                tables[split] = _table(splits[name], f"{identifier} ({name})")
    return tables or {name: _table(data, f"{identifier} ({name})") for name, data in splits.items()}


def _table(data: Any, path: str) -> Table:
    from datasets import ClassLabel, Value

    plain = {name: kind for name, kind in data.features.items() if isinstance(kind, Value | ClassLabel)}
    names = {name: tuple(kind.names) for name, kind in plain.items() if isinstance(kind, ClassLabel)}
    return Table(path, {name: list(data[name]) for name in plain}, names)
