"""A disk that takes small files only, which refuses a write as a full one does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

needs_limit_of_files = pytest.mark.skipif(os.name == "nt", reason="needs a limit on the size of files")


@contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """Let this process, and those that it starts, write no file that is larger, for the block."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
