"""An encoder that costs nothing: what it says of a text is drawn from the text's own letters."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Features, Progress

CLS, MEAN = Features(-1, "cls"), Features(-1, "mean")
ROWS_IN_THREE_SHARDS = 20_000


def nothing(number: int) -> None:
    """Do nothing."""


@dataclass
class LetterEncoder:
    """An `Encoder` whose features are a hash of the text, the state and `says`, each 8 numbers in 0..1.

    Args:
        fingerprint: What its features depend on; None keeps them out of the cache.
        before: Called with the number of each pass, from 1, before it computes anything.
        says: Another one means other weights.
        max_length: Letters that it reads.
    """

    fingerprint: Mapping[str, str | None] | None = field(default_factory=lambda: {"weights": "letters"})
    before: Callable[[int], None] = nothing
    says: str = ""
    max_length: int = 64
    name: str = "letters"
    revision: str | None = None
    directory: str = ""
    width: int = 8
    n_parameters: int = 0
    n_layers: int = 1
    asked: list[tuple[list[str], list[Features]]] = field(default_factory=list)

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> dict[Features, NDArray[np.float32]]:
        """Return the features, and note what was asked for."""
        self.asked.append((list(texts), list(wanted)))
        self.before(len(self.asked))
        if progress:
            progress("encode", len(texts), len(texts))
        return {features: self._table(texts, features) for features in wanted}

    def count_truncated(self, texts: Sequence[str]) -> int:
        """Return how many texts are longer than it reads."""
        return sum(len(text) > self.max_length for text in texts)

    @property
    def texts_encoded(self) -> list[str]:
        """All texts it was asked for, in order."""
        return [text for texts, _ in self.asked for text in texts]

    def _table(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        salt = f"{features}{self.says}".encode()
        drawn = b"".join(
            hashlib.blake2b(salt + text[: self.max_length].encode(), digest_size=32).digest() for text in texts
        )
        return (np.frombuffer(drawn, "<u4").astype(np.float32) / 2**32).reshape(-1, self.width)


def many_texts(n: int = ROWS_IN_THREE_SHARDS) -> tuple[str, ...]:
    """Return n texts, all different."""
    return tuple(f"text {i}" for i in range(n))
