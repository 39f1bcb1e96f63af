"""Columns become a task, or a refusal that says which file, which rows, and what to do."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from harness import DataError, Task
from harness.data.columns import build_task
from harness.data.files import declared_order, read_split
from harness.data.splits import find_split_files

Rows = list[tuple[Any, Any]]
GOOD: Rows = [("a", "joy"), ("b", "sad"), ("c", "joy")]


def write(folder: Path, **splits: Rows) -> str:
    """Write splits of (text, label) rows as JSON lines, which keep each cell's type."""
    for split, rows in splits.items():
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (folder / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return str(folder)


def write_csv(folder: Path, **splits: str) -> str:
    for split, content in splits.items():
        (folder / f"{split}.csv").write_text(content, encoding="utf-8")
    return str(folder)


def load(location: str, label_names: tuple[str, ...] | None = None, **columns: Any) -> Task:
    tables = {split: read_split(paths) for split, paths in find_split_files(location).files.items()}
    names = label_names or declared_order(location)
    return build_task("task", tables, source=location, label_names=names, **columns)


def with_labels(*labels: Any) -> Rows:
    return [(f"text {i}", label) for i, label in enumerate(labels)]


def test_a_data_set_without_a_test_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no test split, so there is nothing to score on; it has train"):
        load(write(tmp_path, train=GOOD))


def test_a_data_set_without_a_train_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no train split, .* fit on; it has test. Add a file"):
        load(write(tmp_path, test=GOOD))


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_with_a_header_alone_is_refused_as_empty(tmp_path: Path, split: str) -> None:
    content = dict.fromkeys(("train", "validation", "test"), "text,label\na,joy\nb,sad\n")
    location = write_csv(tmp_path, **{**content, split: "text,label\n"})
    with pytest.raises(DataError, match=rf"{split}.csv: the {split} split is empty. Give it at least one row"):
        load(location)


@pytest.mark.parametrize("label", [-1, "-1"], ids=["integer", "text"])
def test_hidden_test_labels_are_refused(tmp_path: Path, label: int | str) -> None:
    known = with_labels(*[type(label)(i) for i in (0, 1)])
    location = write(tmp_path, train=known, test=with_labels(label, label))
    with pytest.raises(DataError, match=r"test.jsonl, column 'label': the labels of rows 1 and 2 are hidden"):
        load(location)


@pytest.mark.parametrize("kind", [int, str])
def test_minus_one_is_an_ordinary_label_where_train_has_it_too(tmp_path: Path, kind: type) -> None:
    signs = with_labels(*map(kind, (-1, 1, 0, -1)))
    task = load(write(tmp_path, train=signs, validation=signs, test=signs))
    assert task.label_names == ("-1", "0", "1")
    assert task.test.labels.tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (None, r"nothing \(null\)"),
        (7, r"int \(7\)"),
        (["a"], r"list \(\['a'\]\)"),
        (float("nan"), r"float \(nan\)"),
    ],
    ids=["null", "number", "list", "nan"],
)
def test_a_cell_that_is_no_text_is_refused(tmp_path: Path, cell: Any, kind: str) -> None:
    location = write(tmp_path, train=GOOD, test=[("a", "joy"), (cell, "sad")])
    with pytest.raises(DataError, match=rf"test.jsonl, column 'text': expected text, but row 2 holds {kind}. Mend"):
        load(location)


@pytest.mark.parametrize("label", [None, float("nan"), "", "  "], ids=["null", "nan", "empty", "blank"])
def test_a_row_without_a_label_is_refused_and_none_is_dropped(tmp_path: Path, label: Any) -> None:
    location = write(tmp_path, train=[*GOOD, ("d", label)], test=GOOD)
    with pytest.raises(DataError, match=r"train.jsonl, column 'label': row 4 has no label. Label or remove"):
        load(location)


@pytest.mark.parametrize("label", [0.5, 1.0, {"joy": 1}], ids=["share", "whole", "object"])
def test_a_label_that_is_neither_id_nor_name_is_refused(tmp_path: Path, label: Any) -> None:
    location = write(tmp_path, train=[*GOOD, ("d", label)], test=GOOD)
    with pytest.raises(DataError, match=r"column 'label': expected a class id or name, but row 4 holds \w+ \("):
        load(location)


