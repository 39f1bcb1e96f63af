"""Variants in a run's folder: what its classifiers, exported in another number format, predict on its test rows.

variants/TRIAL/int8.json      the record
variants/TRIAL/int8.parquet   the predictions

They are made of a run that is over, so run.json knows nothing of them, and what they say is held against it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from harness.errors import UserError
from harness.evaluation.metrics import Evaluation
from harness.evaluation.noninferiority import NonInferiority
from harness.frozen_model import Count, FrozenModel, Seconds, why_unreadable
from harness.results.records import Run, RunRecord, trial_name
from harness.results.run_directory import RunDirectory
from harness.system.files import to_json, write_atomically

NumberFormat = Literal["int8", "bfloat16"]
NUMBER_FORMATS: tuple[NumberFormat, ...] = get_args(NumberFormat)


class Cost(FrozenModel):
    """What an exported classifier costs whoever serves it, on the machine of the export.

    Attributes:
        size_bytes: Of its files.
        p50_seconds: Median of a text that comes alone, None where nobody timed it.
        p95_seconds: What 95 of 100 such texts take at most.
        texts_per_second: In batches of similar length.
        n_texts: Texts that were timed.
    """

    size_bytes: Count
    p50_seconds: Seconds | None = None
    p95_seconds: Seconds | None = None
    texts_per_second: Annotated[float, Field(gt=0, lt=1e12)] | None = None
    n_texts: Count = 0


class Variant(FrozenModel):
    """A variant of an exported classifier beside its parent, the classifier of a trial.

    Attributes:
        strategy: Strategy of the parent.
        seed: Its seed.
        train_size: Its number of rows of train, None for all.
        number_format: Of the variant's weights.
        form: What reads the exported folder.
        kind: How the variant was made.
        test: Scores of the variant on the run's test rows.
        scores: What is known of its f1_macro against its parent's.
        parent: What the same form in float32 costs.
        variant: What the variant costs.
        predictions_sha256: Of its probabilities on the test rows.
    """

    schema_version: Literal[1] = 1
    strategy: Annotated[str, Field(max_length=10_000)]
    seed: Count
    train_size: Count | None = None
    number_format: NumberFormat
    form: Literal["onnx", "openvino", "transformers"]
    kind: Annotated[str, Field(max_length=1_000)]
    test: Evaluation
    scores: NonInferiority
    parent: Cost
    variant: Cost
    predictions_sha256: Annotated[str, Field(max_length=64)]

    @property
    def trial(self) -> str:
        """Name of the parent's trial."""
        return trial_name(self.strategy, self.seed, self.train_size)


def record_of_variant(directory: RunDirectory, trial: str, number_format: NumberFormat) -> Path:
    """Return the file with the record of a variant of a trial's classifier."""
    return directory.variants_path(trial) / f"{number_format}.json"


def write_variant(
    directory: RunDirectory,
    variant: Variant,
    label_names: tuple[str, ...],
    predicted: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]],
) -> None:
    """Put a variant beside its parent, in place of an older one of the same number format.

    Args:
        directory: Folder of the run.
        variant: Its record.
        label_names: k class names.
        predicted: Rows of the test split, int64 (n,), their class ids, int64 (n,), and the variant's probabilities,
            float32 (n, k).

    Raises:
        UnavailableError: Where the disk refuses.
    """
    number_format = variant.number_format
    directory.write_predictions(variant.trial, label_names, {"test": predicted}, number_format)
    file = record_of_variant(directory, variant.trial, number_format)
    write_atomically(file, to_json(variant.model_dump(mode="json")))


def read_variant(directory: RunDirectory, parent: RunRecord, number_format: NumberFormat) -> Variant | None:
    """Read a variant of a trial's classifier, None where there is none.

    Raises:
        UserError: Where it cannot be read, or is not of this trial.
    """
    file = record_of_variant(directory, parent.trial, number_format)
    try:
        variant = Variant.model_validate(directory.read_json(file))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, ValueError) as error:
        raise UserError(f"{file} is no record of a variant: {why_unreadable(error)}. {_MEND}") from error
    if (variant.trial, variant.number_format) != (parent.trial, number_format):
        raise UserError(f"{file} is of {variant.trial} in {variant.number_format}, which lies elsewhere. {_MEND}")
    if parent.test is None or _rows_of_classes(variant.test) != _rows_of_classes(parent.test):
        raise UserError(f"{file} is of other test rows or classes than {parent.trial} was scored on. {_MEND}")
    return variant


def read_variants(directory: RunDirectory, run: Run) -> Mapping[str, tuple[Variant, ...]]:
    """Return trial -> its variants, of those that have any; errors as of `read_variant`."""
    found = {
        record.trial: [read_variant(directory, record, number_format) for number_format in NUMBER_FORMATS]
        for record in run.records
        if record.is_scored
    }
    return {trial: kept for trial, each in found.items() if (kept := tuple(v for v in each if v is not None))}


def _rows_of_classes(evaluation: Evaluation) -> list[int]:
    return [sum(row) for row in evaluation.confusion]


_MEND = "Remove the folder variants/ of the run, or export with --compare again."
