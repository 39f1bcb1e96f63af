"""Splits and tasks validate themselves, and subsets of them keep every class."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness import DataError, Provenance, Split, Task
from harness.data.columns import build_task
from harness.data.table import Table
from harness.data.task import class_counts, names_shown, set_aside_validation

from ..growth import growth


def split_of(*labels: int) -> Split:
    return Split(tuple(f"text {i}" for i in range(len(labels))), np.array(labels, dtype=np.int64))


def task_of(train: Split, validation: Split | None = None, test: Split | None = None, k: int = 3) -> Task:
    names = tuple(f"class {i}" for i in range(k))
    return Task("task", names, train, validation or train, test or train, Provenance("memory"))


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        pytest.param("abc", [0, 1, 2], "got one str. Wrap it in a list", id="one text"),
        pytest.param(["a", "b"], [0], r"got 2 texts and labels of shape \(1,\)", id="too few labels"),
        pytest.param(["a"], [[0, 1]], r"got 1 texts and labels of shape \(1, 2\)", id="two labels a text"),
        pytest.param(["a", None, 3], [0, 1, 1], "rows 2 and 3 hold NoneType. Mend or remove", id="no text"),
        pytest.param(["a"], [0.0], "Expected integer class ids as labels, got float64", id="float"),
        pytest.param(["a"], [float("nan")], "Expected integer class ids", id="missing label"),
        pytest.param(["a"], [None], "Expected integer class ids as labels, got object", id="null label"),
        pytest.param(["a"], ["joy"], "Map names to ids first", id="name"),
    ],
)
def test_a_split_refuses_what_is_no_labelled_text(texts: Any, labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Split(texts, labels)


def test_a_split_keeps_its_own_labels_which_nobody_can_change() -> None:
    mine = np.array([0, 1])
    split = Split(["a", "b"], mine)  # type: ignore[arg-type]
    mine[0] = 7
    assert (split.texts, split.labels.tolist()) == (("a", "b"), [0, 1])
    assert split.labels.dtype == np.int64
    with pytest.raises(ValueError, match="read-only"):
        split.labels[0] = 7


def test_rows_come_in_the_order_asked_for() -> None:
    chosen = split_of(5, 6, 7).rows(np.array([2, 0]))
    assert (chosen.texts, chosen.labels.tolist()) == (("text 2", "text 0"), [7, 5])


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_a_task_refuses_an_empty_split(name: str) -> None:
    splits: dict[str, Any] = {"train": split_of(0, 1), "validation": split_of(0), "test": split_of(1)}
    splits[name] = split_of()
    with pytest.raises(DataError, match=f"Data set 'task': the {name} split is empty. Give it"):
        Task("task", ("a", "b"), **splits)


@pytest.mark.parametrize(("label", "name"), [(3, "test"), (-1, "train")])
def test_a_task_refuses_a_label_out_of_range(label: int, name: str) -> None:
    splits: dict[str, Any] = dict.fromkeys(("train", "validation", "test"), split_of(0, 1))
    splits[name] = split_of(0, 1, label)
    with pytest.raises(DataError, match=rf"labels must lie in 0..2, but {name} row 3 holds {label}. Mend"):
        Task("task", ("a", "b", "c"), **splits)


def test_a_task_refuses_two_classes_of_one_name() -> None:
    split = split_of(0, 1, 2)
    with pytest.raises(DataError, match="label names must differ, but 'joy' comes twice"):
        Task("task", ("joy", "sad", "joy"), split, split, split)


def test_a_task_refuses_a_single_class() -> None:
    with pytest.raises(DataError, match="at least two classes, but every row of train is labelled 'class 1'"):
        task_of(split_of(1, 1))


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_task_refuses_a_class_that_train_does_not_hold(name: str) -> None:
    unseen: dict[str, Any] = {name: split_of(0, 2, 2)}
    with pytest.raises(DataError, match=f"{name} rows 2 and 3 carry 'class 2', which no row of train does"):
        task_of(split_of(0, 1), **unseen)


def test_the_content_hash_changes_with_every_part_and_with_the_order() -> None:
    plain = task_of(split_of(0, 1, 1))
    others = [
        task_of(split_of(0, 1, 0)),
        task_of(split_of(1, 0, 1)),
        task_of(split_of(0, 1, 1), test=split_of(0, 1)),
        task_of(split_of(0, 1, 1), k=2),
        task_of(split_of(0, 1, 1).rows(np.array([0, 2, 1]))),
    ]
    assert len({task.content_hash() for task in (plain, *others)}) == 6
    assert task_of(split_of(0, 1, 1)).content_hash() == plain.content_hash()


def test_a_set_aside_validation_is_a_tenth_stratified_in_order_and_the_same_every_time() -> None:
    train = split_of(*[0] * 60, *[1] * 30, *[2] * 9, 3)
    rest, held = set_aside_validation(train)
    assert class_counts(held, 4) == [6, 3, 1, 0]
    assert class_counts(rest, 4) == [54, 27, 8, 1]
    assert sorted(rest.texts + held.texts) == sorted(train.texts)
    assert list(held.texts) == sorted(held.texts, key=train.texts.index)
    assert set_aside_validation(train)[1].texts == held.texts


def test_a_set_aside_validation_of_a_small_train_holds_every_class_it_can() -> None:
    rest, held = set_aside_validation(split_of(0, 0, 1, 1, 2))
    assert (class_counts(rest, 3), class_counts(held, 3)) == ([1, 1, 1], [1, 1, 0])


def test_nothing_is_set_aside_where_every_class_has_a_single_row() -> None:
    with pytest.raises(DataError, match=r"every class of train has a single row. Name another column of labels"):
        set_aside_validation(split_of(0, 1, 2))


def test_a_limited_task_keeps_every_class_the_order_and_says_so() -> None:
    train, small = split_of(*[0, 1] * 48, 2, 2, 2, 2), split_of(2, 1, 0)
    task = task_of(train, validation=small).limited(10)
    assert class_counts(task.train, 3) == [5, 4, 1]
    assert list(task.train.texts) == sorted(task.train.texts, key=train.texts.index)
    assert task.validation is small
    assert len(task.test) == 10
    assert task.provenance.notes == ("limited to at most 10 rows of each split, stratified",)
    assert task.train.texts == task_of(train).limited(10).train.texts


def test_a_limit_below_the_number_of_classes_keeps_the_largest() -> None:
    task = task_of(split_of(0, 1, 1, 2, 2, 2), test=split_of(0, 0, 0, 1)).limited(2)
    assert class_counts(task.train, 3) == [0, 1, 1]
    assert class_counts(task.test, 3) == [1, 1, 0]
    assert task.n_classes == 3


def test_long_lists_of_names_are_cut_in_messages() -> None:
    assert names_shown(["a", "b"]) == "'a', 'b'"
    assert names_shown([str(i) for i in range(13)]).endswith("'9' and 3 more")


@pytest.mark.slow
@pytest.mark.parametrize("share", [0, 0.25], ids=["two classes", "a class for every four rows"])
def test_the_work_does_not_grow_with_the_square_of_the_rows(share: float) -> None:
    def built(n_rows: int) -> Callable[[], Task]:
        n_labels = max(2, int(n_rows * share))
        columns = {"text": ["a text"] * n_rows, "label": [str(i % n_labels) for i in range(n_rows)]}
        test = {"text": ["a text"] * 10, "label": ["0"] * 10}
        tables = {"train": Table("train", columns), "test": Table("test", test)}
        return lambda: build_task("large", tables, source="memory").limited(n_rows // 2)

    assert len(built(4000)().train) == 2000
    assert growth(built, 2000, factor=16) < 16 * 3


@pytest.mark.parametrize("names", [(0, 1), ("a", None), "ab"])
def test_class_names_that_are_no_text_are_refused(names: Any) -> None:
    split = Split(("a", "b"), np.array([0, 1]))
    with pytest.raises(DataError, match="class names"):
        Task("x", names, split, split, split)
