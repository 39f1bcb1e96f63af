"""The axes of a suite: the data sets and the encoders that a command or a file names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from harness.config.folds import read_folds
from harness.config.run_config import RunConfig, build_config, read_toml
from harness.errors import UserError

MOST_CELLS = 10_000

CellKey = tuple[str | None, str | None, str | None]
"""Data set, encoder and fold of a cell of a suite."""


@dataclass(frozen=True)
class Axes:
    """What a run, or each cell of a suite, is made of, in the order that they were named.

    Attributes:
        datasets: As `--dataset` takes one; empty where none was named.
        models: Encoders, as `--model` takes one; empty where none was named.
        folds: Those of a cross-validation; empty where none was asked for.
    """

    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    folds: tuple[str, ...] = ()

    @property
    def is_suite(self) -> bool:
        """Whether there is more than one cell."""
        return max(len(self.datasets), len(self.models), len(self.folds)) > 1

    def cells(self) -> list[CellKey]:
        """Return each data set with each encoder and fold, data set after data set."""
        return list(product(self.datasets or (None,), self.models or (None,), self.folds or (None,)))


def axes_of(
    datasets: Sequence[str] | None, models: Sequence[str] | None, file: Path | None = None, folds: str | None = None
) -> Axes:
    """Return the axes of a command over those of its configuration file.

    Args:
        datasets: What `--dataset` was given, each a data set or several, comma-separated.
        models: What `--model` was given, likewise.
        file: A TOML file, in which both may be lists.
        folds: What `--folds` was given.

    Raises:
        UserError: Where one is named twice, where there are too many, for folds of several data sets or encoders, and
            for a file as `read_toml` does.
    """
    values: Mapping[str, Any] = read_toml(file) if file and not (datasets and models and folds) else {}
    found = Axes(
        _each("dataset", datasets or _listed(values.get("dataset")), _data_sets),
        _each("model", models or _listed(values.get("model")), _names),
        _folds(folds or values.get("folds")),
    )
    if found.folds and max(len(found.datasets), len(found.models)) > 1:
        raise UserError("--folds is for one data set and one encoder at a time. Name one of each.")
    if found.is_suite and len(found.cells()) > MOST_CELLS:
        raise UserError(f"A suite has at most {MOST_CELLS:,} cells, this one {len(found.cells()):,}. Name fewer.")
    return found


def config_of_axes(flags: Mapping[str, Any], file: Path | None, axes: Axes) -> RunConfig:
    """Return the configuration of the first cell, which holds the options that all share; as `build_config` does."""
    first = {"dataset": axes.datasets[:1], "model": axes.models[:1]}
    named = {option: values[0] for option, values in first.items() if values}
    return build_config({**flags, **named}, file)


def _folds(asked: Any) -> tuple[str, ...]:
    try:
        return tuple(map(str, read_folds(str(asked)))) if asked is not None else ()
    except ValueError as error:
        raise UserError(f"--folds {asked}: {error}.") from error


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
