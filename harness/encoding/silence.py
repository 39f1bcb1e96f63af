"""Checkpoints loaded and saved without transformers' log and progress bars."""


def silence_transformers() -> None:
    """Silence transformers' log, but for errors, and its progress bars, for the rest of this process."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
