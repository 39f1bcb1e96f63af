"""Engines: what computes an encoder's frozen states, torch by default."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from harness.errors import UserError
from harness.system.packages import require_packages

if TYPE_CHECKING:
    import torch

    from harness.encoding.transformer_encoder import TransformerEncoder

EngineName = Literal["torch", "openvino"]
TORCH: EngineName = "torch"
PACKAGES: dict[EngineName, tuple[str, ...]] = {"torch": (), "openvino": ("onnx", "openvino")}
OTHER_LIBRARIES = tuple(dict.fromkeys(name for names in PACKAGES.values() for name in names))
FIRST_TOKEN = "first"  # the last layer's first token by the short path, (m, 1, width)


class Engine(Protocol):
    """What computes states in place of torch.

    Attributes:
        name: Its name and version, such as `openvino 2026.4.1`.
    """

    name: str

    def prepare(self, encoder: "TransformerEncoder") -> None:
        """Make what it computes an encoder with, unless it is there, and find it equal to torch.

        Raises:
            ModelError: Where it cannot compute the model, or computes another thing.
        """

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


def engine_name(declared: str) -> EngineName:
    """Return which engine it is that an encoder declares, such as `openvino 2026.4.1`."""
    return "openvino" if declared.startswith("openvino") else TORCH


def check_engine(engine: EngineName, device: str, dtype: str) -> None:
    """Refuse an engine that cannot compute here.

    Args:
        engine: Its name.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.

    Raises:
        UserError: Where its packages are not installed, or where it computes on no such device or in no such format.
    """
    require_packages(f"--engine {engine}", engine, PACKAGES[engine])
    if engine == "openvino" and device != "cpu":
        raise UserError(f"--engine openvino computes on the CPU, and the device is {device}. Add --device cpu.")
    if engine == "openvino" and dtype != "float32":
        raise UserError(f"--engine openvino computes in float32, not in {dtype}. Add --dtype float32.")


def refuse_other_engine(asked: EngineName, declared: str, encoder: str) -> None:
    """Refuse an encoder of a plugin that is computed by another engine than was asked for.

    Args:
        asked: What was asked for.
        declared: What the encoder says that it is computed by.
        encoder: Its name.

    Raises:
        UserError: Where they differ.
    """
    if asked != TORCH and engine_name(declared) != asked:
        raise UserError(f"--engine {asked}: encoder {encoder} is computed by {declared}. Leave --engine out.")
