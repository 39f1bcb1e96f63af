"""The contract of executors: they start trials and tell what came back; one that runs them in this process."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.encoding.encoder import Progress
from harness.executors.assignment import Assignment
from harness.executors.attempt import attempt
from harness.executors.outcome import Outcome
from harness.strategies.strategy import TellEpoch, tell_nobody
from harness.system.disk_errors import disk_errors


@dataclass(frozen=True)
class Order:
    """How a trial is to be run.

    Attributes:
        key: What its numbers depend on, by name.
        job: Folder to be made for what lies there until the trial is over; the data of the run lie beside it.
        model: Folder to be made for the classifier where it is saved in this process, None to save none.
        log: File for what it prints.
        offline: Whether the hub's clients are kept off the network.
        measure_latency: Whether to measure what single texts take, once all else is done.
        epoch: Told each epoch of its training, from `poll` where it runs elsewhere and can be watched.
    """

    job: Path
    model: Path | None
    log: Path
    key: dict[str, str] = field(default_factory=dict)
    offline: bool = False
    measure_latency: bool = False
    epoch: TellEpoch = tell_nobody


class RunningTrial(Protocol):
    """A trial that was started."""

    def poll(self) -> Outcome | None:
        """Return what came back, None while it runs."""

    def withdraw(self) -> bool:
        """Take it back where it waits for its turn, and return whether it did; then nothing comes back."""

    def stop(self) -> None:
        """End it at once, and all that it started; nothing comes back."""

    def tidy(self) -> None:
        """Remove what it left besides its outcome, once that is recorded."""


class Executor(Protocol):
    """Runs trials somewhere.

    Attributes:
        slots: How many trials it takes at the same time.
        queues: Whether trials that it took may wait for their turn, so that nobody knows how long one runs.
        threads: Threads that each computes with, None for what torch chooses.
    """

    slots: int
    queues: bool
    threads: int | None

    def start(self, assignment: Assignment, order: Order, progress: Progress) -> RunningTrial:
        """Start a trial, or run it to its end where the executor has no other process.

        Args:
            assignment: What the strategy is given.
            order: How it is to be run.
            progress: Told how far the strategy is, from `poll` where it runs elsewhere.
        """

    def prepare(self) -> None:
        """Begin what the first trial will need, in the background where that takes long.

        Raises:
            HarnessError: Where no trial could ever run.
        """

    def close(self) -> None:
        """Let go of what was held for trials to come."""


class Here:
    """Runs trials in this process: for debuggers, and for strategies that no other process can be given."""

    slots: int = 1
    queues: bool = False
    threads: int | None = None

    def start(self, assignment: Assignment, order: Order, progress: Progress) -> "Finished":
        """Run a trial to its end."""
        with disk_errors(order.job):
            order.job.mkdir(parents=True, exist_ok=True)
        measured = (lambda outcome: None) if order.measure_latency else None
        return Finished(attempt(assignment, progress, order.model, order.job, measured, order.epoch))

    def prepare(self) -> None:
        """Need nothing."""

    def close(self) -> None:
        """Hold nothing."""


@dataclass(frozen=True)
class Finished:
    """A trial that is over."""

    outcome: Outcome

    def poll(self) -> Outcome:
        """Return what came back."""
        return self.outcome

    def withdraw(self) -> bool:
        """Do nothing: it is over."""
        return False

    def stop(self) -> None:
        """Do nothing: it is over."""

    def tidy(self) -> None:
        """Do nothing: it left nothing."""
