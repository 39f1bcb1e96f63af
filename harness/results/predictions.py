"""Predictions of a trial in its run's folder: read back, and given their labels when the run ends."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError, did_you_mean
from harness.results.records import RunRecord
from harness.results.run_directory import RunDirectory
from harness.results.tables import read_table
from harness.system.files import write_atomically

MOST_PROBABLE = 1.01  # checked_probabilities lets the sum of a row be 1.001
_COLUMNS = ("split", "row", "label", "prediction")
_LABEL = _COLUMNS.index("label")

Table = NDArray[np.float32]


@dataclass(frozen=True)
class Predictions:
    """Predictions of one trial on one split.

    Args:
        rows: Row of each text in the split as it was read, from 0, int64 (n,).
        labels: True class ids, int64 (n,).
        probabilities: Class probabilities, float32 (n, k).
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """Predicted class ids, int64 (n,): of each row the first maximum."""
        predictions: NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return predictions


def read_predictions(
    directory: RunDirectory, trial: str, split: str = "test", variant: str | None = None
) -> Predictions:
    """Read what a trial predicted.

    Args:
        directory: Folder of the run.
        trial: Name of the trial, `RunRecord.trial`.
        split: validation or test.
        variant: Read what this variant of its classifier predicted; of test alone.

    Returns:
        The predictions, in the order of the split.

    Raises:
        UserError: For another split, and where the file is missing, is not such a table, or has no labels yet.
    """
    import pyarrow.compute as pc

    if split not in (splits := ("validation", "test")):
        raise UserError(
            f"A run keeps predictions of validation and test alone, not of {split!r}. {did_you_mean(split, splits)}"
        )
    file = directory.predictions_file(trial, variant)
    with _told(directory, file, trial):
        table = read_table(file, directory.path)
        if "label" not in table.column_names and directory.is_unfinished:
            raise UserError(
                f"{directory.path} was killed before its end, so its predictions have no labels yet. "
                f"'harness run --resume {directory.path}' ends it."
            )
        part = table.filter(pc.equal(table["split"], split))
        probabilities = [part[i].to_numpy() for i in range(len(_COLUMNS), part.num_columns)]
        return _checked(
            Predictions(
                rows=part["row"].to_numpy().astype(np.int64),
                labels=part["label"].to_numpy().astype(np.int64),
                probabilities=np.stack(probabilities, axis=1).astype(np.float32),
            )
        )


def read_probabilities(directory: RunDirectory, record: RunRecord, label_names: Sequence[str]) -> dict[str, Table]:
    """Read what a trial of a run that is under way predicted, no label among it.

    Args:
        directory: Folder of the run.
        record: Of the trial.
        label_names: Name of class i at position i.

    Returns:
        Split, validation and test, -> class probabilities, float32 (n, k).

    Raises:
        UserError: Where the file is missing, or does not hold what the trial predicted.
    """
    import pyarrow.compute as pc

    file = directory.predictions_file(record.trial)
    with _told(directory, file, record.trial):
        table = read_table(file, directory.path)
        found = {}
        for split in ("validation", "test"):
            part = table.filter(pc.equal(table["split"], split))
            columns = [part[f"probability_{name}"].to_numpy() for name in label_names]
            found[split] = np.ascontiguousarray(np.stack(columns, axis=1), np.float32)
        if hashlib.sha256(b"".join(each.tobytes() for each in found.values())).hexdigest() != record.predictions_sha256:
            raise ValueError("it was changed after its trial")
        return found


def problem_of_table(
    directory: RunDirectory, trial: str, label_names: Sequence[str], variant: str | None = None
) -> str | None:
    """Say what of a table of predictions is not as a run writes it, in what no score depends on; None where all is.

    Args:
        directory: Folder of the run.
        trial: Name of the trial.
        label_names: Name of class i at position i.
        variant: Look at what this variant of its classifier predicted.

    Raises:
        UserError: Where the file is missing, or no such table.
    """
    file = directory.predictions_file(trial, variant)
    with _told(directory, file, trial):
        table = read_table(file, directory.path)
        if table.column_names != [*_COLUMNS, *(f"probability_{name}" for name in label_names)]:
            return "its columns are not those of the classes in run.json, in their order"
        splits = ["test"] if variant else ["validation", "test"]
        if table["split"].unique().to_pylist() != splits:
            return f"it holds other splits than {' and '.join(splits)}"
        probabilities = np.stack([column.to_numpy() for column in table.columns[len(_COLUMNS) :]], axis=1)
        if not np.array_equal(table["prediction"].to_numpy(), probabilities.argmax(axis=1)):
            return "its predictions are not the classes with the highest probability"
        return None


def set_labels(directory: RunDirectory, trial: str, labels: Mapping[str, NDArray[np.int64]] | None) -> None:
    """Put the labels beside the predictions of a trial, or take them away.

    While strategies run, no file in the folder of the run holds a label of test.

    Args:
        directory: Folder of the run.
        trial: Name of the trial; where it left no predictions, nothing is done.
        labels: Split -> true class ids in the order of the split, int64 (n,); None to take them away.

    Raises:
        UserError: Where the file is not a table of predictions.
        UnavailableError: Where the disk refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = directory.predictions_file(trial)
    if not file.exists():
        return
    with _told(directory, file, trial):
        table = read_table(file, directory.path)
        if ("label" in table.column_names) == (labels is not None):
            return
        if labels is None:
            table = table.drop_columns(["label"])
        else:
            in_order = np.concatenate([labels[split] for split in table["split"].unique().to_pylist()])
            table = table.add_column(_LABEL, "label", pa.array(in_order))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
    write_atomically(file, sink.getvalue().to_pybytes())


@contextmanager
def _told(directory: RunDirectory, file: Path, trial: str) -> Iterator[None]:
    """Turn what reading a file of predictions raises into a message for its user."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise UserError(
            f"{directory.path} holds no predictions of {trial} (expected {file.relative_to(directory.path)}), so "
            "nothing can be said of single rows. Run the comparison again, or use a run that kept its predictions."
        ) from None
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{file} is not a table of predictions as a run writes it: {error}. 'harness verify' tells what else of "
            "the run is damaged; run the comparison again."
        ) from error


def predictions_of(directory: RunDirectory, record: RunRecord) -> Predictions:
    """Read what a scored trial predicted on test.

    Raises:
        UserError: Where the file is missing, is not such a table, or is of other rows or classes than the scores.
    """
    read = read_predictions(directory, record.trial)
    if record.test:
        rows_of_class = [sum(row) for row in record.test.confusion]
        k = read.probabilities.shape[1]
        if k != len(rows_of_class) or np.bincount(read.labels, minlength=k).tolist() != rows_of_class:
            raise UserError(
                f"{directory.predictions_file(record.trial)} holds other rows or classes than the test scores of "
                f"{record.trial} are of. Restore it or run the comparison again."
            )
    return read


def _checked(read: Predictions) -> Predictions:
    n, k = read.probabilities.shape
    if not n:
        raise ValueError("it holds no row of this split")
    if ((read.labels < 0) | (read.labels >= k)).any() or (read.rows < 0).any():
        raise ValueError(f"expected labels from 0 to {k - 1} and rows from 0")
    if not ((read.probabilities >= 0) & (read.probabilities <= MOST_PROBABLE)).all():
        raise ValueError("expected probabilities from 0 to 1")
    return read
