"""The contract of whoever wants to know how far a run is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from harness.results.records import RunRecord


@dataclass(frozen=True)
class RunProgress:
    """How far a run is as a whole.

    Attributes:
        done: Trials that are over.
        total: All trials of the run.
        running: Name of each trial that runs -> how much of what it does is done, and of how much; 0 of 0 unknown.
        at_a_time: How many trials may run at the same time.
        seconds_left: Until the last is over, None where that is not known.
        waits_for_memory: Whether trials wait until another gives its memory back.
    """

    done: int
    total: int
    running: dict[str, tuple[int, int]]
    at_a_time: int = 1
    seconds_left: float | None = None
    waits_for_memory: bool = False


class Reporter(Protocol):
    """Whoever wants to know how far a run is."""

    def stage(self, name: str, number: int, total: int) -> None:
        """A stage begins, such as features or a trial: `number`, from 1, of `total`."""

    def progress(self, what: str, done: int, total: int) -> None:
        """So much of the stage is done; a total of 0 is unknown. May be called thousands of times a second.

        Of trials that run at the same time `run_progress` tells it.
        """

    def run_progress(self, progress: RunProgress) -> None:
        """So far is the run as a whole; told when a trial begins, when one ends, and meanwhile now and then."""

    def epoch(self, trial: str, entry: Mapping[str, float]) -> None:
        """An epoch of the training of a trial is over; `entry` is of its history: loss and scores by their names."""

    def finished(self, record: RunRecord) -> None:
        """A trial is over."""


class Silence:
    """A reporter that shows nothing."""

    def stage(self, name: str, number: int, total: int) -> None:
        """Show nothing."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Show nothing."""

    def run_progress(self, progress: RunProgress) -> None:
        """Show nothing."""

    def epoch(self, trial: str, entry: Mapping[str, float]) -> None:
        """Show nothing."""

    def finished(self, record: RunRecord) -> None:
        """Show nothing."""
