"""DataFrames -> Task: what is set aside, what a label is, what is refused."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness import DataError, Task


def tickets(n: int = 40) -> pd.DataFrame:
    topics = ["billing", "login", "refund", "other"]
    rows = [(f"ticket {i} about {topics[i % 4]}", topics[i % 4], i) for i in range(n)]
    return pd.DataFrame(rows, columns=["body", "topic", "id"]).set_index("id")


def of(frame: pd.DataFrame, **options: Any) -> Task:
    return Task.from_pandas(frame, text="body", label="topic", name="tickets", **options)


def test_a_frame_becomes_three_splits_that_keep_the_shares_of_the_classes_and_share_no_row() -> None:
    task = of(tickets(), test_size=0.2, seed=0)
    assert task.name == "tickets"
    assert task.label_names == ("billing", "login", "other", "refund")
    assert [len(split) for split in (task.train, task.validation, task.test)] == [28, 4, 8]
    assert np.bincount(task.test.labels).tolist() == [2, 2, 2, 2]
    rows = np.concatenate([split.rows_in_source() for split in (task.train, task.validation, task.test)])
    assert sorted(rows.tolist()) == list(range(40))


def test_a_split_says_which_row_of_the_frame_each_text_is() -> None:
    frame = tickets()
    task = of(frame, seed=3)
    for split in (task.train, task.validation, task.test):
        assert [frame["body"].iloc[row] for row in split.rows_in_source()] == list(split.texts)
        assert [frame["topic"].iloc[row] for row in split.rows_in_source()] == [
            task.label_names[y] for y in split.labels
        ]


def test_the_seed_chooses_the_test_rows_and_the_record_tells_of_it() -> None:
    first, again, other = of(tickets(), seed=0), of(tickets(), seed=0), of(tickets(), seed=1)
    assert first.content_hash() == again.content_hash() != other.content_hash()
    assert "8 of 40 rows, stratified, seed 1, were set aside" in other.provenance.notes[0]


def test_frames_of_their_own_for_validation_and_test_are_taken_as_they_are() -> None:
    frame = tickets()
    task = of(frame.iloc[:24], validation=frame.iloc[24:32], test=frame.iloc[32:])
    assert task.test.texts == tuple(frame["body"].iloc[32:])
    assert task.validation.rows_in_source().tolist() == list(range(8))
    assert task.provenance.notes == ()


def test_categories_keep_their_order_and_those_that_do_not_occur_are_no_classes() -> None:
    frame = tickets()
    order = ["refund", "never", "other", "login", "billing"]
    frame["topic"] = pd.Categorical(frame["topic"], categories=order)
    assert of(frame).label_names == ("refund", "other", "login", "billing")


@pytest.mark.parametrize(
    "order", [[3.0, 1.0, 2.0], ["2.0", "0.0", "1.0"], [3.0, 7.0, 9.0], [3, 1, 2], ["1", "1.0", "2.0"]]
)
def test_categories_are_names_though_they_look_like_positions(order: list[Any]) -> None:
    frame = tickets().assign(topic=pd.Categorical([order[i % 3] for i in range(40)], categories=order))
    plain = frame.assign(topic=[order[i % 3] for i in range(40)])
    task = of(frame, test=plain)
    assert task.label_names == tuple(map(str, order))
    assert [task.label_names[label] for label in task.test.labels[:3]] == [str(each) for each in order]


def test_intervals_and_categories_made_of_others_are_single_labels() -> None:
    frame = tickets()
    assert of(frame.assign(topic=pd.cut(np.arange(40), 4, labels=None))).n_classes == 4
    both = pd.Categorical([["yes", "no", "yes/no"][i % 3] for i in range(40)])
    assert of(frame.assign(topic=both)).label_names == ("no", "yes", "yes/no")
    closed = pd.arrays.IntervalArray.from_breaks([0, 1, 2], closed="both")
    assert of(frame.assign(topic=pd.Categorical([closed[i % 2] for i in range(40)]))).label_names == (
        "[0, 1]",
        "[1, 2]",
    )


def test_categories_of_test_alone_are_labels_like_those_of_train() -> None:
    frame = tickets().assign(topic=np.arange(40) % 2)
    assert of(frame, test=frame.assign(topic=frame["topic"].astype("category"))).label_names == ("0", "1")


@pytest.mark.parametrize(("text", "label"), [(0, 1), (("a", "b"), ("a", "c")), (0, "0")])
def test_columns_may_be_called_by_numbers_or_tuples(text: Any, label: Any) -> None:
    frame = tickets().assign(topic=np.arange(40) % 2)
    renamed = pd.DataFrame({text: frame["body"], label: frame["topic"]})
    renamed.columns = pd.Index([text, label], tupleize_cols=False)
    assert Task.from_pandas(renamed, text=text, label=label).content_hash() == of(frame).content_hash()
    with pytest.raises(DataError, match="has no column"):
        Task.from_pandas(renamed, text=[text], label=label)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.bool_, np.str_])
def test_cells_may_be_scalars_of_numpy_beside_those_of_python(kind: Any) -> None:
    plain = tickets().assign(topic=[kind(i % 2).item() for i in range(40)])
    cells = [kind(i % 2) if i % 3 else kind(i % 2).item() for i in range(40)]
    mixed = tickets().assign(topic=pd.Series(cells, dtype=object, index=plain.index))
    mixed["body"] = pd.Series([np.str_(text) for text in plain["body"]], dtype=object, index=plain.index)
    assert of(mixed).content_hash() == of(plain).content_hash()
    assert {type(text) for text in of(mixed).train.texts} == {str}


def test_labels_may_be_numbers_or_bools_and_names_be_given_for_them() -> None:
    frame = tickets()
    frame["topic"] = np.arange(40) % 2
    assert of(frame).label_names == ("0", "1")
    assert of(frame, label_names=["no", "yes"]).label_names == ("no", "yes")
    frame["topic"] = frame["topic"].astype(bool)
    assert len(of(frame).label_names) == 2


def test_a_class_with_a_single_row_stays_in_train() -> None:
    frame = tickets()
    frame.iloc[7, 1] = "unique"
    task = of(frame)
    assert (task.train.labels == task.label_names.index("unique")).sum() == 1


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda frame: frame.rename(columns={"body": "bodi"}), "has no column 'body'. Did you mean 'bodi'?"),
        (lambda frame: frame.assign(topic=frame["topic"].where(frame["topic"] != "login")), "have no label"),
        (lambda frame: frame.assign(body=[None, *frame["body"][1:]]), "row 1 holds nothing (null)"),
        (lambda frame: frame.assign(topic=np.arange(40) / 2), "a score to be predicted (regression), not a class"),
        (lambda frame: frame.assign(topic=[0.5, 1.5] * 20), "expected a class id or name"),
        (lambda frame: frame.assign(topic=[f"label {i}" for i in range(40)]), "no two rows of one class"),
        (lambda frame: frame.iloc[:0], "empty"),
        (lambda frame: pd.concat([frame, frame["topic"]], axis=1), "several columns 'topic'"),
        (lambda frame: frame["body"], "Expected a pandas DataFrame as train, got Series"),
    ],
)
def test_what_no_comparison_can_be_made_of_is_refused(spoil: Any, told: str) -> None:
    with pytest.raises(DataError, match=re.escape(told)):
        of(spoil(tickets()))


def test_a_test_frame_without_labels_is_refused_with_what_to_do_in_python() -> None:
    frame = tickets().assign(topic=np.arange(40) % 2)
    with pytest.raises(DataError, match=r"are hidden \(-1\).*or give no test: rows of the frame"):
        of(frame, test=frame.assign(topic=-1))


@pytest.mark.parametrize(
    ("cell", "told"),
    [(None, "there is nothing to score on"), ("?", "which no row of train does, as where labels are hidden")],
)
def test_each_reason_against_a_test_frame_ends_in_what_to_do(cell: Any, told: str) -> None:
    frame = tickets()
    with pytest.raises(DataError, match=rf"{told}\. Label its rows, or give no test: rows of the frame"):
        of(frame, test=frame.assign(topic=cell))


@pytest.mark.parametrize("test_size", [0, 1, 1.5, -0.1, "0.2", float("nan")])
def test_a_share_for_test_that_leaves_nothing_is_refused(test_size: Any) -> None:
    with pytest.raises(DataError, match="above 0 and below 1"):
        of(tickets(), test_size=test_size)


@pytest.mark.parametrize("seed", [-1, None, 0.5, "0", True])
def test_a_seed_that_is_no_whole_number_from_0_is_refused(seed: Any) -> None:
    with pytest.raises(DataError, match=r"Expected a whole number from 0 as the seed of the test rows, got"):
        of(tickets(), seed=seed)
    assert of(tickets(), seed=np.int64(3)).content_hash() == of(tickets(), seed=3).content_hash()


@pytest.mark.parametrize("names", [np.array(["no", "yes"]), pd.Index(["no", "yes"]), pd.Series(["no", "yes"])])
def test_class_names_may_be_an_array(names: Any) -> None:
    assert of(tickets().assign(topic=np.arange(40) % 2), label_names=names).label_names == ("no", "yes")


def test_class_names_may_be_numbers() -> None:
    frame = tickets().assign(topic=[(3.0, 1.0)[i % 2] for i in range(40)])
    for names in ([3.0, 1.0], [3, 1], np.array([3.0, 1.0])):
        task = of(frame, label_names=names)
        assert task.label_names == tuple(map(str, names))
        assert (task.test.rows_in_source() % 2 == task.test.labels).all()


@pytest.mark.parametrize("names", ["ab", {0: "no", 1: "yes"}, {"no", "yes"}, 2, ["no", None]])
def test_class_names_without_an_order_or_a_name_are_refused(names: Any) -> None:
    with pytest.raises(DataError, match=r"Expected (label_names as a list|class names as text)"):
        of(tickets().assign(topic=np.arange(40) % 2), label_names=names)


@pytest.mark.parametrize("name", [None, "", 3])
def test_a_task_without_a_name_is_refused(name: Any) -> None:
    with pytest.raises(DataError, match="Expected a name of the task"):
        Task.from_pandas(tickets(), text="body", label="topic", name=name)
