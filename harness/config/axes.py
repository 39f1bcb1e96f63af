"""The axes of a suite: the data sets and the encoders that a command or a file names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from harness.config.run_config import RunConfig, build_config, read_toml
from harness.errors import UserError

MOST_CELLS = 10_000


@dataclass(frozen=True)
class Axes:
    """What a run, or each cell of a suite, is made of, in the order that they were named.

    Attributes:
        datasets: As `--dataset` takes one; empty where none was named.
        models: Encoders, as `--model` takes one; empty where none was named.
    """

    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def is_suite(self) -> bool:
        """Whether there is more than one cell."""
        return len(self.datasets) > 1 or len(self.models) > 1

    def cells(self) -> list[tuple[str | None, str | None]]:
        """Return each data set with each encoder, data set after data set."""
        return list(product(self.datasets or (None,), self.models or (None,)))


def axes_of(datasets: Sequence[str] | None, models: Sequence[str] | None, file: Path | None = None) -> Axes:
    """Return the axes of a command over those of its configuration file.

    Args:
        datasets: What `--dataset` was given, each a data set or several, comma-separated.
        models: What `--model` was given, likewise.
        file: A TOML file, in which both may be lists.

    Raises:
        UserError: Where one is named twice, where there are too many, and for a file as `read_toml` does.
    """
    values: Mapping[str, Any] = read_toml(file) if file and not (datasets and models) else {}
    found = Axes(
        _each("dataset", datasets or _listed(values.get("dataset")), _data_sets),
        _each("model", models or _listed(values.get("model")), _names),
    )
    if found.is_suite and len(found.cells()) > MOST_CELLS:
        raise UserError(f"A suite has at most {MOST_CELLS:,} cells, this one {len(found.cells()):,}. Name fewer.")
    return found


def config_of_axes(flags: Mapping[str, Any], file: Path | None, axes: Axes) -> RunConfig:
    """Return the configuration of the first cell, which holds the options that all share; as `build_config` does."""
    first = {"dataset": axes.datasets[:1], "model": axes.models[:1]}
    named = {option: values[0] for option, values in first.items() if values}
    return build_config({**flags, **named}, file)


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _each(option: str, given: Sequence[str], parted: Callable[[str], list[str]]) -> tuple[str, ...]:
    names = [name for value in given for name in parted(value)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"--{option} names {twice[0]!r} twice. Name it once.")
    return tuple(names)


def _names(value: str) -> list[str]:
    """Return comma-separated names; a path with a comma is one."""
    if "," not in value or Path(value).expanduser().exists():
        return [value]
    return [part.strip() for part in value.split(",") if part.strip()]


def _data_sets(value: str) -> list[str]:
    """Return comma-separated data sets; files of splits, such as train.csv,test.csv, are one together."""
    names = _names(value)
    return [value] if any(Path(name).suffix[1:].isalpha() and not Path(name).is_dir() for name in names) else names
