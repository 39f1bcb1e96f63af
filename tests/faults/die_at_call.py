"""Sends a process of a run a signal at the N-th call of a kind.

Calls are counted over all processes of a role: `driver`, or `worker`, whichever trial's. Each is written down, so that
whoever sweeps knows whether there was an N-th. Python's audit events tell of calls; what C code opens by itself is not
seen.
"""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

EVENTS = {"os.rename": "rename", "os.mkdir": "mkdir", "die.fsync": "fsync"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ROLES = ("driver", "server", "worker")
"""By how many forks lie between a process and the driver; the server forks workers."""


class Aim(NamedTuple):
    """Which call of which process is to be met, and by what.

    Attributes:
        role: driver or worker.
        call: rename, fsync, mkdir or write-open.
        signal: KILL, INT or TERM.
        number: From 1; 0 meets none.
    """

    role: str
    call: str
    signal: str
    number: int

    def __str__(self) -> str:
        """Return it as the command line of the sweep takes it."""
        return ":".join(map(str, self))


@dataclass
class _Watch:
    """Counts the calls of this process and of those that are forked from it.

    Attributes:
        aim: Which is met.
        calls: File that takes a line for each.
        forks: Between the driver and this process.
        is_busy: Whether a call is being written down.
    """

    aim: Aim
    calls: Path
    forks: int = 0
    is_busy: bool = False

    def forked(self) -> None:
        self.forks += 1

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        role = ROLES[min(self.forks, 2)]
        if self.is_busy or role != self.aim.role or _kind(event, arguments) != self.aim.call:
            return
        self.is_busy = True
        try:
            told = " ".join(str(argument) for argument in arguments[:2]).replace("\n", " ")
            with self.calls.open("a+", encoding="utf-8", errors="replace") as file:
                file.seek(0)
                before = len(file.readlines())
                file.write(f"{told}\n")
            if before + 1 == self.aim.number:
                os.kill(os.getpid(), signal.Signals[f"SIG{self.aim.signal}"])
        finally:
            self.is_busy = False


def _kind(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event == "open":
        path, _, flags = arguments
        is_file = not isinstance(path, int) and path != os.devnull
        return "write-open" if is_file and isinstance(flags, int) and flags & WRITING else None
    return EVENTS.get(event)


def die_at(aim: Aim, calls: Path) -> None:
    """Let this process, which is the driver, or a worker of it meet its signal.

    Args:
        aim: At which call.
        calls: File that takes a line for each call of the kind.
    """
    watch = _Watch(aim, calls)
    sync = os.fsync

    def audited_sync(descriptor: int) -> None:
        sys.audit("die.fsync", descriptor)
        sync(descriptor)

    os.fsync = audited_sync
    os.register_at_fork(after_in_child=watch.forked)
    sys.addaudithook(watch.heard)
