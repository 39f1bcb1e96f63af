"""Engines: what computes an encoder's frozen states, torch by default."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Protocol

from harness.errors import UserError
from harness.system.packages import require_packages
from harness.system.silent_openvino import computes_in_bfloat16

if TYPE_CHECKING:
    import torch

    from harness.encoding.transformer_encoder import TransformerEncoder

EngineName = Literal["torch", "openvino", "openvino-int8"]
TORCH: EngineName = "torch"
INT8: EngineName = "openvino-int8"
EngineChoice = Literal["auto", EngineName]
AUTO: EngineChoice = "auto"
PACKAGES: dict[EngineName, tuple[str, ...]] = {
    "torch": (),
    "openvino": ("onnx", "openvino"),
    "openvino-int8": ("nncf", "onnx", "openvino"),
}
# Another version of these rounds otherwise; one of nncf quantises otherwise.
OTHER_LIBRARIES = ("model2vec", *PACKAGES["openvino"])
OF_ENGINES = frozenset({"calibration", "dtype", *OTHER_LIBRARIES, *PACKAGES["openvino-int8"]})
"""Parts of a fingerprint that change with the engine."""
CALIBRATION = 1  # raise it with any change of what ranges of activations are measured on
FIRST_TOKEN = "first"  # the last layer's first token by the short path, (m, 1, width)


class Engine(Protocol):
    """What computes states in place of torch.

    Attributes:
        name: Its name and version, such as `openvino 2026.4.1`.
        exact: Whether it computes in float32.
    """

    name: str
    exact: bool

    def prepare(self, encoder: "TransformerEncoder") -> None:
        """Make what it computes an encoder with, unless it is there, and find it equal to torch.

        Raises:
            ModelError: Where it cannot compute the model, or computes another thing.
        """

    def notes(self) -> tuple[str, ...]:
        """Return warnings for whoever reads scores of its states, one sentence each."""

    def states(
        self, encoder: "TransformerEncoder", inputs: "torch.Tensor", mask: "torch.Tensor | None", wanted: Sequence[str]
    ) -> "list[torch.Tensor]":
        """Return states of m texts, each float32 (m, tokens, width) on the CPU.

        Args:
            encoder: Whose states they are.
            inputs: Token ids, int64 (m, tokens), on the CPU.
            mask: True for tokens and False for padding, (m, tokens); None where there is none.
            wanted: `FIRST_TOKEN`, or what `layer_output` returns.
        """


def layer_output(layer: int) -> str:
    """Return what the states of a layer are called, counted from 0, the embeddings."""
    return f"layer{layer}"


def is_exact(engine: Engine | None) -> bool:
    """Return whether an engine, None for torch, computes a float32 model in float32."""
    return engine is None or engine.exact


def engine_name(declared: str) -> EngineName:
    """Return which engine it is that an encoder declares, such as `openvino 2026.4.1`."""
    name = declared.partition(" ")[0]
    return next((engine for engine in PACKAGES if engine == name), TORCH)


def is_installed(engine: EngineName) -> bool:
    """Return whether the packages of an engine are there."""
    return all(find_spec(package) for package in PACKAGES[engine])


def check_engine(engine: EngineChoice, device: str, dtype: str) -> None:
    """Refuse an engine that cannot compute here.

    Args:
        engine: Its name.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.

    Raises:
        UserError: Where its packages are not installed, or where it computes on no such device or in no such format.
    """
    packages = () if engine == "auto" else PACKAGES[engine]
    if not packages:
        return
    require_packages(f"--engine {engine}", engine, packages)
    if device != "cpu":
        raise UserError(f"--engine {engine} computes on the CPU, and the device is {device}. Add --device cpu.")
    if dtype == "bfloat16" and not computes_in_bfloat16():
        raise UserError(
            f"--engine {engine}: this processor has no instructions for bfloat16 (avx512_bf16, amx_bf16 or those of "
            "ARM), and would compute in float32 what was called bfloat16. Add --dtype float32."
        )


def refuse_other_engine(asked: EngineChoice, declared: str, encoder: str) -> None:
    """Refuse an encoder of a plugin that is computed by another engine than was asked for.

    Args:
        asked: What was asked for.
        declared: What the encoder says that it is computed by.
        encoder: Its name.

    Raises:
        UserError: Where they differ.
    """
    if asked not in (AUTO, TORCH) and engine_name(declared) != asked:
        raise UserError(f"--engine {asked}: encoder {encoder} is computed by {declared}. Leave --engine out.")
