"""Files of an outcome: a process that ran somebody's code wrote them, so they are read like foreign input."""

import shutil
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from harness.executors.outcome import Outcome, Told
from harness.frozen_model import first_problem
from harness.system.foreign_files import read_json, read_regular_file

TOLD_FILE, MODEL_FOLDER = "outcome.json", "model"
LARGEST_TOLD = 20_000_000  # bytes
ROOM = 1_000  # bytes of a .npy file besides its numbers


def write_outcome(folder: Path, outcome: Outcome) -> None:
    """Write an outcome into a folder, `outcome.json` last: with it the outcome is whole."""
    folder.mkdir(exist_ok=True)
    for split, table in outcome.probabilities.items():
        np.save(folder / f"{split}.npy", table, allow_pickle=False)
    write_told(folder, outcome.told)


def write_told(folder: Path, told: Told) -> None:
    """Write what is told of a trial in place of what was told before, whole or not at all."""
    content = told.model_dump_json().encode("utf-8", "backslashreplace")
    beside = folder / f"{TOLD_FILE}.new"
    beside.write_bytes(content)
    beside.replace(folder / TOLD_FILE)


def read_outcome(folder: Path, shapes: dict[str, tuple[int, int]]) -> Outcome:
    """Read what a worker left.

    Args:
        folder: Where it did.
        shapes: Split -> shape of its probabilities.

    Raises:
        OSError: Where something is missing or cannot be read.
        ValueError: Where it is no outcome: another kind of file, too large, or not what it should hold.
    """
    try:
        told = Told.model_validate(read_json(folder / TOLD_FILE, LARGEST_TOLD, folder))
    except ValidationError as error:
        place, problem = first_problem(error)
        raise ValueError(f"{place or 'it'}: {problem}") from error
    probabilities = {}
    if told.fit_seconds is not None:
        probabilities = {split: _read_table(folder / f"{split}.npy", shape) for split, shape in shapes.items()}
    model = folder / MODEL_FOLDER
    if model.is_dir():
        check_files(model)
    return replace(Outcome(told, probabilities), model=model if model.is_dir() else None)


def _read_table(file: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    content = BytesIO(read_regular_file(file, shape[0] * shape[1] * 4 + ROOM, file.parent))
    table = np.load(content, allow_pickle=False)
    if not isinstance(table, np.ndarray) or table.shape != shape or table.dtype != np.float32:
        raise ValueError(f"{file.name} holds no float32 table of shape {shape}")
    return table


def check_files(folder: Path) -> None:
    """Refuse a saved classifier that holds anything but files and folders."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"the saved classifier holds {path.name!r}, which is neither a file nor a folder")


def remove_job(folder: Path) -> None:
    """Remove a job with all that is left in it."""
    shutil.rmtree(folder, ignore_errors=True)
