"""Checkpoints loaded and saved without transformers' log and progress bars."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

COMPILER_CACHE = "TORCHINDUCTOR_CACHE_DIR"  # set by torch's compiler, which a model's code imports, where it is not


@contextmanager
def silent_transformers() -> Iterator[None]:
    """Silence transformers' log, but for errors, and its progress bars; both are as they were on exit."""
    from transformers.utils import logging

    level, bars, compiler = logging.get_verbosity(), logging.is_progress_bar_enabled(), COMPILER_CACHE in os.environ
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
        if not compiler:
            os.environ.pop(COMPILER_CACHE, None)
