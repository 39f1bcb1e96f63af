"""The int8 variant of an exported OpenVINO graph: matrices stored in eight bits, computed with in float32.

It is NNCF's weight compression, mode INT8_SYM, in OpenVINO's own operators: NNCF itself reports its use to its maker.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.errors import UserError, reason_of
from harness.export.openvino_form import WEIGHTS_FILE, XML_FILE
from harness.system.disk_errors import disk_errors_of_libraries
from harness.system.silent_openvino import import_openvino
from harness.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "int8 weights with a scale for each channel or token, activations in float32 (openvino.opset13)"
LARGEST = 127  # symmetric: -128 is not used, so that a weight and its negative are rounded alike
NARROW = 16  # rows or columns of a matrix, such as a head of few classes, that weighs nothing


def compress(folder: Path) -> None:
    """Replace a folder's model.xml and model.bin by those with matrices in eight bits.

    Raises:
        UserError: For a graph without large matrices, and one that OpenVINO cannot write so.
    """
    openvino = import_openvino()
    before = (folder / WEIGHTS_FILE).stat().st_size
    with temporary_folder() as workdir:
        try:
            model = openvino.Core().read_model(folder / XML_FILE)
            for operator in model.get_ordered_ops():
                _compress_matrix(operator)
            with disk_errors_of_libraries(workdir.parent, "the environment variable TMPDIR"):
                openvino.save_model(model, workdir / XML_FILE, compress_to_fp16=False)
        except Exception as error:  # of openvino, for a graph that it does not know
            raise UserError(f"OpenVINO cannot quantise its graph: {reason_of(error)}. Leave out --int8.") from error
        if (workdir / WEIGHTS_FILE).stat().st_size >= before:
            raise UserError("int8 makes its graph no smaller: it has no large matrices. Leave out --int8.")
        for name in (XML_FILE, WEIGHTS_FILE):
            (folder / name).write_bytes((workdir / name).read_bytes())


def _compress_matrix(operator: Any) -> None:
    """Store the matrix that an operator reads in eight bits, where it reads one.

    A product's matrix has a scale for each of its outputs, a table of embeddings one for each row.

    Args:
        operator: Of OpenVINO.
    """
    kind = operator.get_type_name()
    if kind not in ("MatMul", "Gather"):
        return
    place = 1 if kind == "MatMul" else 0
    source = operator.input(place).get_source_output()
    constant = source.get_node()
    if constant.get_type_name() != "Constant" or str(source.get_element_type().to_string()) != "f32":
        return
    weights = np.asarray(constant.data)
    if not _is_wide(weights.shape):
        return
    summed = (1 if operator.get_attributes()["transpose_b"] else 0) if kind == "MatMul" else 1
    operator.input(place).replace_source_output(_stored_in_eight_bits(weights, axis=summed).output(0))


def _is_wide(shape: tuple[int, ...]) -> bool:
    match shape:
        case (rows, columns):
            return min(rows, columns) >= NARROW
        case _:
            return False


def _stored_in_eight_bits(weights: "NDArray[np.float32]", axis: int) -> Any:
    """Return the operator that reads weights from eight bits.

    Args:
        weights: float32 (n, m).
        axis: Along which they share a scale.
    """
    operators = import_openvino().opset13
    scale = np.abs(weights).max(axis=axis, keepdims=True) / LARGEST
    scale[scale == 0] = 1  # of weights that are all 0
    stored = operators.constant(np.rint(weights / scale).astype(np.int8))
    return operators.multiply(operators.convert(stored, "f32"), operators.constant(scale.astype(np.float32)))
