"""Files of trials by way of Ray's object store, for machines without a common disk and runs without a share."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import UnavailableError
from harness.executors.share import Store, Stored
from harness.system.files import write_atomically
from harness.wording import quantities

MOST_BYTES = 1_000_000_000  # a driver sends them from its memory, and Ray keeps them in that of its machines


class ObjectStore:
    """What trials need, in Ray's object store; what comes of them comes back with their results.

    Args:
        references: sha256 -> Ray's reference to the content.
    """

    name = "Ray's object store"

    def __init__(self, references: Mapping[str, Any] | None = None) -> None:
        self._references, self._size = dict(references or {}), 0

    def check(self) -> None:
        """Ask nothing: Ray has one wherever it runs."""

    def refuse_more(self, size: int) -> None:
        """Refuse what would be too much beside what is there.

        Args:
            size: Bytes that are to be put there.

        Raises:
            UnavailableError: Where they are too many.
        """
        if (whole := self._size + size) > MOST_BYTES:
            raise UnavailableError(
                f"--on ray: trials need {quantities.size(whole)} of files that not all machines see, and by way of Ray "
                f"at most {quantities.size(MOST_BYTES)} go there. Name with --share a place that all of them reach."
            )

    def put(self, file: Path) -> Stored:
        """Put a file there, unless it is there already; errors as of `refuse_more`."""
        import ray

        content = file.read_bytes()
        stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
        if stored.sha256 not in self._references:
            self.refuse_more(stored.size)
            self._references[stored.sha256] = ray.put(content)
            self._size += stored.size
        return stored

    def fetch(self, stored: Stored, target: Path) -> None:
        """Read a file into another.

        Raises:
            ValueError: Where it is not what was put there.
            Exception: Whatever Ray raises.
        """
        import ray

        write_content(stored, ray.get(self._references[stored.sha256]), target)

    def holding(self, files: Iterable[Stored]) -> "ObjectStore":
        """Return what a machine needs to fetch these files and no others."""
        return ObjectStore({stored.sha256: self._references[stored.sha256] for stored in files})

    def below(self, *names: str) -> Store:
        """Return a place for what comes of trials."""
        del names
        return Returned()


class Returned:
    """What comes of a trial, as part of its result."""

    name = "the result"

    def put(self, file: Path) -> Stored:
        """Return a file with its content."""
        content = file.read_bytes()
        return Stored(hashlib.sha256(content).hexdigest(), len(content), content)

    def fetch(self, stored: Stored, target: Path) -> None:
        """Write the content; errors as of `ObjectStore.fetch`."""
        write_content(stored, stored.content, target)

    def below(self, *names: str) -> "Returned":
        """Return this: nothing lies anywhere."""
        del names
        return self

    def mark(self) -> None:
        """Leave no mark."""

    is_marked = True
    """Nobody knows whether a trial has begun, so none is taken back that may have."""

    def remove(self) -> None:
        """Do nothing: it goes with the result."""


def write_content(stored: Stored, content: Any, target: Path) -> None:
    """Write the content of a file once it has turned out to be what was put there."""
    if not isinstance(content, bytes) or hashlib.sha256(content).hexdigest() != stored.sha256:
        raise ValueError(f"{stored.sha256} is not what was put there")
    write_atomically(target, content)
