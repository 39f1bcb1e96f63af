"""The int8 variant of an exported graph: weights in eight bits."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

from harness.errors import UserError, reason_of
from harness.export.onnx_form import MODEL_FILE

KIND = "int8 weights, activations quantised as they come (onnxruntime.quantization.quantize_dynamic)"


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
