"""Frozen features of texts that come one list after the other: read where a run left them, else computed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Encoder, Features, resolved
from harness.encoding.tags import encoder_tags
from harness.features.cache import FeatureCache, key_of
from harness.features.directory import CacheDirectory
from harness.features.entry import DamagedEntryError

KEPT_FROM = 256  # texts; fewer are encoded in about the time it takes to keep them


class OnDemandFeatures:
    """Features of texts that no run has seen, computed when they are asked for; nothing is held between two calls.

    Args:
        encoder: What computes them.
        directory: The cache of runs, to be read and, for long lists of texts, written; None for neither.
        keep: Write to it.
        known: A list of texts that a run encoded: each of them is read from the cache, whatever it is asked for with.
    """

    def __init__(
        self,
        encoder: Encoder,
        directory: CacheDirectory | None = None,
        *,
        keep: bool = True,
        known: Sequence[str] = (),
    ) -> None:
        self._encoder, self._keep = encoder, keep
        self._known, self._places = known, {text: row for row, text in enumerate(known)}
        self._fingerprint = encoder_tags(encoder).fingerprint
        self._directory = directory if self._fingerprint is not None else None

    def encode(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        """Return the frozen state of n texts, float32 (n, width), private to the caller."""
        features = resolved(features, self._encoder)
        if (kept := self._kept(texts, features)) is not None:
            return kept
        if self._keep and len(texts) >= KEPT_FROM:
            return self._filled(texts, features).encode(texts, features)
        return self._computed(texts, features)

    def _computed(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        """Return features of texts, those of known ones from the cache."""
        rows = [i for i, text in enumerate(texts) if text in self._places]
        table = self._kept(self._known, features) if rows else None
        if table is None:
            return np.array(self._encoder.encode(texts, [features])[features], np.float32)
        result = np.empty((len(texts), table.shape[1]), np.float32)
        result[rows] = table[[self._places[texts[i]] for i in rows]]
        if others := [i for i, text in enumerate(texts) if text not in self._places]:
            result[others] = self._encoder.encode([texts[i] for i in others], [features])[features]
        return result

    def standardised(self, texts: Sequence[str], features: Features) -> tuple[Any, NDArray[np.float32]]:
        """Return a scaler fitted on the features of n texts, and these features standardised by it."""
        return self._filled(texts, features).standardised(texts, features)

    def _kept(self, texts: Sequence[str], features: Features) -> NDArray[np.float32] | None:
        if self._directory is None or not len(texts):
            return None
        try:
            entry = self._directory.open(key_of(texts, features, self._encoder, self._fingerprint or {}))
            return entry.map() if entry else None
        except (DamagedEntryError, FileNotFoundError, ValueError):
            return None  # what is computed then takes its place

    def _filled(self, texts: Sequence[str], features: Features) -> FeatureCache:
        cache = FeatureCache(self._encoder, self._directory)
        cache.fill([texts], [features])
        return cache
