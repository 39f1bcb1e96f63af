"""Rows of a file -> the same rows with label, probabilities and margin, however many there are."""

import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.api.comparing import loaded
from harness.api.row_texts import Notes, Tell, text_column_of
from harness.config.run_config import build_config
from harness.data.column_choice import is_missing, refuse_bad_texts
from harness.data.row_stream import Chunk, RowStream
from harness.data.row_writer import RowWriter, check_ending, open_writer
from harness.data.streamed_files import open_rows
from harness.errors import UserError
from harness.executors.attempt import warning_lines
from harness.wording import quantities

if TYPE_CHECKING:
    from harness.api.comparing import Device
    from harness.api.result import RunResult
    from harness.runs.runner import Reporter
    from harness.runs.text_classifier import TextClassifier

PREDICTION, MARGIN, PROBABILITY = "prediction", "margin", "probability_"
OF_FILE = "input_"  # before the name of a column of the file that is called as one of those
STANDARD_INPUT = "-"
MOST_TOLD = 5  # chunks of rows whose warnings are told
INTERVAL = 5.0  # seconds between two counts of rows whose number nobody knows


@dataclass(frozen=True)
class PredictedFile:
    """What came of a file.

    Attributes:
        strategy: The one that predicted.
        seed: Of which it is.
        n_rows: Rows read and written.
        n_without_text: Those of them that have no text, and therefore no prediction.
        seconds: What reading, predicting and writing took, the loading of the classifier left out.
        notes: What was guessed, renamed or left out, a sentence each.
    """

    strategy: str
    seed: int
    n_rows: int
    n_without_text: int
    seconds: float
    notes: tuple[str, ...]


def predict_file(
    run: "RunResult",
    source: str,
    output: Path | None,
    reporter: "Reporter",
    tell: Tell = lambda note: None,
    *,
    strategy: str | None = None,
    seed: int | None = None,
    text_column: str | None = None,
    kind: str | None = None,
    header: bool | None = None,
    columns: Sequence[str] | str | None = None,
    encoding: str | None = None,
    quoting: Literal["auto", "yes", "no"] | None = None,
    model: str | Path | None = None,
    plugins: Sequence[Any] = (),
    device: "Device" = "auto",
    cache: bool = True,
    cache_dir: str | Path | None = None,
    offline: bool = False,
) -> PredictedFile:
    """Predict on all rows of a file, for `RunResult.predict_file`, which has the other arguments, and the command line.

    Args:
        run: Whose classifier predicts.
        source: A file, or "-" for standard input.
        output: A file, or None for CSV on standard output.
        reporter: Told how far it is.
        tell: Told each note as soon as it is known.
        strategy: Name of the strategy.
        seed: Its seed.
        text_column: Column of the texts.
        kind: What the source holds, where its ending does not say.
        header: Whether the first row names the columns.
        columns: Their names.
        encoding: Of the file.
        quoting: Whether quotation marks enclose cells.
        model: Encoder, where it is not where it was.
        plugins: Plugins that are not installed.
        device: Where to compute.
        cache: Read frozen features that runs have computed. None are written: a stream would fill the disk.
        cache_dir: Where they are.
        offline: Never touch the network.

    Raises:
        UserError: For an output that cannot be, or is the source.
        DataError: For a source that cannot be read, or rows that hold no texts.
    """
    from harness.huggingface.hub_dataset import read_options

    _refuse_bad_output(source, output)
    folder = run.classifier_folder(strategy, seed=seed)
    of_file = {"header": header, "columns": columns, "encoding": encoding, "quoting": quoting}
    of_cache = {"cache": cache, "cache_dir": None if cache_dir is None else str(cache_dir)}
    config = build_config({key: value for key, value in (of_file | of_cache).items() if value is not None})
    notes = Notes(tell)
    standard_input = sys.stdin.buffer if source == STANDARD_INPUT else None  # a notebook has no such
    with open_rows(source, standard_input, read_options(config), kind=kind) as rows:
        column = text_column_of(rows, text_column, run.run.config.text_column, notes)
        classifier = loaded(
            folder, model=model, plugins=(*run.plugins, *plugins), device=device, cache=config, offline=offline,
            keep=False, known=(run.facts and run.facts.texts) or (),
        )  # fmt: skip
        notes.add(classifier.notes)
        with open_writer(output) as writer:
            return _Prediction(classifier, rows, column, writer, notes).run(reporter)


def _refuse_bad_output(source: str, output: Path | None) -> None:
    if output is None:
        return
    check_ending(output)
    if source != STANDARD_INPUT and output.exists() and output.samefile(Path(source).expanduser()):
        raise UserError(f"{output} is the file that is read. Name another one, so that nothing of it is lost.")


