"""Folds of all rows of a task: each tests once, copies stay together, classes keep their shares."""

from dataclasses import replace

import numpy as np
import pytest

from harness import DataError, Split, Task
from harness.config.folds import Fold, read_fold, read_folds
from harness.data.folds import fold_of
from harness.testing import tiny_task

SPLITS = ("train", "validation", "test")


def folds_of(task: Task, n: int, repeat: int = 1) -> list[Task]:
    return [fold_of(task, Fold(number, n, repeat)) for number in range(1, n + 1)]


def test_each_row_tests_once_and_validates_once_and_every_fold_has_all_rows() -> None:
    task = tiny_task()
    n = sum(len(getattr(task, split)) for split in SPLITS)
    folds = folds_of(task, 4)
    for split in ("validation", "test"):
        rows = np.concatenate([getattr(fold, split).rows_in_source() for fold in folds])
        assert sorted(rows) == list(range(n))
    for fold in folds:
        assert sorted(np.concatenate([getattr(fold, split).rows_in_source() for split in SPLITS])) == list(range(n))


def test_rows_count_on_from_split_to_split() -> None:
    task = tiny_task()
    texts = [text for split in SPLITS for text in getattr(task, split).texts]
    test = fold_of(task, Fold(2, 3)).test
    assert [texts[row] for row in test.rows_in_source()] == list(test.texts)


def test_classes_keep_their_shares() -> None:
    labels = np.array([0] * 90 + [1] * 30)
    split = Split(tuple(f"text {i}" for i in range(120)), labels)
    rest = Split(("one", "two"), np.array([0, 1]))
    for fold in folds_of(Task("t", ("a", "b"), split, rest, rest), 5):
        assert fold.test.labels.mean() == pytest.approx(0.25, abs=0.05)


def test_equal_texts_are_in_one_fold() -> None:
    texts = tuple(f"text {i % 20}" for i in range(60))
    split = Split(texts, np.arange(60) % 2)
    for fold in folds_of(Task("t", ("a", "b"), split, split, split), 5):
        assert not {*fold.test.texts} & {*fold.train.texts, *fold.validation.texts}


def test_one_long_text_gives_no_other_text_its_room() -> None:
    long = "x" * 20_000_000
    split = Split((long, *(f"text {i}" for i in range(999))), np.arange(1000) % 2)
    folds = folds_of(Task("t", ("a", "b"), split, split, split), 3)
    assert sum(long in fold.test.texts for fold in folds) == 1


def test_draws_differ_and_the_same_draw_is_the_same() -> None:
    task = tiny_task()
    first, again, other = (fold_of(task, Fold(1, 4, repeat)).test.texts for repeat in (1, 1, 2))
    assert first == again != other


def test_more_folds_than_texts_are_refused() -> None:
    few = Split(("a", "b", "a", "b"), np.array([0, 1, 0, 1]))
    with pytest.raises(DataError, match="fewer folds"):
        fold_of(replace(tiny_task(), train=few, validation=few, test=few), Fold(1, 3))


@pytest.mark.parametrize("text", ["2", "21", "5x0", "5x", "x", "", "-5", "5.0"])
def test_what_is_no_number_of_folds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="folds"):
        read_folds(text)


def test_folds_are_written_as_they_are_read() -> None:
    folds = read_folds("3x2")
    assert [*map(str, folds)] == ["1/3", "2/3", "3/3", "1/3x2", "2/3x2", "3/3x2"]
    assert [read_fold(str(fold)) for fold in folds] == folds
    with pytest.raises(ValueError, match="2/5"):
        read_fold("4/3")


def test_more_folds_than_any_class_has_rows_are_refused() -> None:
    rows = Split(tuple(f"text {i}" for i in range(12)), np.arange(12) % 3)
    task = Task(
        "few", ("a", "b", "c"), rows.rows(np.arange(6)), rows.rows(np.arange(6, 9)), rows.rows(np.arange(9, 12))
    )
    with pytest.raises(DataError, match="fewer folds"):
        fold_of(task, read_fold("1/5"))