@pytest.mark.parametrize(("text", "label"), [("\ud83d", "joy"), ("a", "\ud83d")], ids=["text", "label"])
def test_half_a_surrogate_pair_is_refused_before_a_tokenizer_meets_it(tmp_path: Path, text: str, label: str) -> None:
    location = write(tmp_path, train=[*GOOD, (text, label)], test=GOOD)
    with pytest.raises(DataError, match="row 4 holds half of a surrogate pair"):
        load(location)


def test_labels_of_two_types_are_refused_with_a_row_of_each(tmp_path: Path) -> None:
    location = write(tmp_path, train=with_labels(0, 1, 0), test=with_labels(0, "1"))
    with pytest.raises(DataError, match=r"train row 1 holds int \(0\) and test row 2 holds str \('1'\). Write"):
        load(location)


def test_a_single_class_is_refused(tmp_path: Path) -> None:
    location = write(tmp_path, train=with_labels("joy", "joy"), test=with_labels("joy"))
    with pytest.raises(
        DataError, match=r"every row of train is labelled 'joy'. Check the labels, or name another column"
    ):
        load(location)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_label_that_train_never_shows_is_refused(tmp_path: Path, split: str) -> None:
    splits = {"train": GOOD, "validation": GOOD, "test": GOOD, split: [*GOOD, ("d", "fear")]}
    with pytest.raises(DataError, match=rf"{split} row 4 carries 'fear', which no row of train"):
        load(write(tmp_path, **splits))


def test_a_column_of_row_numbers_is_refused_with_a_short_message(tmp_path: Path) -> None:
    location = write(tmp_path, train=with_labels(*range(500)), test=with_labels(*range(500, 1000)))
    with pytest.raises(DataError, match=r"every class of train has a single row. Name another column of labels"):
        load(location)
    location = write(tmp_path, validation=with_labels(*range(1000, 1500)))
    with pytest.raises(DataError, match="and 490 more, which no row of train") as refusal:
        load(location)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text_column": "txet"}, "--text-column 'txet' is no column there. Did you mean 'text'"),
        ({"label_column": "y"}, "--label-column 'y' is no column there. There are: label, text"),
        ({"label_column": "text"}, "column 'text' cannot be both text and label"),
    ],
)
def test_a_wrong_column_name_is_refused(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"train.jsonl: .*{message}"):
        load(write(tmp_path, train=GOOD, test=GOOD), **columns)


@pytest.mark.parametrize(("header", "kind"), [("title,label", "text"), ("text,score", "label")])
def test_columns_without_a_usual_name_must_be_named(tmp_path: Path, header: str, kind: str) -> None:
    location = write_csv(tmp_path, train=f"{header}\na,b\n", test=f"{header}\na,b\n")
    with pytest.raises(DataError, match=rf"\({header.replace(',', ', ')}\) has a usual name for the {kind}. Name"):
        load(location)


def test_a_split_that_lacks_a_column_of_train_is_refused(tmp_path: Path) -> None:
    location = write_csv(tmp_path, train="text,label\na,joy\nb,sad\n", test="text,class\na,joy\n")
    with pytest.raises(DataError, match=r"test.csv has no column 'label', which train has; it has text, class"):
        load(location)


def test_guessed_columns_are_told(tmp_path: Path) -> None:
    content = "Tweet,Emotion,id\na,joy,1\nb,sad,2\nc,joy,3\nd,sad,4\n"
    notes = load(write_csv(tmp_path, train=content, validation=content, test=content)).provenance.notes
    assert notes == (
        "'Tweet' was taken for the text column (--text-column names another)",
        "'Emotion' was taken for the label column (--label-column names another)",
    )


@pytest.mark.parametrize(
    ("named", "texts"), [({}, ("a", "b")), ({"text_column": "body", "label_column": "mood"}, ("A", "B"))]
)
def test_named_columns_win_over_usual_ones_and_neither_needs_a_note(
    tmp_path: Path, named: dict[str, Any], texts: tuple[str, ...]
) -> None:
    content = "text,label,mood,body\na,1,joy,A\nb,2,sad,B\n"
    task = load(write_csv(tmp_path, train=content, validation=content, test=content), **named)
    assert (task.test.texts, task.label_names) == (texts, ("joy", "sad") if named else ("1", "2"))
    assert task.provenance.notes == ()


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        pytest.param(("joy", "anger", "好"), ("anger", "joy", "好"), id="names sort as text"),
        pytest.param((10, 9, 2), ("2", "9", "10"), id="ids sort as numbers"),
        pytest.param(("10", "9", "2"), ("2", "9", "10"), id="ids written as text sort as numbers"),
        pytest.param(("01", "1", "10"), ("01", "1", "10"), id="01 and 1 stay apart"),
        pytest.param(("null", "NA", "nan"), ("NA", "nan", "null"), id="null-like names stay names"),
        pytest.param((True, False), ("False", "True"), id="booleans"),
        pytest.param(("9" * 5000, "1"), ("1", "9" * 5000), id="a number too long to be an id"),
        pytest.param((" joy", "joy"), (" joy", "joy"), id="spaces count"),
    ],
)
def test_labels_become_classes_in_order(tmp_path: Path, labels: tuple[Any, ...], names: tuple[str, ...]) -> None:
    rows = with_labels(*labels)
    task = load(write(tmp_path, train=rows, validation=rows, test=rows))
    assert task.label_names == names
    assert [task.label_names[i] for i in task.test.labels] == [str(label) for label in labels]


