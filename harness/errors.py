"""Every exception that the harness raises on purpose, with the exit code that the command line makes of it; a warning.

    HarnessError            5  a fault of the harness itself
    ├── UserError           2  a flag, a name or a configuration that cannot be meant
    │   └── PluginError     2  a plugin that breaks the contract of `harness.hookspecs`
    ├── DataError           3  a data set that cannot carry a comparison
    ├── ModelError          3  a checkpoint that is not the encoder it claims to be
    ├── UnavailableError    4  a disk, a permission or a network that says no
    └── StrategyError       1  a strategy that returned something that is not a prediction

Each message is one paragraph: what was expected, what came, which object, what to do next.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum
from typing import ClassVar

LONGEST_REASON = 300  # characters of a library's own message


class ExitCode(IntEnum):
    """What the command line tells the process that called it; signals as shells count them, 128 + their number."""

    OK = 0
    FAILED = 1  # a strategy without scores, a plugin with faults, a run that does not come out again
    USAGE = 2
    BAD_INPUT = 3  # data or a model that cannot be used, a run folder that does not hold
    UNAVAILABLE = 4  # disk, permission or network
    INTERNAL = 5
    INTERRUPTED = 130  # SIGINT
    TERMINATED = 143  # SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C but without patience: whoever sends it kills soon."""


class HarnessError(Exception):
    """Base of all errors with a message meant for the user."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL


class UserError(HarnessError):
    """A flag, a name or a configuration that cannot be meant."""

    exit_code = ExitCode.USAGE


class PluginError(UserError):
    """A plugin that breaks the contract of `harness.hookspecs`."""


class DataError(HarnessError):
    """A data set that cannot carry a comparison; raised before anything is trained."""

    exit_code = ExitCode.BAD_INPUT


class ModelError(HarnessError):
    """A checkpoint that is not the encoder it claims to be."""

    exit_code = ExitCode.BAD_INPUT


class UnavailableError(HarnessError):
    """A disk, a permission or a network that says no."""

    exit_code = ExitCode.UNAVAILABLE


class StrategyError(HarnessError):
    """A strategy that returned something that is not a prediction."""

    exit_code = ExitCode.FAILED


class UndertrainedWarning(UserWarning):
    """A strategy stopped before it had learnt anything to speak of."""


def reason_of(error: Exception) -> str:
    """Return what a library says is wrong, for a message of ours: on one line, cut, without a full stop."""
    text = " ".join(str(error).split())
    if not text or isinstance(error, LookupError):  # the message of a KeyError is the key alone
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    return text[:LONGEST_REASON].rstrip(".")


def did_you_mean(given: object, allowed: Iterable[str]) -> str:
    """Say what is allowed, the closest name first.

    Args:
        given: The name that was not found, or whatever was given in its place.
        allowed: The names that exist.

    Returns:
        A sentence to end an error message with, such as
        "Did you mean 'majority'? There are: majority, mlp_probe."
    """
    names = sorted(allowed)
    lower = {name.lower(): name for name in reversed(names)}
    asked = str(given).lower()
    begun = [name for name in lower if len(asked) > 1 and name.startswith(asked)]
    within = [name for name in lower if len(asked) > 2 and asked in name]  # noqa: PLR2004
    close = begun or within or get_close_matches(asked, lower, n=1)
    hint = f"Did you mean {lower[close[0]]!r}? " if close else ""
    return f"{hint}There are: {', '.join(names) or 'none'}."


def reasons(problems: Iterable[str]) -> str:
    """Put what pydantic says of a value that may be one of several things into one clause.

    Args:
        problems: Its messages, such as "Input should be 'auto'" and "Input should be greater than 0".

    Returns:
        For example "Input should be 'auto', or greater than 0".
    """
    first, *others = dict.fromkeys(problem.removeprefix("Value error, ") for problem in problems)
    return ", or ".join([first, *(other.removeprefix("Input should be ") for other in others)])


SINGULAR = {"hold": "holds", "have": "has", "carry": "carries", "are": "is"}


def rows_named(rows: Iterable[int], verb: str = "", shown: int = 5) -> str:
    """Name rows the way a person counts them, from 1.

    Args:
        rows: Row indices counted from 0.
        verb: What they do, in the plural, one of `SINGULAR`; left out by default.
        shown: How many are written out before "and N more".

    Returns:
        For example "row 3 holds" or "rows 3, 8 and 12 more hold".
    """
    numbers = [str(row + 1) for row in sorted(rows)]
    if len(numbers) == 1:
        return f"row {numbers[0]} {SINGULAR.get(verb, verb)}".rstrip()
    listed = f"{', '.join(numbers[:-1])} and {numbers[-1]}"
    if len(numbers) > shown:
        listed = f"{', '.join(numbers[:shown])} and {len(numbers) - shown} more"
    return f"rows {listed} {verb}".rstrip()
