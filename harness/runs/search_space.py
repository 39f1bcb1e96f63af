"""Search spaces: which hyperparameters to search, between which values, and one draw of them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.config.run_config import RunConfig
from harness.config.strategy_spec import parse_specs, split_outside
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
    """One of some values, as text; `under` a value is what is searched with it alone."""

    values: tuple[str, ...]
    under: "Mapping[str, Space]" = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it as `search_space` has it."""
        return "|".join(f"{value}({written(inside)})" if (inside := self.under.get(value)) else value
                        for value in self.values)  # fmt: skip


Space = Mapping[str, Range | Choice]
"""Field -> where its values are searched."""


def written(space: Space) -> str:
    """Return a space as `search_space` has it."""
    return ", ".join(f"{name}={where}" for name, where in space.items())


def all_fields(space: Space) -> Iterator[tuple[str, Range | Choice]]:
    """Yield each field and where it is searched, those that are searched with one value of another, too."""
    for name, where in space.items():
        yield name, where
        if isinstance(where, Choice):
            for inside in where.under.values():
                yield from all_fields(inside)


def without(space: Space, fixed: Mapping[str, Any]) -> Space:
    """Return a space without the fields that are set; of a choice what is searched with the value that is set stays.

    Args:
        space: The space.
        fixed: Field -> its value.
    """
    left: dict[str, Range | Choice] = {}
    for name, where in space.items():
        if not isinstance(where, Choice):
            left |= {} if name in fixed else {name: where}
        elif name in fixed:
            left |= without(where.under.get(str(fixed[name]), {}), fixed)
        else:
            left[name] = replace(where, under={value: without(inside, fixed) for value, inside in where.under.items()})
    return left


def search_space(strategy: Strategy, text: str | None) -> Space:
    """Return where to search: what the user wrote, or what the strategy declares in `search_space`.

    Args:
        strategy: What is tuned.
        text: Such as "C=0.001..100:log, pooling=cls|mean", or "scaling=standard(C=0.001..1)|unit(C=1..1000)" where a
            field is searched with each value of another in its own way; None for the strategy's own.

    Raises:
        UserError: Where neither says anything, or a field or range cannot be meant.
    """
    space = _space(text if text is not None else tags_of(strategy).search_space)
    if not space:
        raise UserError(f"Strategy {strategy.name!r} declares no search_space. Say what to search, such as {EXAMPLE}.")
    known = parameters(strategy)
    for name, _ in all_fields(space):
        if name not in known:
            raise UserError(
                f"--space: strategy {strategy.name!r} has no parameter {name!r}. {did_you_mean(name, known)}"
            )
    return space


def _space(text: str) -> Space:
    if (parts := split_outside(text, ",")) is None:
        raise UserError(f"--space: a bracket or a quote of {text!r} is left open. See {EXAMPLE}.")
    return dict(_parse(part) for part in parts if part)


def _parse(text: str) -> tuple[str, Range | Choice]:
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (equals and name.isidentifier() and values):
        raise UserError(
            f"--space expects FIELD=LOW..HIGH or FIELD=A|B for each parameter, got {text!r}. See {EXAMPLE}."
        )
    if ".." in values and "(" not in values:
        return name, _range(name, values)
    return name, _choice(values)


def _choice(text: str) -> Choice:
    """Read values, each with what is searched with it alone in brackets."""
    under: dict[str, Space] = {}
    for part in split_outside(text, "|") or ():
        value, _, inside = part.removesuffix(")").partition("(")
        under[value.strip()] = _space(inside)
    return Choice(tuple(under), {value: inside for value, inside in under.items() if inside})


def _range(name: str, text: str) -> Range:
    found = _RANGE.fullmatch(text)
    try:
        low, high = (float(found[end]) for end in ("low", "high")) if found else (1.0, 0.0)
    except ValueError:
        low, high = 1.0, 0.0
    log = bool(found and found["log"])
    if low >= high or (log and low <= 0):
        raise UserError(f"--space {name}: expected LOW..HIGH, LOW below HIGH (and above 0 with :log), got {text!r}.")
    return Range(low, high, log)


def settings_of(offer: Offer, config: RunConfig) -> dict[str, str]:
    """Return field -> value of what --set, a configuration file or a strategy's own brackets set."""
    brackets = [each for spec in parse_specs(offer.label or "") for each in spec.fields]
    return {**config.set.get(offer.base, {}), **{field: values[0] for field, values in brackets}}


def suggest(asked: "optuna.Trial", space: Space, strategy: Strategy, given: str = "") -> dict[str, Any]:
    """Return the values of fields that a search asks for next; numbers are whole ones where `is_whole` says so.

    A field that is searched with one value of another has that before its name, so that what was learnt of it there is
    not taken for what it is elsewhere; `field_of` returns the field.
    """
    found: dict[str, Any] = {}
    for name, where in space.items():
        called = given + name
        if isinstance(where, Choice):
            found[name] = value = asked.suggest_categorical(called, where.values)
            found |= suggest(asked, where.under.get(value, {}), strategy, f"{called}={value} ")
        elif is_whole(strategy, name):
            found[name] = asked.suggest_int(called, round(where.low), round(where.high), log=where.log)
        else:
            found[name] = asked.suggest_float(called, where.low, where.high, log=where.log)
    return found


def field_of(asked: str) -> str:
    """Return the field of which a search asked under some name."""
    return asked.rpartition(" ")[2]


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
