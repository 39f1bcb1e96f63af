"""A variant of an exported classifier, its weights in another number format, held against the run's own predictions."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import ModelError, UserError
from harness.evaluation.metrics import evaluate
from harness.evaluation.noninferiority import LOSS, NonInferiority, non_inferiority
from harness.evaluation.predicted import Rows
from harness.export import bfloat16, onnx_form, onnx_int8, openvino_form, openvino_int8
from harness.export.checking import BATCH, Expected, Progress, predicted_by
from harness.export.form import Described, FormName, Predict
from harness.results.variants import Cost, NumberFormat, Variant
from harness.system.files import folder_size, to_json

COMPARISON_FILE = "comparison.json"
TIMED, WARM_UP = 200, 5  # texts


@dataclass(frozen=True)
class WantedVariant:
    """Which variant takes the place of what was checked.

    Attributes:
        number_format: Of its weights.
        margin: How far behind in f1_macro is as good, a fraction.
        timed: Whether single texts and batches are timed in both number formats.
        train_size: Rows of train that the parent was fitted on, None for all.
    """

    number_format: NumberFormat
    margin: float = LOSS
    timed: bool = False
    train_size: int | None = None


@dataclass(frozen=True)
class MadeVariant:
    """A variant that was made.

    Attributes:
        record: What is known of it beside its parent.
        rows: Test rows in the split as it was read, int64 (n,).
        labels: Their class ids, int64 (n,).
        probabilities: What the variant predicts, float32 (n, k).
    """

    record: Variant
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]


def check_number_format(number_format: NumberFormat, form: FormName) -> None:
    """Refuse a number format that a form does not have.

    Raises:
        UserError: For int8 of transformers, and bfloat16 of another form.
    """
    if (number_format, form) not in _MAKERS:
        needed = " and --to ".join(of for variant, of in _MAKERS if variant == number_format)
        option = "--int8" if number_format == "int8" else f"--dtype {number_format}"
        raise UserError(f"{option} is of --to {needed}, and {form} has no such weights here. Leave one of them out.")


def check_labels(expected: Expected) -> None:
    """Refuse a variant where there is nothing to hold it against.

    Raises:
        UserError: For a run that kept no test texts.
    """
    if expected.labels is None or expected.rows is None:
        raise UserError(
            "A variant is held against the run's own predictions, and the run kept no test texts. Run the "
            "comparison again without --no-save-texts."
        )


def make_variant(
    folder: Path,
    form: FormName,
    predict: Predict,
    described: Described,
    expected: Expected,
    wanted: WantedVariant,
    progress: Progress,
) -> MadeVariant:
    """Put a variant in the place of an exported folder's weights, and hold it against the run.

    Args:
        folder: The exported folder, in float32; gets comparison.json, too.
        form: What reads it.
        predict: What predicts with it.
        described: What it says of its classifier.
        expected: The run's test rows.
        wanted: Which variant.
        progress: Told how many texts of the comparison are done.

    Raises:
        UserError: For weights that have no such form.
        ModelError: Where what the variant predicts are no probabilities.
    """
    maker = _MAKERS[wanted.number_format, form]
    before = cost_of(folder, predict, expected.texts, timed=wanted.timed)
    maker.make(folder)
    variant = maker.open(folder)
    found = predicted_by(variant, expected, progress)
    if not np.isfinite(found).all():
        raise ModelError(
            f"The {wanted.number_format} variant predicts NaN or infinity. Nothing was exported. Export it in float32."
        )
    labels, rows = expected.labels, expected.rows
    if labels is None or rows is None:
        raise ValueError("a variant is compared where rows and labels of the texts are known")
    record = Variant(
        strategy=described.strategy,
        seed=described.seed,
        train_size=wanted.train_size,
        number_format=wanted.number_format,
        form=form,
        kind=maker.kind,
        test=evaluate(labels, found),
        scores=scores_against(expected, found, wanted.margin),
        parent=before,
        variant=cost_of(folder, variant, expected.texts, timed=wanted.timed),
        predictions_sha256=sha256(found.tobytes()).hexdigest(),
    )
    (folder / COMPARISON_FILE).write_bytes(to_json(record.model_dump(mode="json")))
    return MadeVariant(record, rows, labels, found)


def scores_against(expected: Expected, found: NDArray[np.float32], margin: float) -> NonInferiority:
    """Hold the labels that a variant predicts against those of the run, row by row."""
    if expected.labels is None:
        raise ValueError("a variant is compared where the labels of the texts are known")
    rows = Rows(expected.labels, found.shape[1], expected.text_numbers)
    before, after = expected.probabilities.argmax(axis=1), found.argmax(axis=1)
    return non_inferiority(rows, before, after, margin, expected.rows)


def cost_of(folder: Path, predict: Predict, texts: Sequence[str], *, timed: bool) -> Cost:
    """Return what a folder's files take on disk and, where it is `timed`, what texts take.

    Args:
        folder: The exported folder.
        predict: What predicts with it.
        texts: Texts of the test rows; up to 200 are timed.
        timed: Whether to time at all.
    """
    size = folder_size(folder)
    chosen = texts[:: max(len(texts) // TIMED, 1)][:TIMED]
    if not (timed and chosen):
        return Cost(size_bytes=size)
    for text in chosen[:WARM_UP]:
        predict([text])
    alone = [_seconds(predict, [text]) for text in chosen]
    ordered = sorted(chosen, key=len)
    together = sum(_seconds(predict, ordered[start : start + BATCH]) for start in range(0, len(ordered), BATCH))
    p50, p95 = (float(each) for each in np.percentile(alone, (50, 95)))
    rate = len(chosen) / max(together, 1e-9)
    return Cost(size_bytes=size, p50_seconds=p50, p95_seconds=p95, texts_per_second=rate, n_texts=len(chosen))


def _seconds(predict: Predict, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    predict(texts)
    return time.perf_counter() - started


@dataclass(frozen=True)
class _Maker:
    """How a variant of a form is made: what its record calls it, what makes it of a folder, and what reads it."""

    kind: str
    make: Callable[[Path], None]
    open: Callable[[Path], Predict]


_MAKERS: dict[tuple[NumberFormat, FormName], _Maker] = {
    ("int8", "onnx"): _Maker(onnx_int8.KIND, onnx_int8.quantise, onnx_form.open_onnx),
    ("int8", "openvino"): _Maker(openvino_int8.KIND, openvino_int8.compress, openvino_form.open_openvino),
    ("bfloat16", "transformers"): _Maker(bfloat16.KIND, bfloat16.narrow, bfloat16.open_narrow),
}
