"""Temporary folders, locked while they are used: by that, those that killed processes left are known, and go."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.system.unfinished_files import unfinished_folder

NAME, MODE = "harness", 0o700  # for nobody else to read, as `tempfile` makes them


@contextmanager
def temporary_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder for the block, and remove those that killed processes left in the same place.

    Args:
        parent: Where it goes, the system's place for temporary files by default.

    Raises:
        OSError: Where the disk refuses.
    """
    with unfinished_folder((parent or Path(tempfile.gettempdir())) / NAME, MODE) as folder:
        yield folder
