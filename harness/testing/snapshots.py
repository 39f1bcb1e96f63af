"""Snapshots: what something was before and is after, and the difference in words."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from inspect import isroutine
from typing import Any

import numpy as np

from harness.data.task import SPLITS, Task
from harness.encoding.encoder import Features
from harness.features.cache import FeatureCache
from harness.strategies.strategy import Strategy, parameters

SHOWN = 60  # characters of a value


def snapshot(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return deep copies of the values, of what cannot be copied its text."""
    return {name: _copy(value) for name, value in values.items()}


def changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[str]:
    """Say what differs between two snapshots, one phrase for each name."""
    return [
        f"{name} {_difference(before.get(name, _ABSENT), after.get(name, _ABSENT))}"
        for name in sorted({**before, **after}, key=str)
        if not _same(before.get(name, _ABSENT), after.get(name, _ABSENT))
    ]


def own_state(strategy: Strategy) -> dict[str, Any]:
    """Return all that a strategy could remember something in: its fields, other attributes, those of its classes.

    Properties that cache what they computed are not among it, nor is what the harness's own classes hold.
    """
    classes = authors_classes(strategy)
    cached = {name for kind in classes for name, value in vars(kind).items() if isinstance(value, cached_property)}
    own = {name: value for name, value in getattr(strategy, "__dict__", {}).items() if name not in cached}
    data = ((kind, name, value) for kind in classes for name, value in vars(kind).items() if _is_data(name, value))
    return {**{f"{kind.__name__}.{name}": value for kind, name, value in data}, **parameters(strategy), **own}


def authors_classes(strategy: Strategy) -> list[type]:
    """Return the classes of a strategy that the harness did not write, its own first."""
    return [kind for kind in type(strategy).__mro__ if kind.__module__.partition(".")[0] not in ("harness", "builtins")]


def shared_data(task: Task, features: FeatureCache | None, states: Sequence[Features]) -> dict[str, Any]:
    """Return all that a strategy is given and others will be given, too.

    Args:
        task: The data.
        features: Its frozen features, None where the strategy reads none.
        states: Which of them.
    """
    found: dict[str, Any] = {}
    for name in SPLITS:
        split = getattr(task, name)
        found |= {f"{name}.texts": split.texts, f"{name}.labels": split.labels}
    if features is None:
        return found
    for state in states:
        label = f"of layer {state.layer} {state.pooling}"
        found |= {f"features {label} of {name}": features.encode(getattr(task, name).texts, state) for name in SPLITS}
        scaler, standardised = features.standardised(task.train.texts, state)
        found |= {f"standardised features {label}": standardised, f"their scale {label}": (scaler.mean_, scaler.scale_)}
    return found


_ABSENT = object()


def _is_data(name: str, value: object) -> bool:
    descriptor = isroutine(value) or hasattr(type(value), "__get__") or isinstance(value, type)
    return not descriptor and not name.startswith(("__", "_abc_"))


def _copy(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # a lock, a module, a generator
        return repr(value)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(other, str) != isinstance(one, str):
        return str(one) == repr(other) or repr(one) == str(other)  # one of them could not be copied
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if is_dataclass(one):
        return all(_same(*pair) for pair in _values_of_fields(one, other))
    try:
        return bool(one == other) or repr(one) == repr(other)
    except Exception:  # of several values none is true or false
        return repr(one) == repr(other)


def _values_of_fields(one: Any, other: Any) -> Iterator[tuple[Any, Any]]:
    for field in fields(one):
        yield getattr(one, field.name, _ABSENT), getattr(other, field.name, _ABSENT)


def _difference(before: Any, after: Any) -> str:
    if after is _ABSENT:
        return "is gone"
    if before is _ABSENT:
        return f"is new: {_short(after)}"
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray) and before.shape == after.shape and len(before):
        rows = (before != after).reshape(len(before), -1).any(axis=1).sum()
        return f"changed in {rows} of {len(before)} rows"
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return f"changed: {'; '.join(changes(before, after))}"
    return f"was {_short(before)} and is {_short(after)}"


def _short(value: Any) -> str:
    written = repr(value)
    return written if len(written) <= SHOWN else written[: SHOWN - 1] + "…"
