"""Texts -> frozen features: batches of similar length under a token budget, one pass for all that is wanted."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.errors import ModelError, UserError

if TYPE_CHECKING:
    import torch

TOKEN_BUDGET = 2048  # tokens a batch; on two cores six-layer MiniLM reaches 86 % of the matrix-product rate with it
TOKENISED_AT_ONCE = 4096  # texts handed to the tokenizer in one call

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


@dataclass(frozen=True, order=True)
class Features:
    """Which frozen state of the encoder a strategy wants.

    Args:
        layer: 0 for the embeddings, 1..L for the blocks, or negative, counted from the last.
        pooling: `cls` takes the first token, `mean` and `max` go over all tokens of the text.
    """

    layer: int = -1
    pooling: Literal["cls", "mean", "max"] = "cls"

    def __post_init__(self) -> None:
        if self.pooling not in ("cls", "mean", "max"):
            raise UserError(f"pooling must be one of cls, mean, max, got {self.pooling!r}.")


class Encoder(Protocol):
    """A frozen pre-trained encoder.

    Attributes:
        name: Hub id or path it was asked for by.
        revision: Commit of a hub checkpoint, None for a folder.
        directory: Local folder with configuration, weights and tokenizer, fit for `from_pretrained`.
        width: Numbers in one feature vector.
        max_length: Tokens of the longest text it reads whole, special tokens included.
        n_parameters: Number of its weights.
    """

    name: str
    revision: str | None
    directory: str
    width: int
    max_length: int
    n_parameters: int

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> Mapping[Features, NDArray[np.float32]]:
        """Return float32 (n, width) for each wanted state, in the order of `texts`, from one pass."""

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than `max_length` tokens."""


