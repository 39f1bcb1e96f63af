"""Frozen features of one run, computed in one pass and shared by every strategy that wants them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.encoding import Encoder, Features, Progress


class FeatureCache:
    """Features in memory, each text encoded once.

    Args:
        encoder: What computes them.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._tables: dict[Features, tuple[dict[str, int], NDArray[np.float32]]] = {}

    def fill(self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None) -> None:
        """Encode the texts for all wanted states in one pass.

        Args:
            texts: Any texts; equal ones are encoded once.
            wanted: The states to keep.
            progress: Told how many texts are done.
        """
        unique = list(dict.fromkeys(texts))
        row_of = {text: row for row, text in enumerate(unique)}
        for features, values in self._encoder.encode(unique, wanted, progress).items():
            self._tables[features] = row_of, values

    def encode(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        """Return the features of the texts, encoding those not seen yet.

        Args:
            texts: n texts.
            features: The state to return.

        Returns:
            float32 (n, width), a copy: what a strategy does to it reaches nobody else.
        """
        row_of, values = self._tables.get(features, ({}, np.empty((0, self._encoder.width), np.float32)))
        if missing := [text for text in dict.fromkeys(texts) if text not in row_of]:
            fresh = self._encoder.encode(missing, [features])[features]
            row_of = {**row_of, **{text: len(values) + i for i, text in enumerate(missing)}}
            values = np.concatenate([values, fresh])
            self._tables[features] = row_of, values
        copied: NDArray[np.float32] = values[[row_of[text] for text in texts]]
        return copied
