"""A tiny checkpoint to load, and copies of it to damage."""

import shutil
from pathlib import Path

import pytest

from harness.huggingface import write_tiny_checkpoint

WORDS = ("the", "a", "i", "feel", "sun", "rain", "calm", "busy", "glad", "today")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny DistilBERT; not to be changed."""
    folder = tmp_path_factory.mktemp("tiny")
    write_tiny_checkpoint(folder, WORDS)
    return folder


@pytest.fixture
def checkpoint(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint that a test may damage."""
    return Path(shutil.copytree(tiny, tmp_path / "checkpoint"))
