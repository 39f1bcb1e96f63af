"""The `encode` of a trial: frozen features from the run's cache, or computed anew while a latency is measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Encoder, Features, resolved
from harness.features.cache import FeatureCache


class SwitchedEncoding:
    """Reads features of a run where it has them; within `computing` the encoder computes whatever is asked for.

    Args:
        features: Those of the run.
        encoder: What computes them.
    """

    def __init__(self, features: FeatureCache, encoder: Encoder) -> None:
        self._features, self._encoder, self._computes = features, encoder, False

    def __call__(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        """Return the frozen state of n texts, float32 (n, width), private to the caller."""
        if not self._computes:
            return self._features.encode(texts, features)
        wanted = resolved(features, self._encoder)
        return np.array(self._encoder.encode(texts, [wanted])[wanted], np.float32)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Compute meanwhile what texts would take that no run has seen."""
        self._computes = True
        try:
            yield
        finally:
            self._computes = False
