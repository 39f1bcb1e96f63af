"""The contract of encoders: texts -> frozen features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from harness.encoding.pooling import AUTO, POOLING_MODES, is_pooling, modes_of
from harness.encoding.tags import encoder_tags
from harness.errors import UserError

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""


@dataclass(frozen=True, order=True)
class Features:
    """Which frozen state of the encoder a strategy wants.

    Args:
        layer: 0 for the embeddings, 1..L for the blocks, or negative, counted from the last.
        pooling: `cls` takes the first token, `lasttoken` the last; `mean`, `max`, `mean_sqrt_len_tokens` and
            `weightedmean` go over all tokens of the text; `cls+mean` puts two states side by side; `auto` is what the
            encoder's checkpoint declares.
    """

    layer: int = -1
    pooling: str = "cls"

    def __post_init__(self) -> None:
        if not is_pooling(self.pooling):
            known = ", ".join((AUTO, *POOLING_MODES))
            raise UserError(f"pooling must be one of {known}, or several joined by '+', got {self.pooling!r}.")


class Encoder(Protocol):
    """A frozen pre-trained encoder; one that can say how long each text is, is a `TokenCounter`, too.

    Attributes:
        name: Hub id or path it was asked for by.
        revision: Commit of a hub checkpoint, None for a folder.
        directory: Local folder with configuration, weights and tokenizer, fit for `from_pretrained`.
        width: Numbers in one state, so in one feature vector, unless several poolings stand side by side in it.
        max_length: Tokens of the longest text it reads whole, special tokens included.
        n_parameters: Number of its weights.
        n_layers: Number of its blocks, so that it has the hidden layers 0..n_layers.
        fingerprint: Everything about it that can change its features, by name, such as hashes of its files;
            None where that is not known, then its features are never kept on disk.

    It may also declare what `EncoderTags` of `harness.encoding.tags` lists, such as its pooling.
    """

    name: str
    revision: str | None
    directory: str
    width: int
    max_length: int
    n_parameters: int
    n_layers: int
    fingerprint: Mapping[str, str | None] | None

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> Mapping[Features, NDArray[np.float32]]:
        """Return float32 (n, width) for each wanted state, in the order of `texts`, from one pass."""

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return how many of the texts are longer than `max_length` tokens."""


@runtime_checkable
class TokenCounter(Protocol):
    """What an encoder may do besides: say how many tokens each text has."""

    def count_tokens(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return the tokens of each of n texts before it is cut, special tokens included, int64 (n,)."""


def depth(encoder: Encoder | None) -> int:
    """Return the number of an encoder's blocks, 0 where there is no encoder."""
    return encoder.n_layers if encoder else 0


def pooling_of(encoder: Encoder | None) -> str:
    """Return what `auto` is for an encoder."""
    return encoder_tags(encoder).pooling


def resolved(features: Features, encoder: Encoder | None) -> Features:
    """Return the state that is meant: `auto` as the encoder pools."""
    return replace(features, pooling=pooling_of(encoder)) if features.pooling == AUTO else features


def missing_layer(features: Features, name: str, n_layers: int) -> str | None:
    """Say that an encoder has no such layer, None where it has it.

    Args:
        features: The state that is asked for.
        name: Of the encoder.
        n_layers: Number of its blocks.
    """
    if -n_layers - 1 <= features.layer <= n_layers:
        return None
    return f"Model {name} has layers 0..{n_layers}, but layer {features.layer} was asked for."


def width_of(features: Features, encoder: Encoder) -> int:
    """Return the numbers in one feature vector."""
    return encoder.width * len(modes_of(features.pooling))


def token_counts(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.int64] | None:
    """Return the tokens of each of n texts before it is cut, int64 (n,), None where the encoder cannot say."""
    return encoder.count_tokens(texts) if isinstance(encoder, TokenCounter) else None
