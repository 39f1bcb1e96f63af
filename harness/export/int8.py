"""The int8 variant of an exported graph: weights in eight bits, held against the run's own predictions."""

import contextlib
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.errors import ModelError, UserError, reason_of
from harness.evaluation.noninferiority import NonInferiority, non_inferiority
from harness.evaluation.predicted import Rows
from harness.export.checking import BATCH, Expected, Progress, predicted_by
from harness.export.form import Predict
from harness.export.onnx_form import MODEL_FILE
from harness.frozen_model import Count, FrozenModel, Seconds
from harness.system.files import to_json

COMPARISON_FILE = "comparison.json"
KIND = "int8 weights, activations quantised as they come (onnxruntime.quantization.quantize_dynamic)"
TIMED, WARM_UP = 200, 5  # texts


class Cost(FrozenModel):
    """What a form of a classifier costs whoever serves it, on this machine.

    Attributes:
        size_bytes: Of the files that predict.
        p50_seconds: Median of a text that comes alone, None where nobody timed it.
        p95_seconds: What 95 of 100 such texts take at most.
        texts_per_second: In batches of similar length.
        n_texts: Texts that were timed.
    """

    size_bytes: Count
    p50_seconds: Seconds | None = None
    p95_seconds: Seconds | None = None
    texts_per_second: float | None = None
    n_texts: Count = 0


class VariantComparison(FrozenModel):
    """A variant of an exported classifier beside its parent.

    Attributes:
        kind: How the variant was made.
        scores: What is known of its score against that of the run's classifier, on the run's test rows.
        parent: What the exported graph in float32 costs.
        variant: What the variant costs.
    """

    kind: str
    scores: NonInferiority
    parent: Cost
    variant: Cost

    def write(self, folder: Path) -> None:
        """Write comparison.json."""
        (folder / COMPARISON_FILE).write_bytes(to_json(self.model_dump(mode="json")))


def check_labels(expected: Expected) -> None:
    """Refuse int8 where there is nothing to hold it against.

    Raises:
        UserError: For a run that kept no test texts.
    """
    if expected.labels is None:
        raise UserError(
            "--int8 holds the variant against the run's own predictions, and the run kept no test texts. Run the "
            "comparison again without --no-save-texts."
        )


def quantise(folder: Path) -> None:
    """Replace a folder's model.onnx by one with weights in eight bits, a scale for each channel.

    Raises:
        UserError: For a graph that cannot be quantised.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    file, made = folder / MODEL_FILE, folder / f"{MODEL_FILE}.int8"
    try:
        with _silenced():
            quantize_dynamic(file, made, per_channel=True, weight_type=QuantType.QInt8)
    except Exception as error:  # of onnxruntime, for a graph that it does not know
        raise UserError(f"onnxruntime cannot quantise its graph: {reason_of(error)}. Leave out --int8.") from error
    if made.stat().st_size >= file.stat().st_size:
        raise UserError("int8 makes its graph no smaller: it has no large matrices. Leave out --int8.")
    made.replace(file)


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Keep onnxruntime's advice on preparing models, which it gives through the root logger, off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def compared(predict: Predict, expected: Expected, margin: float, progress: Progress) -> NonInferiority:
    """Let a variant predict the run's test rows, and hold its labels against those of the run.

    Raises:
        ModelError: Where what it predicts are no probabilities.
    """
    found = predicted_by(predict, expected, progress)
    if not np.isfinite(found).all():
        raise ModelError("The int8 variant predicts NaN or infinity. Nothing was exported. Leave out --int8.")
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
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
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
