"""Search spaces: which hyperparameters to search, between which values, and one draw of them."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.config.run_config import RunConfig
from harness.config.strategy_spec import parse_specs
from harness.errors import UserError, did_you_mean
from harness.plugin_system.offers import Offer
from harness.strategies.strategy import Strategy, parameters, with_parameters
from harness.strategies.tags import tags_of

if TYPE_CHECKING:
    import optuna

INSTALL = "pip install 'strategy-harness[tune]'"
EXAMPLE = '--space "C=0.001..100:log, pooling=cls|mean, epochs=1..5"'
_RANGE = re.compile(r"\s*(?P<low>[-+.\de]+?)\s*\.\.\s*(?P<high>[-+.\de]+?)\s*(?P<log>:log)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; on a logarithmic scale where `log`."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        """Return it as `search_space` has it."""
        return f"{self.low:g}..{self.high:g}{':log' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of some values, as text."""

    values: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as `search_space` has it."""
        return "|".join(self.values)


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


def settings_of(offer: Offer, config: RunConfig) -> dict[str, str]:
    """Return field -> value of what --set, a configuration file or a strategy's own brackets set."""
    brackets = [each for spec in parse_specs(offer.label or "") for each in spec.fields]
    return {**config.set.get(offer.base, {}), **{field: values[0] for field, values in brackets}}


def suggest(asked: "optuna.Trial", field: str, where: Range | Choice, *, whole: bool) -> Any:
    """Return the value of a field that a search asks for next; numbers are whole ones where `is_whole` says so."""
    if isinstance(where, Choice):
        return asked.suggest_categorical(field, where.values)
    if whole:
        return asked.suggest_int(field, round(where.low), round(where.high), log=where.log)
    return asked.suggest_float(field, where.low, where.high, log=where.log)


def is_whole(strategy: Strategy, field: str) -> bool:
    """Return whether a hyperparameter takes whole numbers only, also where its default is none, such as auto."""
    if isinstance(default := parameters(strategy)[field], int | float):
        return isinstance(default, int)
    for fraction in ("0.5", "1.5"):
        with suppress(UserError):
            with_parameters(strategy, {field: fraction}, "--space")
            return False
    return True


def with_text(strategy: Strategy, params: dict[str, Any]) -> Strategy:
    """Return the strategy with the values of one configuration, which the search may hold as text."""
    return with_parameters(strategy, {field: str(value) for field, value in params.items()}, "--space")
