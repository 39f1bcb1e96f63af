"""Facts of the test rows are what they say, and come back from disk as they were."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Encoder, Split, Task, UnavailableError, UserError
from harness.results.row_facts import FILE, RowFacts, is_negated, read_row_facts, row_facts, write_row_facts
from harness.results.run_directory import RunDirectory

from ..letters import LetterEncoder

HOSTILE = ("[/] <script> \x1b[31m", "=cmd()\n\u202e", "今天 \U0001f600", "half \ud800", "\x00", "")


def task_of(train: list[str], test: list[str]) -> Task:
    splits = [Split(tuple(texts), np.arange(len(texts)) % 2) for texts in (train, ["va", "vb"], test)]
    return Task("task", ("no", "yes"), *splits)


@pytest.mark.parametrize(
    "text",
    [
        *("I do NOT know", "no.", "nothing at all", "never ever", "neither here nor there", "nobody", "i cannot"),
        *("don't", "don\u2019t", "dont", "don t", "do n't", "I CAN'T", "can t", "wont", "it isn't", "ain't", "shan't"),
    ],
)
def test_english_negation_words_are_found_as_data_sets_write_them(text: str) -> None:
    assert is_negated(text)


@pytest.mark.parametrize(
    "text", ["", "i want a font", "knot", "noted", "important", "another one", "moment", "nó", "nope"]
)
def test_words_that_only_look_like_negation_are_none(text: str) -> None:
    assert not is_negated(text)


def test_facts_are_of_the_test_rows() -> None:
    task = task_of(["Sun  today", "rain"], ["sun today", "not the  rain", "", "Rain\n"])
    facts = row_facts(task, None, keep_texts=True)
    assert facts.rows.tolist() == [0, 1, 2, 3]
    assert facts.texts == task.test.texts
    assert facts.n_words.tolist() == [2, 3, 0, 1]
    assert facts.negated.tolist() == [False, True, False, False]
    assert facts.in_train.tolist() == [True, False, False, True]
    assert facts.truncated is None


def test_the_encoder_says_which_texts_it_cuts(encoder: Encoder) -> None:
    task = task_of(["a", "b"], ["sun " * 62, "sun " * 63, "sun"])
    facts = row_facts(task, encoder, keep_texts=False)
    assert facts.truncated is not None
    assert facts.truncated.tolist() == [False, True, False]
    assert row_facts(task, LetterEncoder(), keep_texts=False).truncated is None


def test_rows_are_those_of_the_file_though_the_task_was_limited() -> None:
    test = Split(("a", "b", "c", "d"), np.array([0, 1, 0, 1])).rows(np.array([3, 1]))
    task = Task("task", ("no", "yes"), Split(("x", "y"), np.array([0, 1])), test, test)
    facts = row_facts(task, None, keep_texts=True)
    assert facts.texts_by_row() == {3: "d", 1: "b"}


@pytest.mark.parametrize("truncated", [None, np.array([True, False] * 3)])
def test_facts_come_back_from_disk_as_they_were(tmp_path: Path, truncated: NDArray[np.bool_] | None) -> None:
    facts = RowFacts(
        rows=np.array([5, 3, 9, 0, 2, 7]),
        texts=HOSTILE,
        n_words=np.arange(6),
        negated=np.array([False, True, True, False, True, True]),
        truncated=truncated,
        in_train=np.array([True, False, False, True, True, False]),
    )
    write_row_facts(RunDirectory(tmp_path), facts)
    read = read_row_facts(RunDirectory(tmp_path))
    assert read is not None
    assert read.texts == tuple(text.replace("\ud800", "\\ud800") for text in HOSTILE)
    for name in ("rows", "n_words", "negated", "truncated", "in_train"):
        written, again = getattr(facts, name), getattr(read, name)
        if written is None:
            assert again is None
        else:
            np.testing.assert_array_equal(again, written)
            assert again.dtype == written.dtype


def test_texts_that_are_not_to_be_kept_are_nowhere_in_the_file(tmp_path: Path) -> None:
    task = task_of(["a", "b"], ["a secret text", "another secret text"])
    write_row_facts(RunDirectory(tmp_path), row_facts(task, None, keep_texts=False))
    assert b"secret" not in (tmp_path / FILE).read_bytes()
    read = read_row_facts(RunDirectory(tmp_path))
    assert read is not None
    assert read.texts is None
    assert read.texts_by_row() == {}


def test_a_run_that_kept_no_facts_has_none(tmp_path: Path) -> None:
    assert read_row_facts(RunDirectory(tmp_path)) is None


@pytest.mark.parametrize("keep", [0, 10, -20])
def test_a_damaged_file_is_named(tmp_path: Path, keep: int) -> None:
    write_row_facts(RunDirectory(tmp_path), row_facts(task_of(["a", "b"], ["c", "d"]), None, keep_texts=True))
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"test_rows.parquet is not a table of test rows"):
        read_row_facts(RunDirectory(tmp_path))


def test_another_table_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"row": [0, 1], "text": ["a", "b"]}), tmp_path / FILE)
    with pytest.raises(UserError, match="not a table of test rows"):
        read_row_facts(RunDirectory(tmp_path))


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    facts = row_facts(task_of(["a", "b"], ["c", "d"]), None, keep_texts=True)
    with pytest.raises(UnavailableError, match=r"test_rows\.parquet"):
        write_row_facts(RunDirectory(tmp_path / "file"), facts)


def test_columns_of_different_lengths_are_refused() -> None:
    flags = np.array([True])
    with pytest.raises(ValueError, match="expected columns of 2 rows, got one of 1"):
        RowFacts(np.arange(2), None, np.arange(2), flags, None, flags)
