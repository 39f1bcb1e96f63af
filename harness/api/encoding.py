"""Files with any number of texts -> a folder of their frozen features, shard by shard."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harness.api.row_texts import Notes, Tell, text_column_of
from harness.config.run_config import RunConfig
from harness.data.column_choice import is_missing, refuse_bad_texts
from harness.data.row_stream import RowStream
from harness.data.streamed_files import open_rows
from harness.encoding.encoder import Features, missing_layer, resolved, width_of
from harness.encoding.tags import encoder_tags
from harness.errors import DataError, UserError
from harness.executors.shards import HereShards, PooledShards, open_shards
from harness.features.single_pass import ROWS_PER_SHARD
from harness.results.encoded_texts import SHOWN, EncodedTexts, hash_of_cells

if TYPE_CHECKING:
    from harness.encoding.encoder import Encoder
    from harness.runs.reporter import Reporter

COMPARING = "comparing the texts with the parts that are there"
BATCH_TOKENS = 2048  # unless others are asked for: the same everywhere, so that a shard's last digits are, too


@dataclass(frozen=True)
class EncodedFiles:
    """What came of files.

    Attributes:
        n_rows: Rows, all of which have features.
        n_without_text: Those of them that have no text; their features are NaN.
        n_encoded: Rows that were encoded now; the others were there.
        n_cut: Those of them whose texts are longer than the encoder reads, or is to read.
        width: Numbers in the features of a row.
        seconds: What all of it took, the loading of the encoder left out.
    """

    n_rows: int
    n_without_text: int
    n_encoded: int
    n_cut: int
    width: int
    seconds: float


def encode_files(
    sources: Sequence[str],
    folder: Path,
    config: RunConfig,
    features: Features,
    reporter: "Reporter",
    tell: Tell = lambda note: None,
    *,
    plugins: Sequence[object] = (),
    kind: str | None = None,
    shard_rows: int = ROWS_PER_SHARD,
) -> EncodedFiles:
    """Encode all texts of files, in their order, into a folder; shards that are there already are kept.

    Args:
        sources: The files.
        folder: The folder, see `harness.results.encoded_texts`.
        config: Encoder, column of the texts, how files are read, device and where shards are encoded.
        features: The state that is wanted.
        reporter: Told how far it is.
        tell: Told each note as soon as it is known.
        plugins: Modules or objects with hooks, besides those that `config` names.
        kind: What the files hold, where their endings do not say.
        shard_rows: Rows of a shard: what is held at once, and what a kill can cost.

    Raises:
        UserError: For a file named twice, a folder that holds anything else or finished parts of other texts, or a
            layer that the encoder has not.
        DataError: For a file that cannot be read, or rows that hold no texts.
        UnavailableError: Where the disk refuses, or a worker is lost; what is done is kept.
    """
    from harness.runs.opening import open_encoder

    if missing := [source for source in sources if not Path(source).expanduser().is_file()]:
        raise DataError(f"There is no file {missing[0]}. Name files with a text a row.")
    _refuse_twice(sources)
    if config.batch_tokens == "auto":
        config = config.model_copy(update={"batch_tokens": BATCH_TOKENS})
    encoder, executor = open_encoder(config, plugins)
    with closing(executor):
        if reason := missing_layer(features, encoder.name, encoder.n_layers):
            raise UserError(reason)
        features = resolved(features, encoder)
        encoded, notes = EncodedTexts(folder, _about(encoder, features, config, shard_rows)), Notes(tell)
        with encoded.claimed():
            count = _Count(reporter)
            encoded.begin(_announced(_shards_of(sources, shard_rows, config, notes, kind), reporter))
            with open_shards(executor, encoder, features, count.within_shard, offline=config.offline) as shards:
                way = _Way(encoded, shards, encoder, width_of(features, encoder), count)
                for cells in _shards_of(sources, shard_rows, config, notes, kind, count):
                    way.take(cells)
                done = way.finish()
    if encoded.damaged:
        notes.add([f"Parts that were damaged and were encoded again: {_listed(encoded.damaged)}"])
    if done.n_cut:
        told = f"Texts encoded now that are longer than {encoder.max_length:,} tokens, and so were cut: {done.n_cut:,}"
        notes.add([told])
    return done


def _announced(shards: Iterator[list[str | None]], reporter: "Reporter") -> Iterator[list[str | None]]:
    reporter.progress(COMPARING, 0, 0)
    yield from shards


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


def _shards_of(
    sources: Sequence[str],
    shard_rows: int,
    config: RunConfig,
    notes: Notes,
    kind: str | None,
    count: "_Count | None" = None,
) -> Iterator[list[str | None]]:
    """Yield the texts of each shard of files, which may begin in one and end in another."""
    from harness.huggingface.hub_dataset import read_options

    cells: list[str | None] = []
    for source in sources:
        with open_rows(source, options=read_options(config), kind=kind) as rows:
            if count:
                count.expect(rows.n_rows)
            texts = _texts(rows, text_column_of(rows, config.text_column, None, notes), notes)
            while more := list(islice(texts, shard_rows - len(cells))):
                cells += more
                if len(cells) == shard_rows:
                    yield cells
                    cells = []
    if cells:
        yield cells


def _refuse_twice(sources: Sequence[str]) -> None:
    """Refuse a file that is named twice, also by a link."""
    seen: set[str] = set()
    for source in sources:
        if (path := os.path.realpath(Path(source).expanduser())) in seen:
            raise UserError(f"{source} is named twice, so its texts would be encoded twice. Name it once.")
        seen.add(path)


def _about(encoder: "Encoder", features: Features, config: RunConfig, shard_rows: int) -> dict[str, Any]:
    """Return what the features are of."""
    return {
        "model": encoder.name,
        "encoder": encoder_tags(encoder).fingerprint or {"name": encoder.name, "revision": encoder.revision},
        "layer": features.layer,
        "pooling": features.pooling,
        "max_length": encoder.max_length,
        "width": width_of(features, encoder),
        "batch_tokens": config.batch_tokens,
        "shard_rows": shard_rows,
    }


class _Count:
    """How many rows of how many are done, and told; rows of files are known once these are opened.

    Args:
        reporter: Told it.
    """

    def __init__(self, reporter: "Reporter") -> None:
        self._reporter, self._done, self._total = reporter, 0, 0
        reporter.stage("encode", 1, 1)

    def expect(self, n_rows: int | None) -> None:
        """Take note of the rows of a file, None where nobody knows them."""
        self._total += n_rows or 0

    def add(self, n_rows: int) -> None:
        """Take note of rows that are done."""
        self._done += n_rows
        if self._done <= self._total:
            self._reporter.progress("encode", self._done, self._total)
        else:
            self._reporter.progress(f"{self._done:,} texts", 0, 0)

    def within_shard(self, what: str, done: int, total: int) -> None:
        """Tell of rows that are done of a shard that is encoded in this process."""
        if self._done + total <= self._total:
            self._reporter.progress(what, self._done + done, self._total)


def _texts(rows: RowStream, column: str, notes: Notes) -> Iterator[str | None]:
    """Yield the text of each row, None where it has none."""
    before, where = 0, f"{rows.path}, column {column!r}"
    for chunk in rows.chunks:
        cells = [None if is_missing(cell) else cell for cell in chunk[column]]
        refuse_bad_texts(("" if cell is None else cell for cell in cells), where, before)
        before += len(cells)
        yield from cells
    notes.add(f"In {rows.path}: {note}" for note in rows.notes)


class _Way:
    """The way of all texts into the folder; it holds no more of them than are under way.

    Args:
        encoded: The folder.
        shards: Where shards are encoded.
        encoder: What encodes them.
        width: Numbers in the features of a row.
        count: Told what is done.
    """

    def __init__(
        self,
        encoded: EncodedTexts,
        shards: HereShards | PooledShards,
        encoder: "Encoder",
        width: int,
        count: _Count,
    ) -> None:
        self._encoded, self._shards, self._encoder, self._count = encoded, shards, encoder, count
        self._width = width
        self._under_way: dict[int, tuple[str, list[int], int]] = {}  # shard -> hash, rows with a text, rows
        self._n_shards = self._n_rows = self._n_without_text = self._n_encoded = self._n_cut = 0
        self._started = time.perf_counter()

    def take(self, cells: list[str | None]) -> None:
        """Hand the next shard over, once there is room, unless it is there already."""
        shard, self._n_shards = self._n_shards, self._n_shards + 1
        rows = [row for row, text in enumerate(cells) if text is not None]
        self._n_rows += len(cells)
        self._n_without_text += len(cells) - len(rows)
        if self._encoded.holds(shard, cells):
            self._count.add(len(cells))
            return
        self._n_encoded += len(cells)
        self._under_way[shard] = hash_of_cells(cells), rows, len(cells)
        texts = [text for text in cells if text is not None]
        self._shards.start(shard, texts)
        self._n_cut += self._encoder.count_truncated(texts)
        self._write_ended()
        while self._shards.running >= self._shards.at_a_time:
            self._write_ended()

    def finish(self) -> EncodedFiles:
        """Wait for all shards, and return what came of it."""
        while self._under_way:
            self._write_ended()
        self._encoded.finish(self._n_rows, self._n_shards)
        seconds = time.perf_counter() - self._started
        counted = (self._n_rows, self._n_without_text, self._n_encoded, self._n_cut)
        return EncodedFiles(*counted, self._width, seconds)

    def _write_ended(self) -> None:
        for shard, values in self._shards.ended():
            digest, rows, n = self._under_way.pop(shard)
            self._encoded.write(shard, digest, self._placed(values, rows, n))
            self._count.add(n)

    def _placed(self, values: NDArray[np.float32], rows: Sequence[int], n: int) -> NDArray[np.float32]:
        """Return features of n rows, NaN where there is no text."""
        if len(rows) == n:
            return values
        table = np.full((n, self._width), np.nan, np.float32)
        table[rows] = values
        return table
