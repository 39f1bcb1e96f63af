"""A strategy's description of itself: its meaning, and each parameter's meaning, range and default."""

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from harness.strategies.strategy import Strategy, parameters

_SECTION = re.compile(r"(?P<title>[A-Z]\w+):\s*")
_ENTRY = re.compile(r"(?P<name>\w+)(?:\s*\([^)]*\))?:\s*(?P<text>.*)")
MAY_BE_NONE = " or none"
_LOWER, _UPPER = {"gt": "<", "ge": "<="}, {"lt": "<", "le": "<="}


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter.

    Attributes:
        name: Of the field.
        values: Type, range or choices, such as "float > 0" or "cls, mean or max".
        default: Its value where nobody sets it.
        meaning: From the docstring's Args, "" where they do not name it.
    """

    name: str
    values: str
    default: Any
    meaning: str


@dataclass(frozen=True)
class StrategyDescription:
    """What a strategy says of itself.

    Attributes:
        meaning: Its class's docstring up to the first section, or its module's; "" where there is none.
        parameters: In the order of its fields.
    """

    meaning: str
    parameters: tuple[Parameter, ...]


def describe_strategy(strategy: Strategy) -> StrategyDescription:
    """Read a strategy's docstrings, those of its bases for inherited fields, and its annotations."""
    of_class = type(strategy)
    meanings: dict[str, str] = {}
    for base in reversed(of_class.__mro__):
        meanings |= _arguments(_docstring(base))
    hints = _hints(of_class)
    found = [
        Parameter(name, write_type(hints.get(name, Any)), value, meanings.get(name, ""))
        for name, value in parameters(strategy).items()
    ]
    return StrategyDescription(_meaning(of_class), tuple(found))


def write_type(hint: Any) -> str:
    """Write an annotation as the values it allows, such as "int >= 1", "0 <= float < 1" or "cls or mean"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _with_range(write_type(arguments[0]), list(_constraints(arguments[1:])))
    if origin is Literal:
        return _either(map(str, arguments))
    if origin in (Union, UnionType):
        return _either(map(write_type, arguments))
    if hint is NoneType:
        return "none"
    return hint.__name__ if isinstance(hint, type) and not arguments else str(hint).replace("typing.", "")


def _with_range(written: str, constraints: list[tuple[str, Any]]) -> str:
    if written.endswith(MAY_BE_NONE):
        return _with_range(written.removesuffix(MAY_BE_NONE), constraints) + MAY_BE_NONE
    low = [f"{limit!r} {_LOWER[kind]} " for kind, limit in constraints if kind in _LOWER]
    high = [f" {_UPPER[kind]} {limit!r}" for kind, limit in constraints if kind in _UPPER]
    if low and not high:  # "float > 0" reads better than "0 < float"
        return written + "".join(f" {'>' if kind == 'gt' else '>='} {x!r}" for kind, x in constraints if kind in _LOWER)
    others = [f"{kind.replace('_', ' ')} {limit!r}" for kind, limit in constraints if kind not in _LOWER | _UPPER]
    return ", ".join([f"{''.join(low)}{written}{''.join(high)}", *others])


def _constraints(metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Yield kind and value of what annotated_types and pydantic's Field say."""
    for item in metadata:
        if hasattr(item, "metadata"):  # pydantic's Field
            yield from _constraints(item.metadata)
        elif not isinstance(item, str) and hasattr(item, "__iter__"):  # Interval and other groups
            yield from _constraints(item)
        elif is_dataclass(item):
            yield from ((field.name, getattr(item, field.name)) for field in fields(item))


def _either(options: Iterable[str]) -> str:
    *first, last = options
    return f"{', '.join(first)} or {last}" if first else last


def _hints(of_class: type) -> dict[str, Any]:
    try:
        return get_type_hints(of_class, include_extras=True)
    except Exception:  # an annotation may name what exists only for type checkers
        return dict(inspect.get_annotations(of_class))


def _docstring(of_class: type) -> str:
    """Return what its author wrote; a dataclass without a docstring gets its signature as one."""
    written = vars(of_class).get("__doc__") or ""
    return "" if written.startswith(f"{of_class.__name__}(") else inspect.cleandoc(written)


def _meaning(of_class: type) -> str:
    written = _docstring(of_class) or inspect.getdoc(inspect.getmodule(of_class)) or ""
    lines = written.splitlines()
    end = next((i for i, line in enumerate(lines) if _SECTION.fullmatch(line)), len(lines))
    return "\n".join(lines[:end]).strip()


def _arguments(docstring: str) -> dict[str, str]:
    """Return name -> meaning from the section Args of a docstring in Google's style."""
    found: dict[str, str] = {}
    section, name, indent = "", "", 0
    for line in docstring.splitlines():
        if heading := _SECTION.fullmatch(line):
            section, name = heading["title"], ""
            continue
        if section not in ("Args", "Attributes", "Parameters") or not line.strip():
            continue
        here = len(line) - len(line.lstrip())
        entry = _ENTRY.fullmatch(line.strip())
        if entry and (not name or here <= indent):
            name, indent = entry["name"], here
            found[name] = entry["text"]
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found
