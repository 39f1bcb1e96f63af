"""Frozen features of a sample of the test rows, kept in the run's folder so that a report can draw them."""

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.stratification import stratified_rows
from harness.data.task import Split
from harness.encoding.encoder import Features
from harness.errors import UserError
from harness.results.run_directory import RunDirectory
from harness.system.files import write_atomically
from harness.system.foreign_files import read_regular_file

MOST_ROWS = 2000  # more points than that hide each other in a picture
FOLDER = "features"
LARGEST_FILE = 500_000_000  # bytes; 2,000 rows of 4,096 columns take 16 million


@dataclass(frozen=True)
class FeatureSample:
    """Frozen features of some test rows.

    Args:
        positions: Their positions in the test split, int64 (m,).
        values: float32 (m, width), of half precision.
    """

    positions: NDArray[np.int64]
    values: NDArray[np.float32]


def write_feature_samples(
    directory: RunDirectory,
    test: Split,
    wanted: Sequence[Features],
    encode: Callable[[Sequence[str], Features], NDArray[np.float32]],
) -> None:
    """Keep the features of at most 2,000 test rows, every class with its share, in half precision.

    Args:
        directory: Folder of the run.
        test: The test split.
        wanted: The frozen states that the run's strategies read.
        encode: Texts -> features; they were computed before, so it only looks them up.
    """
    positions = (
        stratified_rows(test.labels, MOST_ROWS) if len(test) > MOST_ROWS else np.arange(len(test), dtype=np.int64)
    )
    for features in wanted:
        stream = io.BytesIO()
        values = encode(test.texts, features)[positions]
        np.savez(stream, positions=positions, values=values.astype(np.float16))
        name = f"layer{features.layer}-{features.pooling}.npz"
        write_atomically(directory.path / FOLDER / name, stream.getvalue())


def read_feature_samples(directory: RunDirectory, n_test: int) -> dict[str, FeatureSample]:
    """Return the samples of a run's folder.

    Args:
        directory: Folder of the run.
        n_test: Number of its test rows.

    Returns:
        What they are, such as "layer-1-cls", -> the sample; {} where the run kept none.

    Raises:
        UserError: Where a file is not such a sample.
    """
    files = sorted((directory.path / FOLDER).glob("*.npz"))
    return {file.stem: _read_sample(file, directory, n_test) for file in files}


def _read_sample(file: Path, directory: RunDirectory, n_test: int) -> FeatureSample:
    try:
        content = io.BytesIO(read_regular_file(file, LARGEST_FILE, directory.path))
        with zipfile.ZipFile(content) as archive:  # numpy would unpack whatever its header promises
            if sum(member.file_size for member in archive.infolist()) > LARGEST_FILE:
                raise ValueError(f"it unpacks to more than {LARGEST_FILE:,} bytes")
        with np.load(content, allow_pickle=False) as arrays:
            return _checked(arrays["positions"], arrays["values"], n_test)
    except (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{file} is not a sample of features as a run writes it: {error}. Restore it, or delete it: "
            "the report then has no picture of it."
        ) from error


def _checked(positions: NDArray[Any], values: NDArray[Any], n_test: int) -> FeatureSample:
    n, width = values.shape if values.dtype.kind == "f" and values.size else (0, 0)
    if positions.dtype.kind != "i" or positions.shape != (n,) or not width:
        raise ValueError("expected the positions of m rows and m rows of features")
    within = (positions >= 0) & (positions < n_test)
    if n > MOST_ROWS or not within.all() or not np.isfinite(values).all():
        raise ValueError(f"expected at most {MOST_ROWS:,} rows of the {n_test:,} of test, and finite numbers")
    return FeatureSample(positions.astype(np.int64), values.astype(np.float32))
