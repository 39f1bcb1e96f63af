"""Comparison of an exported folder's predictions with those it must have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import ModelError, reason_of
from harness.export.form import Predict

TOLERANCE = 1e-4  # of a probability
TIE = 1e-6  # between the two highest probabilities of a row, whose order is rounding
ROUGH_TOLERANCE = 0.05  # where the run computed in bfloat16; measured: 0.007 (two probes, fine-tuned; MiniLM, 300 rows)
BATCH = 32  # texts at once, of similar length

Reference = Literal["test rows of the run", "texts of the bundled sample"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Expected:
    """What an exported folder must predict.

    Attributes:
        texts: n texts.
        probabilities: Of each class, float32 (n, k).
        what: Where texts and probabilities come from.
        labels: True class ids, int64 (n,), None where nobody knows.
        rows: Row of each text in the split as it was read, int64 (n,), None where they are of none.
        text_numbers: Equal where texts are equal, int64 (n,), None where nobody looked.
    """

    texts: Sequence[str]
    probabilities: NDArray[np.float32]
    what: Reference
    labels: NDArray[np.int64] | None = None
    rows: NDArray[np.int64] | None = None
    text_numbers: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Agreement:
    """What was checked of an exported folder.

    Attributes:
        rows: Texts that it was asked for.
        what: Where they come from.
        difference: Largest difference of a probability, 0-1.
        ties: Rows whose label differs because its two highest probabilities are equal but for rounding.
        dtype: What the run computed in, whose rounding that is: float32 or bfloat16.
    """

    rows: int
    what: Reference
    difference: float
    ties: int
    dtype: str = "float32"


def check_agreement(predict: Predict, expected: Expected, progress: Progress, dtype: str = "float32") -> Agreement:
    """Predict all texts, in float32, and compare.

    Args:
        predict: What the exported folder predicts.
        expected: What it must predict.
        progress: Told how many texts of how many are done.
        dtype: What `expected` was computed in: float32 or bfloat16, whose rounding may move a label.

    Raises:
        ModelError: Where a label differs by more than rounding, or a probability by more than the tolerance.
    """
    tolerance, tie = (ROUGH_TOLERANCE, 2 * ROUGH_TOLERANCE) if dtype == "bfloat16" else (TOLERANCE, TIE)
    found = predicted_by(predict, expected, progress)
    apart = np.abs(found - expected.probabilities).max(axis=1)
    highest = np.sort(expected.probabilities, axis=1)[:, -2:]
    differs = found.argmax(axis=1) != expected.probabilities.argmax(axis=1)
    tied = highest[:, 1] - highest[:, 0] <= tie
    wrong = np.flatnonzero((differs & ~tied) | ~(apart <= tolerance))
    if len(wrong):
        raise ModelError(
            f"The exported classifier does not predict as the run did: of {len(found):,} {expected.what}, "
            f"{int((differs & ~tied).sum()):,} get another label and the largest difference of a probability is "
            f"{apart.max():.2g} (row {wrong[0]} is the first; allowed: {tolerance:g}). Nothing was exported. Try "
            "another form with --to, or check the run with 'harness verify'."
        )
    return Agreement(len(found), expected.what, float(apart.max(initial=0.0)), int((differs & tied).sum()), dtype)


def predicted_by(predict: Predict, expected: Expected, progress: Progress) -> NDArray[np.float32]:
    """Return probabilities of all texts, float32 (n, k), computed in batches of similar length.

    Raises:
        ModelError: Where the exported folder cannot be asked for them.
    """
    texts, found = expected.texts, np.full_like(expected.probabilities, np.nan)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        try:
            found[rows] = predict([texts[row] for row in rows])
        except Exception as error:  # of the runtime, on a graph that does not fit all texts
            raise ModelError(
                f"The exported classifier cannot be asked for {expected.what}: {reason_of(error)}. Nothing was "
                "exported. Try another form with --to."
            ) from error
        progress(start + len(rows), len(texts))
    return found
