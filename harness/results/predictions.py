"""Predictions of a trial, read back from its run's folder."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError
from harness.results.run_directory import RunDirectory

_COLUMNS = ("split", "row", "label", "prediction")


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


def read_predictions(directory: RunDirectory, trial: str, split: str = "test") -> Predictions:
    """Read what a trial predicted.

    Args:
        directory: Folder of the run.
        trial: Name of the trial, `RunRecord.trial`.
        split: validation or test.

    Returns:
        The predictions, in the order of the split.

    Raises:
        UserError: Where the file is missing or is not such a table.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = directory.predictions_file(trial)
    try:
        table = pq.read_table(file)
        part = table.filter(pc.equal(table["split"], split))
        probabilities = [part[i].to_numpy() for i in range(len(_COLUMNS), part.num_columns)]
        return Predictions(
            rows=part["row"].to_numpy().astype(np.int64),
            labels=part["label"].to_numpy().astype(np.int64),
            probabilities=np.stack(probabilities, axis=1).astype(np.float32),
        )
    except FileNotFoundError:
        raise UserError(
            f"{directory.path} holds no predictions of {trial} (expected {file.name} in its folder predictions/), "
            "so nothing can be said of single rows. Run the comparison again, or use a run that kept its predictions."
        ) from None
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise UserError(
            f"{file} is not a table of predictions as a run writes it: {error}. 'harness verify' tells what else of "
            "the run is damaged; run the comparison again."
        ) from error
