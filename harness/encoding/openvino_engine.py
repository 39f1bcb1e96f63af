"""OpenVINO as the engine of an encoder: its torch model traced once, compared with it, and computed on the CPU."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.encoding.engine import FIRST_TOKEN, INT8, layer_output
from harness.encoding.first_token import first_token_beside
from harness.encoding.int8_graph import as_inputs, neighbours_kept, other_sentences, portions, quantised
from harness.encoding.kept_graph import keep_graph, read_graph, read_told, read_whole
from harness.encoding.pooling import pool
from harness.encoding.traced_graph import INPUTS, write_traced
from harness.errors import ModelError, reason_of
from harness.system.out_of_memory import is_out_of_memory
from harness.system.silent_openvino import compile_for_cpu, import_openvino
from harness.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

    from harness.encoding.transformer_encoder import TransformerEncoder

# Of a state's largest number: how far it may be from torch's in float32; measured: 3e-6 in float32.
BOUNDS = {"float32": 1e-4, "bfloat16": 0.1}
LEAST_KEPT = 0.25  # of nearest neighbours, in eight bits; measured: .91, with small random weights .49 to .92
CHECKED_LENGTHS = ((1,), (9, 4, 1), (40, 33), (512,))  # tokens of the made-up texts of each batch
HINTS = {"float32": "f32", "bfloat16": "bf16"}
# Some processors would take bfloat16, and some round activations where weights are stored in eight bits.
IN_FLOAT32 = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
# Two processes that pin their threads would wait for the same cores.
ONE_BATCH_AT_A_TIME = {"NUM_STREAMS": "1", "ENABLE_CPU_PINNING": False}


class OpenVinoEngine:
    """Computes states with OpenVINO; the graph is made, or read, when it is first needed.

    Args:
        file: Keeps the graph for other processes, with two files beside it; None to keep none.
        dtype: float32 or bfloat16, to compute in.
        int8: Whether products of matrices are in eight bits, weights and activations.
    """

    def __init__(self, file: Path | None = None, dtype: str = "float32", *, int8: bool = False) -> None:
        self._file = file
        self._dtype = dtype
        self._int8 = int8
        self.name = f"{INT8 if int8 else 'openvino'} {metadata.version('openvino')}"
        self.exact = dtype == "float32" and not int8
        self._graph: Any = None
        self._kept: float | None = None
        self._requests: dict[tuple[int, tuple[str, ...]], Any] = {}

    def __getstate__(self) -> dict[str, Any]:  # of another process: graphs do not pickle
        return {**self.__dict__, "_graph": None, "_requests": {}}

    def notes(self) -> tuple[str, ...]:
        """Return what is to be known of its states, one sentence each: in eight bits, which neighbours stay."""
        kept = self._kept if self._kept is not None else read_told(self._file).get("neighbours_kept")
        if not self._int8 or not isinstance(kept, float):
            return ()
        return (
            "Frozen features are computed in eight bits: of the ten nearest neighbours that a sentence has in "
            f"float32, it keeps {kept:.0%}. They are those of another encoder: compare with --engine openvino.",
        )

    def prepare(self, encoder: "TransformerEncoder") -> None:
        """Make the graph of an encoder, unless it is there, and compare it with torch.

        Raises:
            ModelError: Where OpenVINO cannot compute the model, or computes another thing.
        """
        if self._graph is None and self._file:
            self._graph = read_graph(self._file)
        if self._graph is not None:
            return
        graph = _traceable(encoder)
        try:
            self._graph = _converted(graph, encoder)
            apart = max(self._difference(encoder, graph, lengths) for lengths in CHECKED_LENGTHS)
            if apart <= BOUNDS[self._dtype] and self._int8:
                self._quantise(encoder, graph)
        except Exception as error:
            self._graph = None
            if is_out_of_memory(error):
                raise
            raise self._refusal(encoder, reason_of(error)) from error
        if not apart <= BOUNDS[self._dtype]:
            raise self._refusal(encoder, f"its states are not torch's ({apart:.1g} of the largest number apart)")
        if self._kept is not None and not self._kept >= LEAST_KEPT:
            raise self._refusal(encoder, f"in eight bits a sentence keeps {self._kept:.0%} of its nearest neighbours")
        if self._file:
            keep_graph(self._graph, self._file, {"neighbours_kept": self._kept} if self._int8 else {})

    def _quantise(self, encoder: "TransformerEncoder", graph: "Module") -> None:
        """Put the graph in eight bits, and see what becomes of sentences that its ranges were not measured on."""
        self._graph, self._requests = quantised(self._graph, encoder), {}
        self._kept = self._neighbours_kept(encoder, graph)

    def _refusal(self, encoder: "TransformerEncoder", why: str) -> ModelError:
        self._graph = None
        kind, engine = encoder.model.config.model_type, self.name.partition(" ")[0]
        return ModelError(
            f"Model {encoder.name} cannot be computed by {engine} ({kind}): {why.rstrip('.')}. Use --engine torch."
        )

    def states(
        self, encoder: "TransformerEncoder", inputs: "torch.Tensor", mask: "torch.Tensor | None", wanted: Sequence[str]
    ) -> "list[torch.Tensor]":
        """Return states of m texts; as of `harness.encoding.engine.Engine`."""
        import torch

        self.prepare(encoder)
        outputs = list(dict.fromkeys(wanted))
        mask = torch.ones_like(inputs) if mask is None else mask.long()
        given = dict(zip(INPUTS, (inputs.numpy(), mask.numpy()), strict=True))
        found = self._request(tuple(outputs)).infer(given, share_inputs=True)
        return [torch.from_numpy(found[outputs.index(name)]) for name in wanted]

    def _request(self, outputs: tuple[str, ...]) -> Any:
        """Return what computes these outputs and nothing that they do not need, on as many threads as torch."""
        import torch

        threads = torch.get_num_threads()
        if (threads, outputs) not in self._requests:
            ends = [self._graph.output(name).get_node().input_value(0) for name in outputs]
            part = import_openvino().Model(ends, self._graph.get_parameters())
            hint = {"INFERENCE_PRECISION_HINT": HINTS[self._dtype]}
            how = {**IN_FLOAT32, **hint, **ONE_BATCH_AT_A_TIME, "INFERENCE_NUM_THREADS": threads}
            self._requests[threads, outputs] = compile_for_cpu(part, how).create_infer_request()
        return self._requests[threads, outputs]

    def _difference(self, encoder: "TransformerEncoder", graph: "Module", lengths: tuple[int, ...]) -> float:
        """Return how far states of made-up texts are from those of torch, as a share of the largest number."""
        import torch

        generator = torch.Generator().manual_seed(0)
        tokens = torch.tensor(lengths).clamp(encoder.prompt_tokens + 2, encoder.max_length)
        known = getattr(encoder.model.config, "vocab_size", 128)
        ids = torch.randint(0, known, (len(tokens), int(tokens.max())), generator=generator)
        mask = torch.arange(ids.shape[1])[None] < tokens[:, None]
        with torch.inference_mode():
            own = graph(ids, mask.long())
        names = _outputs(encoder)
        found = self.states(encoder, ids, mask, [*names])
        apart = 0.0
        for name, one, two in zip(names, own, found, strict=True):
            read = mask[:, :1] if name == FIRST_TOKEN else mask
            apart = max(apart, float((one - two)[read].abs().max() / one[read].abs().max().clamp(min=1e-6)))
        return apart

    def _neighbours_kept(self, encoder: "TransformerEncoder", graph: "Module") -> float:
        """Return which share of their nearest neighbours sentences keep, by the last layer as the encoder pools."""
        import torch

        tables: tuple[list[Any], list[Any]] = ([], [])
        for token_ids in portions(encoder.tokenise(other_sentences())):
            ids, mask = map(torch.from_numpy, as_inputs(encoder, token_ids).values())
            with torch.inference_mode():
                own = graph(ids, mask)[encoder.n_layers]
            (found,) = self.states(encoder, ids, mask.bool(), [layer_output(encoder.n_layers)])
            for table, states in zip(tables, (own, found), strict=True):
                table.append(pool(states, mask.bool(), encoder.pooling))
        one, two = (torch.cat(table).float().numpy() for table in tables)
        return neighbours_kept(one, two)


def _outputs(encoder: "TransformerEncoder") -> dict[str, dict[int, str]]:
    """Return name -> axes of any length, of all that a graph computes."""
    layers = {layer_output(layer): {0: "texts", 1: "tokens"} for layer in range(encoder.n_layers + 1)}
    return {**layers, FIRST_TOKEN: {0: "texts"}} if encoder.can_skip else {**layers}


def _traceable(encoder: "TransformerEncoder") -> "Module":
    """Return a module from token ids and mask to what `_outputs` names."""
    from torch import nn

    model, can_skip = encoder.model, encoder.can_skip

    class States(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            mask = attention_mask.bool()[:, None, None] if can_skip else attention_mask
            beside: AbstractContextManager[list[Any]] = first_token_beside(model) if can_skip else nullcontext([])
            with beside as first:
                output = self.model(input_ids=input_ids, attention_mask=mask, output_hidden_states=True)
            return (*output.hidden_states[:-1], output.last_hidden_state, *first)

    return States().eval()


def _converted(graph: "Module", encoder: "TransformerEncoder") -> Any:
    """Return a module as a graph of OpenVINO, in memory."""
    with temporary_folder() as workdir:
        write_traced(graph, Path(workdir) / "model.onnx", _outputs(encoder), encoder.prompt_tokens)
        return read_whole(Path(workdir) / "model.onnx")
