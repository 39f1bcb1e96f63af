"""Expectations of a check: what was expected and what came; not by `assert`, which `python -O` leaves out."""

from collections.abc import Iterator
from contextlib import contextmanager


def expect(holds: bool, message: str, details: str = "") -> None:
    """Fail a check where something does not hold.

    Args:
        holds: What should be true.
        message: What was expected and what came.
        details: More for whoever mends it, such as a traceback.

    Raises:
        AssertionError: With the message, the details as its note.
    """
    if not holds:
        error = AssertionError(message)
        if details:
            error.add_note(details)
        raise error


@contextmanager
def expecting(what: str) -> Iterator[None]:
    """Turn whatever a strategy raises inside into the failure of a check.

    Args:
        what: What was expected of it, such as "fit to return".

    Raises:
        AssertionError: With the exception as its cause.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a strategy's SystemExit, too, is a failure of that strategy
        raise AssertionError(f"expected {what}, got {type(error).__name__}: {error}") from error
