"""The contract of whoever wants to know how far a run is."""

from typing import Protocol

from harness.results.records import RunRecord


class Reporter(Protocol):
    """Whoever wants to know how far a run is."""

    def stage(self, name: str, number: int, total: int) -> None:
        """A stage begins, `number` of `total`."""

    def progress(self, what: str, done: int, total: int) -> None:
        """So much of the stage is done."""

    def finished(self, record: RunRecord) -> None:
        """A trial is over."""


class Silence:
    """A reporter that shows nothing."""

    def stage(self, name: str, number: int, total: int) -> None:
        """Show nothing."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Show nothing."""

    def finished(self, record: RunRecord) -> None:
        """Show nothing."""
