"""Standard streams that are closed, or whose reader went away."""

import contextlib
import os
import sys
from typing import IO


def open_closed_streams() -> None:
    """Open the standard streams that whoever started this process closed, so that no other file takes their place.

    What is written to them then is lost, as it was meant to be.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.fstat(number)
                continue
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def silence(stream: IO[str] | None) -> None:
    """Let nobody fail who writes to a stream any more, not even the interpreter at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr]
        os.close(null)