@pytest.mark.parametrize(
    ("labels", "declared", "ids"),
    [
        pytest.param(("joy", "sad"), ("sad", "joy"), [1, 0], id="names"),
        pytest.param((0, 1), ("sad", "joy"), [0, 1], id="ids are positions"),
        pytest.param(("0", "1"), ("sad", "joy"), [0, 1], id="ids as text are positions"),
        pytest.param((1, 2), ("2", "1"), [1, 0], id="numbers that are names"),
        pytest.param(("1", "2"), ("2", "1"), [1, 0], id="numbers as text that are names"),
        pytest.param((False, True), ("no", "yes", "maybe"), [0, 1], id="booleans are positions"),
        pytest.param(("joy", "sad"), ("fear", "sad", "joy"), [2, 1], id="a class without rows"),
    ],
)
def test_labels_txt_gives_names_and_order(
    tmp_path: Path, labels: tuple[Any, ...], declared: tuple[str, ...], ids: list[int]
) -> None:
    rows = with_labels(*labels)
    (tmp_path / "labels.txt").write_text("\n".join(declared), encoding="utf-8")
    task = load(write(tmp_path, train=rows, validation=rows, test=rows))
    assert (task.label_names, task.test.labels.tolist()) == (declared, ids)


@pytest.mark.parametrize("label", ["fear", 2], ids=["name", "id"])
def test_a_label_that_is_not_declared_is_refused(tmp_path: Path, label: Any) -> None:
    known = with_labels("joy", "sad") if label == "fear" else with_labels(0, 1)
    location = write(tmp_path, train=known, test=[*known, ("c", label)])
    with pytest.raises(DataError, match=rf"its 2 classes are 'sad', 'joy', but test row 3 holds {label!r}. Mend"):
        load(location, label_names=("sad", "joy"))


def write_parquet(path: Path, names: list[str], labels: list[int]) -> None:
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
    rows = {"text": ["a"] * len(labels), "label": labels}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)


def test_parquet_of_the_datasets_library_keeps_its_class_order(tmp_path: Path) -> None:
    for split in ("train", "validation", "test"):
        write_parquet(tmp_path / f"{split}.parquet", ["sad", "joy", "anger"], [2, 0, 1])
    task = load(str(tmp_path))
    assert task.label_names == ("sad", "joy", "anger")
    assert task.test.labels.tolist() == [2, 0, 1]


def test_ids_of_declared_classes_are_positions_even_where_names_are_numbers(tmp_path: Path) -> None:
    for split in ("train", "validation", "test"):
        write_parquet(tmp_path / f"{split}.parquet", ["1", "0"], [0, 1, 1])
    task = load(str(tmp_path))
    assert [task.label_names[i] for i in task.test.labels] == ["1", "0", "0"]


def test_splits_that_name_their_classes_differently_are_refused(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train.parquet", ["sad", "joy"], [0, 1])
    write_parquet(tmp_path / "test.parquet", ["joy", "sad"], [0, 1])
    with pytest.raises(DataError, match="train and test name the classes differently"):
        load(str(tmp_path))


def test_every_row_arrives_and_a_set_aside_validation_is_told(tmp_path: Path) -> None:
    train = with_labels(*["joy"] * 70, *["sad"] * 29, "rare")
    task = load(write(tmp_path, train=train, test=[("", "joy"), ("null", "sad")]))
    assert task.test.texts == ("", "null")
    assert sorted(task.train.texts + task.validation.texts) == sorted(text for text, _ in train)
    assert task.provenance.notes == (
        "train row 100 is the only one of 'rare'",
        "no validation split: 10 of the 100 rows of train, stratified, were set aside as validation",
    )