@dataclass
class TransformerEncoder:
    """An `Encoder` around a transformers model and its fast or slow tokenizer.

    Args:
        name: Hub id or path it was asked for by.
        revision: Commit of a hub checkpoint, None for a folder.
        directory: Local folder of the checkpoint.
        model: The transformers model, in evaluation mode, on its device.
        tokenizer: Its tokenizer, with a pad token.
        max_length: Tokens of the longest text it reads whole.
        batch_size: Texts a batch, None for as many as the token budget allows.
        notes: What a reader of its scores should know of it, one sentence each.
    """

    name: str
    revision: str | None
    directory: str
    model: Any
    tokenizer: Any
    max_length: int
    batch_size: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.width: int = self.model.config.hidden_size
        self.n_parameters: int = sum(p.numel() for p in self.model.parameters())

    def __getstate__(self) -> dict[str, Any]:
        # A model that has returned inner layers holds local functions of transformers, which do not pickle.
        parts = type(self.model), self.model.config, self.model.state_dict(), self.model.device, self.model.dtype
        return {**self.__dict__, "model": parts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kind, config, weights, device, dtype = state["model"]
        model = kind(config).eval().requires_grad_(False)
        model.load_state_dict(weights)
        self.__dict__.update(state, model=model.to(device=device, dtype=dtype))

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> dict[Features, NDArray[np.float32]]:
        """Return float32 (n, width) for each wanted state, in the order of `texts`, from one pass.

        Args:
            texts: n texts.
            wanted: The states to return.
            progress: Told how many texts are done after each batch.

        Raises:
            UserError: For a layer the model does not have.
            ModelError: Where the model computes NaN or infinity.
        """
        import torch

        self._check_layers(wanted)
        token_ids = self._tokenise(texts)
        lengths = np.array([len(ids) for ids in token_ids], dtype=np.int64)
        result = {features: np.empty((len(texts), self.width), np.float32) for features in wanted}
        done = 0
        for rows in length_sorted_batches(lengths, TOKEN_BUDGET, self.batch_size):
            with torch.inference_mode():
                pooled = self._forward([token_ids[row] for row in rows], wanted)
            for features, values in pooled.items():
                result[features][rows] = values.float().cpu().numpy()
            done += len(rows)
            if progress:
                progress("encode", done, len(texts))
        for features, table in result.items():
            if not np.isfinite(table).all():
                raise ModelError(
                    f"Model {self.name}: layer {features.layer} computes NaN or infinity. Its weights are broken, or "
                    "--dtype is too narrow for it: try --dtype float32 or another model."
                )
        return result

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than `max_length` tokens."""
        # The number of characters tells nothing: one emoji can be four tokens, one ligature eighteen letters.
        return sum(len(ids) > self.max_length for ids in self._tokenise(texts, truncation=False))

    def _tokenise(self, texts: Sequence[str], truncation: bool = True) -> list[list[int]]:
        token_ids: list[list[int]] = []
        for start in range(0, len(texts), TOKENISED_AT_ONCE):
            token_ids += self.tokenizer(
                list(texts[start : start + TOKENISED_AT_ONCE]),
                truncation=truncation,
                max_length=self.max_length if truncation else None,
                return_attention_mask=False,
                return_token_type_ids=False,
                verbose=False,
            )["input_ids"]
        # A tokenizer without special tokens gives an empty text no token at all, and a model needs one.
        return [ids or [self.tokenizer.pad_token_id] for ids in token_ids]

    def _check_layers(self, wanted: Sequence[Features]) -> None:
        n_layers = self.model.config.num_hidden_layers
        for features in wanted:
            if not -n_layers - 1 <= features.layer <= n_layers:
                raise UserError(
                    f"Model {self.name} has layers 0..{n_layers}, but layer {features.layer} was asked for."
                )

    def _forward(self, token_ids: list[list[int]], wanted: Sequence[Features]) -> dict[Features, "torch.Tensor"]:
        import torch
        from torch.nn.utils.rnn import pad_sequence

        rows = [torch.tensor(ids) for ids in token_ids]
        inputs = pad_sequence(rows, batch_first=True, padding_value=self.tokenizer.pad_token_id)  # (batch, tokens)
        lengths = torch.tensor([len(ids) for ids in token_ids])
        mask = torch.arange(inputs.shape[1])[None] < lengths[:, None]
        device = self.model.device
        only_last = all(features.layer == -1 for features in wanted)
        output = self.model(
            input_ids=inputs.to(device), attention_mask=mask.long().to(device), output_hidden_states=not only_last
        )
        states = (output.last_hidden_state,) if only_last else output.hidden_states  # each (batch, tokens, width)
        return {f: _pool(states[f.layer], mask.to(device), f.pooling) for f in wanted}


def _pool(states: "torch.Tensor", mask: "torch.Tensor", pooling: str) -> "torch.Tensor":
    """Turn (batch, tokens, width) into (batch, width)."""
    if pooling == "cls":
        return states[:, 0]
    if pooling == "max":
        return states.masked_fill(~mask[..., None], float("-inf")).amax(dim=1)
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def length_sorted_batches(
    lengths: NDArray[np.int64], token_budget: int, batch_size: int | None = None
) -> Iterator[NDArray[np.int64]]:
    """Yield row indices in batches of similar length, longest first.

    Longest first, so that running out of memory shows at once and the time left is never too hopeful.

    Args:
        lengths: Tokens of each text, int64 (n,).
        token_budget: Tokens a batch may hold, padding included; a longer text gets a batch of its own.
        batch_size: Texts a batch instead of the budget.

    Yields:
        Row indices, int64 (m,).
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        stop = start + (batch_size or max(token_budget // longest, 1))
        yield order[start:stop]
        start = stop


def weights_hash(directory: str) -> str:
    """Return the sha256 of a checkpoint's safetensors file; of several, that of their sha256s in the order of names."""
    from harness.storage import sha256_of

    hashes = [sha256_of(file) for file in sorted(Path(directory).glob("*.safetensors"))]
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256(bytes.fromhex("".join(hashes))).hexdigest()
