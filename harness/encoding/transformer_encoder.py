"""The encoder that transformers loads: length-sorted batches, one pass for all wanted states, no work nobody reads."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.batching import Batch, TokenIds, batches_by_length
from harness.encoding.encoder import Features, Progress, missing_layer, resolved, width_of
from harness.encoding.engine import FIRST_TOKEN, TORCH, Engine, is_exact, layer_output
from harness.encoding.first_token import first_token_beside, first_token_only, supports_first_token_only
from harness.encoding.padding import mask_of, moved, padded
from harness.encoding.pooling import PoolingSource, pool
from harness.encoding.precision import computing, format_of
from harness.encoding.token_budget import TokenBudget
from harness.errors import ModelError, UserError
from harness.system.out_of_memory import is_out_of_memory

if TYPE_CHECKING:
    import torch

PORTION = 4096  # texts whose tokens are counted at once


@dataclass
class TransformerEncoder:
    """An `Encoder` around a transformers model and its tokenizer, which are loaded when they are first needed.

    Args:
        name: Hub id or path it was asked for by.
        revision: Commit of a hub checkpoint, None for a folder.
        directory: Local folder of the checkpoint.
        load: Returns the transformers model, in evaluation mode, on its device, and its tokenizer with a pad
            token; it pickles where the encoder is to pickle.
        width: Numbers in one feature vector.
        max_length: Tokens of the longest text it reads whole, special tokens included.
        n_parameters: Number of its weights.
        n_layers: Number of its blocks.
        fingerprint: Everything that can change its features, by name, None to keep none on disk.
        budget: Tokens a batch, and how that came to be.
        notes: Warnings for whoever reads its scores, one sentence each.
        pooling: What `Features(pooling="auto")` is.
        pooling_source: Where that stands.
        prompt: Put before each text.
        pools_prompt: Whether tokens of the prompt are pooled, too.
        other_engine: What computes its states, None for torch.
        dtype: float32 or bfloat16, what its products are computed in.
    """

    name: str
    revision: str | None
    directory: str
    load: Callable[[], tuple[Any, Any]]
    width: int
    max_length: int
    n_parameters: int
    n_layers: int
    fingerprint: Mapping[str, str | None] | None = None
    budget: TokenBudget = field(default_factory=TokenBudget)
    notes: tuple[str, ...] = ()
    pooling: str = "cls"
    pooling_source: PoolingSource = "default"
    prompt: str = ""
    pools_prompt: bool = True
    other_engine: Engine | None = None
    dtype: str = "float32"

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        return self.load()

    def with_parts(self, parts: tuple[Any, Any]) -> "TransformerEncoder":
        """Hand over a model and tokenizer that were loaded already, and return this encoder."""
        self.__dict__["_parts"] = parts
        return self

    @property
    def model(self) -> Any:
        """The transformers model."""
        return self._parts[0]

    @property
    def tokenizer(self) -> Any:
        """The tokenizer."""
        return self._parts[1]

    @property
    def token_budget(self) -> int | None:
        """Tokens a batch, None before it was settled."""
        return self.budget.tokens

    @property
    def degradations(self) -> tuple[str, ...]:
        """What went otherwise than planned, one sentence each."""
        return tuple(self.budget.degradations)

    def __getstate__(self) -> dict[str, Any]:  # models that returned inner layers do not pickle: loaded anew
        return {name: value for name, value in self.__dict__.items() if name not in ("_parts", "can_skip")}

    @property
    def engine(self) -> str:
        """What computes its states: torch, or another one with its version."""
        return self.other_engine.name if self.other_engine else TORCH

    @property
    def _device(self) -> "torch.device":
        import torch

        return torch.device("cpu") if self.other_engine else self.model.device

    @cached_property
    def can_skip(self) -> bool:
        """Whether the last block can be computed for the first token alone."""
        return supports_first_token_only(self.model)

    @cached_property
    def _minds_padding(self) -> bool:
        """Whether padding changes a text's states in spite of the mask, as in FNet and ConvBERT, of any layer."""
        if self.can_skip:  # a family that does not, and its mask was tried
            return False
        ids = self.tokenise(["is the padding of this text read?"])[0]
        means = [Features(0, "mean"), Features(-1, "mean")]
        short = ids[: max(len(ids) // 2, self.prompt_tokens) + 1]
        try:
            alone, padded = (self._compute(batch, means) for batch in ([short], [ids, short]))
        except Exception as error:
            if is_out_of_memory(error):
                return True  # not known, so the safe side
            raise
        rounding = 1e-4 if format_of(self.model) == "float32" and is_exact(self.other_engine) else 0.1
        pairs = ((alone[mean][-1].float(), padded[mean][-1].float()) for mean in means)
        return any(bool((one - two).abs().max() > rounding * one.abs().max()) for one, two in pairs)

    def skips_last_layer(self, wanted: Sequence[Features]) -> bool:
        """Return whether the last block is computed for the first token only: of its layer nothing else is wanted."""
        return all(map(self._is_first_token, filter(self._is_last, wanted))) and self.can_skip

    def _is_last(self, features: Features) -> bool:
        return features.layer in (-1, self.n_layers)

    def _is_first_token(self, features: Features) -> bool:
        return self._is_last(features) and features.pooling == "cls"

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> dict[Features, NDArray[np.float32]]:
        """Return float32 (n, width) for each wanted state, in the order of `texts`, from one pass.

        Where memory runs out, batches are halved and the pass goes on; `degradations` tells.

        Args:
            texts: n texts.
            wanted: The states to return.
            progress: Told how many texts are done after each batch.

        Raises:
            UserError: For a layer the model does not have.
            ModelError: Where the model computes NaN or infinity, or memory cannot hold a single text.
        """
        import torch

        asked, wanted = wanted, list(dict.fromkeys(resolved(features, self) for features in wanted))
        self._check_layers(wanted)
        self._check_prompt()
        device = self._device
        shapes = {features: (len(texts), width_of(features, self)) for features in wanted}
        tables = {f: torch.empty(shape, dtype=torch.float32, device=device) for f, shape in shapes.items()}
        done = 0
        skips = texts and not self.other_engine and self.skips_last_layer(wanted)
        short = first_token_only(self.model) if skips else contextlib.nullcontext()
        with torch.inference_mode(), computing(self.model), short:
            self.budget.settle(texts, self.tokenise, self._compute, device.type)
            padding = not self._minds_padding
            for batch in batches_by_length(texts, self.tokenise, lambda: self.budget.tokens or 1, padding):
                for part, states in self._in_memory(batch, wanted):
                    rows = torch.from_numpy(part.rows).to(device, non_blocking=True)
                    for features, table in tables.items():
                        table.index_copy_(0, rows, states[features].float())
                    done += len(part.rows)
                    if progress:
                        progress("encode", done, len(texts))
        checked = {features: self._checked(features, table.cpu().numpy()) for features, table in tables.items()}
        return {features: checked[resolved(features, self)] for features in asked}

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than `max_length` tokens."""
        # The number of characters tells nothing: one emoji can be four tokens, one ligature eighteen letters.
        return int((self.count_tokens(texts) > self.max_length).sum())

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the tokens of each of n texts before it is cut, special tokens included, int64 (n,)."""
        portions = (texts[start : start + PORTION] for start in range(0, len(texts), PORTION))
        counts = (len(ids) for portion in portions for ids in self._ids(portion, truncation=False))
        return np.fromiter(counts, dtype=np.int64)

    def tokenise(self, texts: Sequence[str]) -> TokenIds:
        """Return the token ids of each text, prompt and special tokens included, cut off at `max_length`."""
        # A tokenizer without special tokens gives an empty text no token at all, and a model needs one.
        return [ids or [self.tokenizer.pad_token_id] for ids in self._ids(texts, truncation=True)]

    def _ids(self, texts: Sequence[str], truncation: bool) -> TokenIds:
        if not texts:
            return []
        ids: TokenIds = self.tokenizer(
            [self.prompt + text for text in texts],
            truncation=truncation,
            max_length=self.max_length if truncation else None,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )["input_ids"]
        return ids

    def _check_layers(self, wanted: Sequence[Features]) -> None:
        for features in wanted:
            if problem := missing_layer(features, self.name, self.n_layers):
                raise UserError(problem)

    @cached_property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, the special one that ends a text left out."""
        ids = self._ids([""], truncation=False)[0] if self.prompt else []
        return len(ids) - bool(ids and ids[-1] in self.tokenizer.all_special_ids)

    def _check_prompt(self) -> None:
        if self.prompt and self.prompt_tokens + 2 > self.max_length:
            raise UserError(
                f"The prompt before each text has {self.prompt_tokens} tokens, and model {self.name} reads at most "
                f"{self.max_length}, so that nothing of the texts is left. Give a shorter --prompt."
            )

    def _checked(self, features: Features, table: NDArray[np.float32]) -> NDArray[np.float32]:
        if not np.isfinite(table).all():
            raise ModelError(
                f"Model {self.name}: layer {features.layer} computes NaN or infinity. Its weights are broken, or "
                "--dtype is too narrow for it: try --dtype float32 or another model."
            )
        return table

    def _in_memory(
        self, batch: Batch, wanted: Sequence[Features]
    ) -> Iterator[tuple[Batch, dict[Features, "torch.Tensor"]]]:
        """Yield the states of a batch, of its halves where it does not fit into memory, and so on."""
        try:
            states = self._compute(batch.token_ids, wanted)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            states = None
        if states is not None:
            yield batch, states
            return
        if len(batch.rows) == 1:
            raise ModelError(
                f"Model {self.name}: memory does not hold even one text of {batch.length} tokens. Choose a smaller "
                "--model, another --device or close other programs."
            )
        self.budget.halve(len(batch.rows) * batch.length)
        for half in batch.halves():
            yield from self._in_memory(half, wanted)

    def _compute(self, token_ids: TokenIds, wanted: Sequence[Features]) -> dict[Features, "torch.Tensor"]:
        """Return the wanted states (m, width) of m texts, on the device, without waiting for it."""
        inputs, lengths = padded(token_ids, self.tokenizer.pad_token_id)
        mask = mask_of(lengths, inputs.shape[1], self._device)
        if self.other_engine:
            taken = self.other_engine.states(self, inputs, mask, [self._output_of(f) for f in wanted])
        else:
            taken = self._states(inputs, mask, wanted)
        skip = 0 if self.pools_prompt else self.prompt_tokens
        return {f: pool(state, mask, f.pooling, skip) for f, state in zip(wanted, taken, strict=True)}

    def _states(self, inputs: "torch.Tensor", mask: Any, wanted: Sequence[Features]) -> list["torch.Tensor"]:
        """Return the state of each token, (m, tokens, width), that each of the wanted ones is pooled of."""
        only_last = all(map(self._is_last, wanted))
        with self._first_token_beside(wanted) as first:
            output = self.model(
                input_ids=moved(inputs, self._device),
                attention_mask=None if mask is None else mask[:, None, None] if self.can_skip else mask.long(),
                output_hidden_states=not only_last,
            )
        states = (*(output.hidden_states or [None])[:-1], output.last_hidden_state)
        return [first[0] if first and self._is_first_token(f) else states[-1 if only_last else f.layer] for f in wanted]

    def _output_of(self, features: Features) -> str:
        """Return what engines call the state that features are pooled of."""
        if self._is_first_token(features) and self.can_skip:
            return FIRST_TOKEN
        return layer_output(features.layer % (self.n_layers + 1))

    def _first_token_beside(self, wanted: Sequence[Features]) -> AbstractContextManager[list[Any]]:
        """Also compute the first token by the short path, where others of its layer are wanted, too."""
        of_last = {self._is_first_token(features) for features in wanted if self._is_last(features)}
        return first_token_beside(self.model) if len(of_last) > 1 and self.can_skip else contextlib.nullcontext([])
