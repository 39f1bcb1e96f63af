"""A torch module from token ids and a mask to whatever, written as an ONNX graph by torch's exporter that traces."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.nn import Module

INPUTS = ("input_ids", "attention_mask")
OPSET = 17  # the first with LayerNormalization
EXAMPLE = (3, 7)  # texts and tokens that a graph is traced with; both may be any, where there is no longer prompt


def write_traced(graph: "Module", file: Path, outputs: Mapping[str, Mapping[int, str]], prompt_tokens: int = 0) -> None:
    """Write a module as ONNX, for any number of texts of any length.

    By the exporter that traces: the newer one needs twenty times the time, and two packages more.

    Args:
        graph: In evaluation mode; input_ids and attention_mask, int64 (n, tokens) -> its outputs.
        file: Where it goes.
        outputs: Name of each output -> its axes that may have any length, and what to call these.
        prompt_tokens: Tokens at the start that it may leave out, so that a text has more.
    """
    import torch

    texts, tokens = EXAMPLE
    ids = torch.ones((texts, max(tokens, prompt_tokens + 2)), dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[1, -1] = 0  # a text with padding, so that no branch without a mask is taken
    axes = {name: {0: "texts", 1: "tokens"} for name in INPUTS} | {name: dict(free) for name, free in outputs.items()}
    with warnings.catch_warnings(), _unprinted(graph), torch.no_grad():
        warnings.simplefilter("ignore")  # on what tracing fixes; whoever writes a graph compares it with the module
        torch.onnx.export(
            graph, (ids, mask), str(file), input_names=list(INPUTS), output_names=[*outputs],
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip


@contextmanager
def _unprinted(graph: "Module") -> Iterator[None]:
    """Let the exporter, where it fails, not print the graph to standard output: it switches that on as it begins."""
    from torch import _C

    before = _C._jit_is_onnx_log_enabled()
    hook = graph.register_forward_pre_hook(lambda module, inputs: _C._jit_set_onnx_log_enabled(False))
    try:
        yield
    finally:
        hook.remove()
        _C._jit_set_onnx_log_enabled(before)
