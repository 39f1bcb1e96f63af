"""Frozen features of a sample of the test rows, kept in the run's folder so that a report can draw them."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.data.stratification import stratified_rows
from harness.data.task import Split
from harness.encoding.encoder import Features
from harness.results.run_directory import RunDirectory
from harness.system.files import write_atomically

MOST_ROWS = 2000  # more points than that hide each other in a picture
FOLDER = "features"


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


def read_feature_samples(directory: RunDirectory) -> dict[str, FeatureSample]:
    """Return what they are, such as "layer-1-cls", -> the sample; {} where the run kept none."""
    samples = {}
    for file in sorted((directory.path / FOLDER).glob("*.npz")):
        with np.load(file, allow_pickle=False) as arrays:
            samples[file.stem] = FeatureSample(arrays["positions"], arrays["values"].astype(np.float32))
    return samples
