"""Frozen features for strategies: computed in one pass, kept on disk, handed out as private copies."""

import copy
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.data.task import texts_hash
from harness.encoding.encoder import Encoder, Features, Progress, resolved, width_of
from harness.encoding.tags import encoder_tags
from harness.errors import UnavailableError
from harness.features.directory import CacheDirectory
from harness.features.entry import SCHEMA_VERSION, DamagedEntryError, Entry, EntryWriter, map_rows, npy_header
from harness.features.scaling import fitted_scaler, windows
from harness.features.single_pass import FeaturePass, Slot
from harness.system.disk_errors import disk_errors
from harness.system.temporary_folders import temporary_folder

WAITING = "waiting for another run that computes the same features"
OWN_PARTS = ("texts", "layer", "pooling", "max_length", "format")  # of a key; the rest is the encoder's fingerprint

Source = Literal["computed", "cached", "partly cached"]


@dataclass(frozen=True)
class Cost:
    """What the features of a strategy cost: seconds to compute them, and whether this run did."""

    seconds: float
    source: Source


def key_of(
    texts: Sequence[str], features: Features, encoder: Encoder, fingerprint: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all that can change the features of these texts, by name.

    Not among it, because they change a number by rounding at most: the batches, the number of threads, what
    else is computed in the same pass. Names of data sets and strategies change nothing.
    """
    if taken := sorted({*OWN_PARTS} & {*fingerprint}):
        raise ValueError(f"the fingerprint of encoder {encoder.name} must not name its parts {', '.join(taken)}")
    return {
        "texts": texts_hash(texts),
        "layer": features.layer,
        "pooling": features.pooling,
        "max_length": encoder.max_length,
        **fingerprint,
        "format": SCHEMA_VERSION,
    }


class FeatureCache:
    """Features of all strategies of a run.

    Args:
        encoder: What computes them. Without a `fingerprint` its features are kept for this run only.
        directory: The cache on disk, None to keep features for this run only.
        data: What `harness cache list` calls the data set.
        scratch: Folder to be made for features that no cache keeps; None for one of the system's that goes with this
            object.

    Attributes:
        splits: Lists of texts that it has features of.
        notes: What went otherwise than planned, one sentence each.
    """

    def __init__(
        self,
        encoder: Encoder,
        directory: CacheDirectory | None = None,
        data: str | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._encoder = encoder
        self._fingerprint = encoder_tags(encoder).fingerprint
        self._directory = directory if self._fingerprint is not None else None
        self._about = {"model": encoder.name, "data": data}
        self._scratch = scratch
        self.splits: list[tuple[str, ...]] = []
        self._entries: dict[Slot, Entry] = {}
        self._computed: set[Slot] = set()
        self._damaged: dict[Slot, str] = {}
        self._places: dict[Features, dict[str, tuple[int, int]]] = {}
        self._others: dict[Features, dict[str, NDArray[np.float32]]] = {}
        self._standardised: dict[Slot, tuple[Any, Path]] = {}
        self.notes: list[str] = []

    def fill(
        self, splits: Sequence[Sequence[str]], wanted: Sequence[Features], progress: Progress | None = None
    ) -> None:
        """Compute in one pass, or read, the wanted states of all splits.

        Args:
            splits: The texts of each split; equal ones are encoded once.
            wanted: The states to keep.
            progress: Told how many texts are done.

        Raises:
            UnavailableError: Where neither the cache nor a temporary folder can be written.
        """
        self.splits += [split for split in dict.fromkeys(map(tuple, splits)) if split not in self.splits]
        slots = list(product(range(len(self.splits)), self._meant(wanted)))
        if self._directory:
            try:
                return self._fill(self._directory, slots, progress)
            except UnavailableError as error:
                self._note(f"features are not kept for the next run: {error}")
        return self._fill(CacheDirectory(self._temporary()), slots, progress)

    def __getstate__(self) -> dict[str, Any]:
        # Another process makes a temporary folder of its own: two that write into one would spoil each other's files.
        return {**self.__dict__, "_scratch": None, "_standardised": {}, "_places": {}, "_others": {}}

    def _meant(self, wanted: Sequence[Features]) -> list[Features]:
        return list(dict.fromkeys(resolved(features, self._encoder) for features in wanted))

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _fill(self, directory: CacheDirectory, slots: list[Slot], progress: Progress | None) -> None:
        keys = {slot: self._key(slot) for slot in slots if slot not in self._entries}
        self._places.clear()
        self._open(directory, keys)
        if not (missing := {slot: key for slot, key in keys.items() if slot not in self._entries}):
            return
        if progress:
            progress("encode", 0, sum(len(self.splits[k]) for k in {k for k, _ in missing}))
        with directory.locked(missing.values(), lambda: progress and progress(WAITING, 0, 0)):
            self._open(directory, missing)  # a run that held the lock may have computed them meanwhile
            self._discard_damaged(directory, missing)
            self._compute(
                directory, {slot: key for slot, key in missing.items() if slot not in self._entries}, progress
            )

    def _open(self, directory: CacheDirectory, keys: Mapping[Slot, dict[str, Any]]) -> None:
        for slot, key in keys.items():
            self._damaged.pop(slot, None)  # another run may have mended it since
            try:
                if entry := directory.open(key):
                    self._entries[slot] = entry
            except DamagedEntryError as error:
                self._damaged[slot] = str(error)

    def _discard_damaged(self, directory: CacheDirectory, keys: Mapping[Slot, dict[str, Any]]) -> None:
        """Remove entries that are still damaged, now that their lock is held."""
        for slot, reason in self._damaged.items():
            if slot in keys and slot not in self._entries:
                directory.discard(folder := directory.folder(keys[slot]))
                self._note(f"cached features in {folder} were damaged ({reason}) and are recomputed")
        self._damaged.clear()

    def _compute(
        self, directory: CacheDirectory, keys: Mapping[Slot, dict[str, Any]], progress: Progress | None
    ) -> None:
        writers = {
            slot: EntryWriter(
                directory.folder(key), key, (len(self.splits[slot[0]]), width_of(slot[1], self._encoder)), self._about
            )
            for slot, key in keys.items()
        }

        def finished(slot: Slot, entry: Entry) -> None:
            self._entries[slot] = entry
            self._computed.add(slot)

        try:
            FeaturePass(self._encoder, self.splits, self._entries, progress).run(writers, finished)
        except BaseException:
            for writer in writers.values():
                writer.leave()
            raise

    def _key(self, slot: Slot) -> dict[str, Any]:
        return key_of(self.splits[slot[0]], slot[1], self._encoder, self._fingerprint or {})

    @property
    def files(self) -> list[Path]:
        """Where the features lie, a file for each split and state."""
        return [entry.file for entry in self._entries.values()]

    def cost(self, wanted: Sequence[Features]) -> Cost | None:
        """Return what these states of all splits cost, None where they were not asked for in `fill`."""
        wanted = self._meant(wanted)
        slots = list(product(range(len(self.splits)), wanted))
        if not slots or any(slot not in self._entries for slot in slots):
            return None
        seconds = sum(max(self._entries[k, f].seconds for f in wanted) for k in range(len(self.splits)))
        computed = sum(slot in self._computed for slot in slots)
        return Cost(seconds, "computed" if computed == len(slots) else "partly cached" if computed else "cached")

    def truncated_texts(self, texts: Sequence[str]) -> int | None:
        """Return how many of a split's texts are cut off, None where its features were not computed."""
        known = (entry for (k, _), entry in self._entries.items() if self.splits[k] == tuple(texts))
        return next((entry.truncated_texts for entry in known), None)

    def encode(self, texts: Sequence[str], features: Features) -> NDArray[np.float32]:
        """Return the features of the texts, encoding those not seen yet.

        Args:
            texts: n texts.
            features: The state to return.

        Returns:
            float32 (n, width), private: what a strategy does to it reaches nobody else.
        """
        features = resolved(features, self._encoder)
        if slot := self._slot(texts, features):
            return self._table(slot)
        places, others = self._places_of_texts(features), self._others.setdefault(features, {})
        if missing := [text for text in dict.fromkeys(texts) if text not in places and text not in others]:
            others.update(zip(missing, self._encoder.encode(missing, [features])[features], strict=True))
        table = np.empty((len(texts), width_of(features, self._encoder)), np.float32)
        of_split: dict[int, list[tuple[int, int]]] = {}
        for row, text in enumerate(texts):
            if text in places:
                of_split.setdefault(places[text][0], []).append((row, places[text][1]))
            else:
                table[row] = others[text]
        for k, rows in of_split.items():
            here, there = np.array(rows).T
            table[here] = self._table((k, features))[there]
        return table

    def standardised(self, texts: Sequence[str], features: Features) -> tuple[Any, NDArray[np.float32]]:
        """Return a scaler fitted on the features of the texts, and these features standardised by it.

        Built once for all strategies that ask for the same, on disk, so that it needs no memory of its own.

        Args:
            texts: n texts; one of the splits where it is to be shared.
            features: The state to standardise.

        Returns:
            A fitted scikit-learn `StandardScaler` and float32 (n, width), both private to the caller.
        """
        features = resolved(features, self._encoder)
        slot = self._slot(texts, features)
        if slot is None:
            values = self.encode(texts, features)
            return (scaler := fitted_scaler(values)), scaler.transform(values)
        if slot not in self._standardised:
            values, file = self._table(slot), self._temporary() / f"standardised-{len(self._standardised)}.npy"
            scaler = fitted_scaler(values)
            with disk_errors(file, "the environment variable TMPDIR"), file.open("wb") as stream:
                stream.write(npy_header(values.shape))
                for window in windows(values):
                    stream.write(np.ascontiguousarray(scaler.transform(window), np.float32).data)
            self._standardised[slot] = scaler, file
        scaler, file = self._standardised[slot]
        return copy.deepcopy(scaler), map_rows(file, self._entries[slot].shape)

    def _slot(self, texts: Sequence[str], features: Features) -> Slot | None:
        """Return where exactly these texts have their features, None where they do not."""
        asked = tuple(texts)  # the same objects as a rule, so comparing costs next to nothing
        return next((s for s in self._entries if s[1] == features and self.splits[s[0]] == asked), None)

    def _table(self, slot: Slot) -> NDArray[np.float32]:
        """Map an entry; where somebody removed it meanwhile, all are read or computed anew."""
        try:
            return self._entries[slot].map()
        except (FileNotFoundError, ValueError):
            self._note(
                f"cached features were removed from {self._entries[slot].file.parent} during the run and are renewed"
            )
        states = list(dict.fromkeys(features for _, features in self._entries))
        self._entries.clear()
        self.fill(self.splits, states)
        return self._entries[slot].map()

    def _places_of_texts(self, features: Features) -> dict[str, tuple[int, int]]:
        """Return text -> split and row, of all splits that have these features."""
        if features not in self._places:
            splits = (k for k, state in self._entries if state == features)
            self._places[features] = {text: (k, row) for k in splits for row, text in enumerate(self.splits[k])}
        return self._places[features]

    def _temporary(self) -> Path:
        """Return the folder for what no cache keeps, by default one that goes when this object does."""
        if self._scratch is None:
            with disk_errors(Path(tempfile.gettempdir()), "the environment variable TMPDIR"):
                self._scratch = (held := ExitStack()).enter_context(temporary_folder())
            weakref.finalize(self, held.close)
        with disk_errors(self._scratch):
            self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch
