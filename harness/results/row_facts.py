"""Facts about each test row beside its predictions, kept in the run's folder as test_rows.parquet."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.same_texts import normalised, text_numbers
from harness.data.task import Task
from harness.data.words import count_words
from harness.encoding.encoder import Encoder, token_counts
from harness.errors import UserError
from harness.results.run_directory import RunDirectory
from harness.results.tables import read_table
from harness.system.files import write_atomically

FILE = "test_rows.parquet"

# The absolute negators of Huddleston and Pullum, "The Cambridge Grammar of the English Language" (2002), chapter 9,
# and the negative forms of the auxiliaries, which data sets write as don't, dont, don t and do n't: all four count.
NEGATORS = ("no", "not", "none", "nobody", "nothing", "nowhere", "never", "neither", "nor", "noone", "cannot")
AUXILIARIES = (
    *("do", "does", "did", "is", "are", "was", "were", "has", "have", "had", "ca", "could", "wo", "would"),
    *("should", "sha", "must", "need", "might", "may", "ought", "dare", "ai"),
)
NEGATION = re.compile(rf"\b(?:{'|'.join(NEGATORS)}|(?:{'|'.join(AUXILIARIES)}) ?n['\u2019 ]?t)\b", re.IGNORECASE)


@dataclass(frozen=True)
class RowFacts:
    """Facts of the n test rows.

    Attributes:
        rows: Row of each text in the test split as it was read, from 0, int64 (n,).
        texts: The texts, None where they are not to be kept.
        n_words: Number of words as `count_words` finds them, int64 (n,).
        negated: Whether the text holds an English negation word, one of `NEGATORS` or a negative auxiliary such
            as don't, dont or don t, bool (n,).
        truncated: Whether the text is longer than the encoder reads, bool (n,); None where nobody knows.
        in_train: Whether a text of train equals it but for case, spacing and Unicode form, bool (n,).
        text_numbers: Equal where texts are equal but for these, int64 (n,); None where nobody knows.
    """

    rows: NDArray[np.int64]
    texts: tuple[str, ...] | None
    n_words: NDArray[np.int64]
    negated: NDArray[np.bool_]
    truncated: NDArray[np.bool_] | None
    in_train: NDArray[np.bool_]
    text_numbers: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        columns = (self.texts, self.n_words, self.negated, self.truncated, self.in_train, self.text_numbers)
        if wrong := {len(column) for column in columns if column is not None} - {len(self.rows)}:
            raise ValueError(f"expected columns of {len(self.rows)} rows, got one of {wrong.pop()}")

    def texts_by_row(self) -> dict[int, str]:
        """Return row -> its text, {} where the texts were not kept."""
        return dict(zip(self.rows.tolist(), self.texts, strict=True)) if self.texts is not None else {}


def is_negated(text: str) -> bool:
    """Return whether a text holds an English negation word; what it negates is not asked."""
    return NEGATION.search(text) is not None


def row_facts(task: Task, encoder: Encoder | None, *, keep_texts: bool) -> RowFacts:
    """Return the facts of a task's test rows.

    Args:
        task: The data.
        encoder: Says which texts it cuts, None where there is none.
        keep_texts: Whether the texts are among the facts.
    """
    test, train = task.test, {normalised(text) for text in task.train.texts}
    counts = token_counts(encoder, test.texts) if encoder else None
    return RowFacts(
        rows=test.rows_in_source(),
        texts=test.texts if keep_texts else None,
        n_words=np.array([count_words(text) for text in test.texts], dtype=np.int64),
        negated=np.array([is_negated(text) for text in test.texts]),
        truncated=None if encoder is None or counts is None else counts > encoder.max_length,
        in_train=np.array([normalised(text) in train for text in test.texts]),
        text_numbers=text_numbers(test.texts),
    )


def write_row_facts(directory: RunDirectory, facts: RowFacts) -> None:
    """Save facts in the folder of a run.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    write_atomically(_file(directory), row_facts_content(facts))


def row_facts_content(facts: RowFacts) -> bytes:
    """Return facts as a parquet file holds them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"row": facts.rows}
    if facts.texts is not None:  # half a surrogate pair, which parquet cannot hold, becomes its escape
        columns["text"] = [text.encode("utf-8", "backslashreplace").decode() for text in facts.texts]
    columns |= {"n_words": facts.n_words, "negated": facts.negated}
    if facts.truncated is not None:
        columns["truncated"] = facts.truncated
    columns["in_train"] = facts.in_train
    if facts.text_numbers is not None:
        columns["text_number"] = facts.text_numbers
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue().to_pybytes())


def read_row_facts(directory: RunDirectory) -> RowFacts | None:
    """Read the facts of a run's test rows.

    Returns:
        The facts, None where the run kept none, as runs of older versions.

    Raises:
        UserError: Where the file is not such a table.
    """
    import pyarrow as pa

    file = _file(directory)
    try:
        table = read_table(file, directory.path)
        there = table.column_names
        texts = tuple(table["text"].to_pylist()) if "text" in there else None
        numbers = table["text_number"].to_numpy().astype(np.int64) if "text_number" in there else None
        return RowFacts(
            rows=table["row"].to_numpy().astype(np.int64),
            texts=texts,
            n_words=table["n_words"].to_numpy().astype(np.int64),
            negated=table["negated"].to_numpy().astype(np.bool_),
            truncated=table["truncated"].to_numpy().astype(np.bool_) if "truncated" in there else None,
            in_train=table["in_train"].to_numpy().astype(np.bool_),
            text_numbers=text_numbers(texts) if numbers is None and texts else numbers,
        )
    except FileNotFoundError:
        return None
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise UserError(
            f"{file} is not a table of test rows as a run writes it: {error}. Restore it or run the comparison again."
        ) from error


def _file(directory: RunDirectory) -> Path:
    return directory.path / FILE
