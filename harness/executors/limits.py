"""What a trial may take, and the watch on a worker that may take too much."""

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from harness.encoding.encoder import Progress
from harness.strategies.strategy import TellEpoch
from harness.system.foreign_files import open_regular_file
from harness.wording import quantities

LOOK_INTERVAL = 0.1  # seconds between two looks at progress and memory
LARGEST_EPOCHS = 1_000_000  # bytes of the epochs that a worker tells; a usual one takes 200


@dataclass(frozen=True)
class Limits:
    """What a trial may take, None for as much as it likes.

    Attributes:
        seconds: From its start to its end.
        memory_bytes: Resident memory of its process and of what that started, libraries included.
    """

    seconds: float | None = None
    memory_bytes: int | None = None


class Watch:
    """Looks at a worker now and then: how far it is, how long it has taken, how much memory it holds.

    Args:
        limits: What it may take.
        progress: Told how far it is.
        progress_file: Where the worker says so.
        epochs: Looks for epochs of training, None where nobody wants to know of them.
    """

    def __init__(
        self, limits: Limits, progress: Progress, progress_file: Path, epochs: "EpochsFile | None" = None
    ) -> None:
        self._limits, self._progress, self._file = limits, progress, progress_file
        self._epochs = epochs
        self._started = time.monotonic()
        self._next = self._started + LOOK_INTERVAL
        self._told: object = None

    def exceeded(self, pid: int | None) -> str | None:
        """Return what the worker took too much of, None where it is within its limits."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + LOOK_INTERVAL
        if pid is None:
            self._started = now
            self._progress("a worker process is importing the libraries", 0, 0)
            return None
        self._tell_progress()
        self.tell_epochs()
        seconds, memory = self._limits.seconds, self._limits.memory_bytes
        if seconds is not None and now - self._started > seconds:
            limit = quantities.duration(seconds) if seconds >= 1 else f"{seconds:g}s"
            return f"it took longer than --time-limit {limit} allows"
        if memory is not None and (held := _resident_bytes(pid)) > memory:
            return f"it held {quantities.size(held)}, more than --memory-limit {quantities.size(memory)} allows"
        return None

    def tell_epochs(self) -> None:
        """Tell the epochs that are over since the last look."""
        if self._epochs:
            self._epochs.tell_new()

    def _tell_progress(self) -> None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            what, done, total = told = json.loads(self._file.read_bytes()[:10_000])
            if told != self._told and isinstance(what, str):
                self._told = told
                self._progress(what, int(done), int(total))


class EpochsFile:
    """The file of a worker's epochs: what was added to it since the last look is told, no more than it may hold.

    Args:
        file: Where the worker appends them, a JSON object a line.
        epoch: Told each.
    """

    def __init__(self, file: Path, epoch: TellEpoch) -> None:
        self._file, self._epoch = file, epoch
        self._read = 0

    def tell_new(self) -> None:
        """Tell the epochs whose lines are whole; a line that is none of an epoch is passed over."""
        try:
            with open_regular_file(self._file, self._file.parent) as opened:
                opened.seek(self._read)
                content = opened.read(max(LARGEST_EPOCHS - self._read, 0))
        except (OSError, ValueError):
            return
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError, TypeError, AttributeError, RecursionError):
                self._epoch({name: float(value) for name, value in json.loads(line).items()})


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and of its children's children."""
    import psutil

    held = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                held += each.memory_info().rss
    return held