class _Prediction:
    """The way of all rows through a classifier."""

    def __init__(
        self, classifier: "TextClassifier", rows: RowStream, column: str, writer: RowWriter, notes: Notes
    ) -> None:
        self._classifier, self._rows, self._column, self._writer = classifier, rows, column, writer
        self._notes = notes
        self._added = [PREDICTION, *(f"{PROBABILITY}{name}" for name in classifier.classes_), MARGIN]
        self._names = _names_of_file(rows.columns, self._added)
        self.n_rows = self.n_without_text = self.n_cut = self._n_chunks_told = 0

    def run(self, reporter: "Reporter") -> PredictedFile:
        renamed = {name: new for name, new in self._names.items() if new != name}
        self._tell_of_rows()
        self._notes.add(
            f"In {self._rows.path}: column {old!r} is written as {new!r}, since predictions have columns of that name"
            for old, new in renamed.items()
        )
        started = time.perf_counter()
        for chunk in self._counted(reporter):
            self._write(chunk)
        if not self.n_rows:
            self._write({name: [] for name in self._rows.columns})  # which names the columns
        self._tell_of_rows()
        if self.n_without_text:
            told = f"In {self._rows.path}: rows without a text, and so without a prediction: {self.n_without_text:,}"
            self._notes.add([told])
        if self.n_cut and (encoder := self._classifier.encoder):
            told = f"In {self._rows.path}: texts longer than the {encoder.max_length:,} tokens that the encoder reads"
            self._notes.add([f"{told}, and so cut: {self.n_cut:,}"])
        saved, seconds = self._classifier.saved, time.perf_counter() - started
        return PredictedFile(
            saved.strategy, saved.seed, self.n_rows, self.n_without_text, seconds, tuple(self._notes.all)
        )

    def _tell_of_rows(self) -> None:
        self._notes.add(f"In {self._rows.path}: {note}" for note in self._rows.notes)

    def _counted(self, reporter: "Reporter") -> Iterator[Chunk]:
        """Yield the chunks, and say how many rows of how many are done, or how many where nobody knows of how many."""
        started = told = time.monotonic()
        total = self._rows.n_rows
        reporter.stage("predict", 1, 1)
        for chunk in self._rows.chunks:
            if total:
                reporter.progress("predict", self.n_rows, max(total, self.n_rows))
            elif (now := time.monotonic()) > told + INTERVAL:
                told, rate = now, quantities.rate(self.n_rows / (now - started))
                reporter.progress(f"{self.n_rows:,} texts, {rate}/s", 0, 0)
            yield chunk

    def _write(self, chunk: Chunk) -> None:
        cells = chunk[self._column]
        rows = [row for row, cell in enumerate(cells) if not is_missing(cell)]
        texts = [cells[row] for row in rows]
        where = f"{self._rows.path}, column {self._column!r}"
        refuse_bad_texts(("" if is_missing(cell) else cell for cell in cells), where, self.n_rows)
        kept = {self._names[name]: column for name, column in chunk.items()}
        added = dict(zip(self._added, self._predicted(texts, rows, len(cells)), strict=True))
        self._writer.write({**kept, **added}, self._types())
        self.n_rows += len(cells)
        self.n_without_text += len(cells) - len(rows)

    def _predicted(self, texts: Sequence[str], rows: Sequence[int], n: int) -> Iterator[list[Any]]:
        """Yield label, probabilities and margin of n rows, None where there is no text."""
        k = len(self._classifier.classes_)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = self._classifier.predict_proba(texts) if texts else np.empty((0, k), np.float32)
        self._tell_of_warnings(warning_lines(caught), n)
        if encoder := self._classifier.encoder:
            self.n_cut += encoder.count_truncated(texts)
        top = np.sort(table, axis=1)[:, -2:]
        columns = [*_decimals(table).T.tolist(), _decimals(top[:, -1] - top[:, 0]).tolist()]
        labels = self._classifier.classes_[table.argmax(axis=1)].tolist()
        for values in (labels, *columns):
            column: list[Any] = [None] * n
            for row, value in zip(rows, values, strict=True):
                column[row] = value
            yield column

    def _tell_of_warnings(self, lines: Sequence[str], n: int) -> None:
        """Tell what the classifier warned of in n rows, of the first few chunks in which it does."""
        if lines and self._n_chunks_told < MOST_TOLD:
            self._n_chunks_told += 1
            told = f"of rows {self.n_rows + 1:,} to {self.n_rows + n:,} the classifier says"
            self._notes.add(f"In {self._rows.path}: {told}: {line}" for line in lines)
            if self._n_chunks_told == MOST_TOLD:
                self._notes.add([f"In {self._rows.path}: what it says of later rows is left out"])

    def _types(self) -> Mapping[str, Any]:
        of_file = {self._names[name]: kind for name, kind in self._rows.types.items()}
        return {**of_file, **dict.fromkeys(self._added, "float32"), PREDICTION: "string"}


def _names_of_file(columns: Sequence[str], added: Sequence[str]) -> dict[str, str]:
    """Return what each column of the file is called beside those that are added: its name, where none is called so."""
    taken, names = {*columns, *added}, {}
    for name in columns:
        new = name
        while new in added or (new != name and new in taken):
            new = OF_FILE + new
        taken.add(new)
        names[name] = new
    return names


def _decimals(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the shortest decimal numbers that are these in float32: 0.1, not 0.10000000149."""
    return values.astype(np.float32).astype(np.str_).astype(np.float64)
