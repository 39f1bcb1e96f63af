"""Search spaces: which hyperparameters to search, and between which values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UserError, did_you_mean
from harness.strategies.strategy import Strategy, parameters
from harness.strategies.tags import tags_of

EXAMPLE = '--space "C=0.001..100:log, pooling=cls|mean, epochs=1..5"'
_RANGE = re.compile(r"\s*(?P<low>[-+.\de]+?)\s*\.\.\s*(?P<high>[-+.\de]+?)\s*(?P<log>:log)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; on a logarithmic scale where `log`."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """One of some values, as text."""

    values: tuple[str, ...]


Space = Mapping[str, Range | Choice]
"""Field -> where its values are searched."""


def search_space(strategy: Strategy, text: str | None) -> Space:
    """Return where to search: what the user wrote, or what the strategy declares in `search_space`.

    Args:
        strategy: What is tuned.
        text: Such as "C=0.001..100:log, pooling=cls|mean", None for the strategy's own.

    Raises:
        UserError: Where neither says anything, or a field or range cannot be meant.
    """
    written = text if text is not None else tags_of(strategy).search_space
    space = dict(_parse(part) for part in written.split(",") if part.strip())
    if not space:
        raise UserError(f"Strategy {strategy.name!r} declares no search_space. Say what to search, such as {EXAMPLE}.")
    known = parameters(strategy)
    for field in space:
        if field not in known:
            raise UserError(
                f"--space: strategy {strategy.name!r} has no parameter {field!r}. {did_you_mean(field, known)}"
            )
    return space


def _parse(text: str) -> tuple[str, Range | Choice]:
    field, equals, values = text.partition("=")
    if not (equals and field.strip().isidentifier() and values.strip()):
        raise UserError(
            f"--space expects FIELD=LOW..HIGH or FIELD=A|B for each parameter, got {text!r}. See {EXAMPLE}."
        )
    if ".." not in values:
        return field.strip(), Choice(tuple(value.strip() for value in values.split("|")))
    return field.strip(), _range(field.strip(), values)


def _range(field: str, text: str) -> Range:
    found = _RANGE.fullmatch(text)
    try:
        low, high = (float(found[end]) for end in ("low", "high")) if found else (1.0, 0.0)
    except ValueError:
        low, high = 1.0, 0.0
    log = bool(found and found["log"])
    if low >= high or (log and low <= 0):
        raise UserError(f"--space {field}: expected LOW..HIGH, LOW below HIGH (and above 0 with :log), got {text!r}.")
    return Range(low, high, log)
