"""Sends a process of a run a signal at the N-th call of a kind; each Python of a run imports it first.

Calls are counted over all processes of a role: `driver`, or `worker`, whichever trial's. Each is written down, so that
whoever sweeps knows how many there are. Python's audit events tell of calls; what C code opens by itself is not seen.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["DIE_FOLDER"])
ROLE, CALL, NUMBER = os.environ["DIE_ROLE"], os.environ["DIE_CALL"], int(os.environ["DIE_NUMBER"])
SIGNAL = signal.Signals[f"SIG{os.environ['DIE_SIGNAL']}"]
EVENTS = {"os.rename": "rename", "os.mkdir": "mkdir", "die.fsync": "fsync"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class _Process:
    """What is known of this process: its role, and whether it is about to write down a call."""

    is_driver = sys.orig_argv[1:3] == ["-m", "harness"]
    role = "driver" if is_driver else "worker" if any("executors.worker" in word for word in sys.orig_argv) else ""
    is_busy = False

    @classmethod
    def forked(cls) -> None:
        cls.role = "" if cls.is_driver else "worker"


def _kind(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event == "open":
        path, _, flags = arguments
        is_file = not isinstance(path, int) and path != os.devnull
        return "write-open" if is_file and isinstance(flags, int) and flags & WRITING else None
    return EVENTS.get(event)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if _Process.is_busy or _Process.role != ROLE or _kind(event, arguments) != CALL:
        return
    _Process.is_busy = True
    try:
        told = " ".join(str(argument) for argument in arguments[:2]).replace("\n", " ")
        with (FOLDER / "calls").open("a+", encoding="utf-8", errors="replace") as file:
            file.seek(0)
            before = len(file.readlines())
            file.write(f"{told}\n")
        if before + 1 == NUMBER:
            os.kill(os.getpid(), SIGNAL)
    finally:
        _Process.is_busy = False


def _fsync(descriptor: int, _real: Any = os.fsync) -> None:
    sys.audit("die.fsync", descriptor)
    _real(descriptor)


os.fsync = _fsync
os.register_at_fork(after_in_child=_Process.forked)
sys.addaudithook(_heard)
