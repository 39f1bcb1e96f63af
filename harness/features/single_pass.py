"""One pass over the encoder: the texts of all splits, each text once, shard by shard into entries of the cache."""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Encoder, Features, Progress, width_of
from harness.features.entry import Entry, EntryWriter, map_rows

ROWS_PER_SHARD = 8192  # of 768 numbers 25 MB: what is held at once, and what a kill can cost

Slot = tuple[int, Features]
"""Number of a split and a frozen state: what one entry holds."""


class FeaturePass:
    """Computes entries of the cache.

    Args:
        encoder: What computes them.
        splits: The texts of each split.
        done: Entries that are complete already.
        progress: Told how many texts of the pass are done.
    """

    def __init__(
        self,
        encoder: Encoder,
        splits: Sequence[Sequence[str]],
        done: Mapping[Slot, Entry],
        progress: Progress | None = None,
    ) -> None:
        self._encoder, self._splits, self._progress = encoder, splits, progress
        self._files = {slot: entry.file for slot, entry in done.items()}
        self._offsets = np.cumsum([0, *(len(split) for split in splits)])
        self._first = _first_occurrences(splits)
        self._encoded, self._total = 0, 0

    def run(self, writers: Mapping[Slot, EntryWriter], finished: Callable[[Slot, Entry], None]) -> None:
        """Write what is missing.

        Args:
            writers: For each slot to compute, what writes its entry; it may hold finished shards already.
            finished: Called with each slot and its complete entry.
        """
        todo = {k: self._begin(k, writers) for k in range(len(self._splits))}
        self._total = sum(
            self._new(k, rows, len(self._splits[k])).sum() for k, rows in todo.items() if rows is not None
        )
        for k, rows in todo.items():
            if rows is None:
                continue
            mine = {features: writer for (split, features), writer in writers.items() if split == k}
            # Now, because it loads an encoder that nobody used before, which is no part of what encoding costs.
            truncated = self._encoder.count_truncated(self._splits[k])
            self._files |= {(k, features): writer.file for features, writer in mine.items()}
            for start in range(rows, len(self._splits[k]), ROWS_PER_SHARD):
                self._shard(k, start, min(start + ROWS_PER_SHARD, len(self._splits[k])), mine)
            for features, writer in mine.items():
                finished((k, features), writer.finish(truncated))

    def _begin(self, split: int, writers: Mapping[Slot, EntryWriter]) -> int | None:
        """Return from which row on a split is to be computed, None where nothing of it is missing.

        All states of a split go on from the same row: a state computed without the others could come out
        different in its last digits.
        """
        mine = [writer for (k, _), writer in writers.items() if k == split]
        if not mine:
            return None
        while len({writer.rows for writer in mine}) > 1:  # shards of unequal size may end nowhere together
            rows = min(writer.rows for writer in mine)
            for writer in mine:
                writer.keep(rows)
        return mine[0].rows

    def _new(self, split: int, start: int, stop: int) -> NDArray[np.bool_]:
        """Return which of these rows hold a text that occurs nowhere before."""
        numbers = np.arange(self._offsets[split] + start, self._offsets[split] + stop)
        return np.asarray(self._first[numbers] == numbers)

    def _shard(self, split: int, start: int, stop: int, writers: Mapping[Features, EntryWriter]) -> None:
        started = time.perf_counter()
        new = self._new(split, start, stop)
        texts = [self._splits[split][start + row] for row in np.flatnonzero(new).tolist()]
        computed = self._encoder.encode(texts, list(writers), self._report_progress) if texts else {}
        tables = {f: np.empty((stop - start, width_of(f, self._encoder)), np.float32) for f in writers}
        for features, table in tables.items():
            if texts:
                table[new] = computed[features]
            self._copy_repeated(split, start, features, table, np.flatnonzero(~new))
        self._encoded += len(texts)
        seconds = time.perf_counter() - started
        for features, writer in writers.items():
            writer.append(tables[features], seconds)

    def _copy_repeated(
        self, split: int, start: int, features: Features, table: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> None:
        """Fill rows whose text came before, in this shard, an earlier one or an earlier split."""
        sources = self._first[self._offsets[split] + start + rows]
        splits = np.searchsorted(self._offsets, sources, side="right") - 1
        sources, here = sources - self._offsets[splits], (splits == split) & (sources >= self._offsets[split] + start)
        table[rows[here]] = table[sources[here] - start]
        for k in np.unique(splits[~here]):
            there = ~here & (splits == k)
            written = map_rows(self._files[k, features], (int(sources[there].max()) + 1, table.shape[1]))
            table[rows[there]] = written[sources[there]]

    def _report_progress(self, what: str, done: int, total: int) -> None:
        del total
        if self._progress:
            self._progress(what, self._encoded + done, int(self._total))


def _first_occurrences(splits: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    """Return for each text, counted through all splits, the number of the first text equal to it, int64 (n,)."""
    first: dict[str, int] = {}
    n = sum(len(split) for split in splits)
    return np.fromiter((first.setdefault(text, i) for i, text in enumerate(chain.from_iterable(splits))), np.int64, n)
