"""Parquet, Feather and Arrow files: what they declare of the classes."""

from pathlib import Path
from typing import Any

import datasets
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import DataError

from .folders import load, rows, write


def frame(labels: list[Any], order: list[Any], **options: Any) -> pd.DataFrame:
    categories = pd.Categorical(labels * 4, categories=order, **options)
    return pd.DataFrame({"text": [f"text {i}" for i in range(len(categories))], "label": categories})


@pytest.mark.parametrize("ending", ["parquet", "feather"])
@pytest.mark.parametrize("ordered", [True, False])
def test_categories_of_pandas_keep_their_order(tmp_path: Path, ending: str, ordered: bool) -> None:
    whole = frame(["mid", "low", "high"], ["low", "mid", "high", "never"], ordered=ordered)
    for split in ("train", "test"):
        getattr(whole, f"to_{ending}")(tmp_path / f"{split}.{ending}")
    assert load(tmp_path).label_names == ("low", "mid", "high")
    assert rows(load(tmp_path), "test")[:2] == [("text 0", "mid"), ("text 1", "low")]


def test_categories_that_are_numbers_name_the_rows_of_other_files_too(tmp_path: Path) -> None:
    whole = frame([1, 2, 3], [3, 1, 2], ordered=True)
    whole.to_feather(tmp_path / "train.feather")
    write(tmp_path / "test.csv", "text,label\na,1.0\nb,2\nc,3\n")
    task = load(tmp_path)
    assert task.label_names == ("3", "1", "2")
    assert rows(task, "test") == [("a", "1"), ("b", "2"), ("c", "3")]
    write(tmp_path / "test.csv", "text,label\na,0\nb,1\n")
    with pytest.raises(DataError, match="its 3 classes are '3', '1', '2', but test row 1 holds '0'"):
        load(tmp_path)


def test_parts_of_several_row_groups_and_files_are_put_together(tmp_path: Path) -> None:
    for number, labels in enumerate((["b", "a"], ["c", "a"])):
        name = f"train-0000{number}-of-00002.parquet"
        frame(labels, ["c", "b", "a"]).to_parquet(tmp_path / name, row_group_size=1)
    frame(["a"], ["a"]).to_parquet(tmp_path / "test.parquet")
    assert load(tmp_path).label_names == ("c", "b", "a")
    frame(["c", "a"], ["a", "c"]).to_parquet(tmp_path / "train-00001-of-00002.parquet")
    assert load(tmp_path).label_names == ("a", "b", "c")


def test_of_categories_that_are_numbers_feather_keeps_the_order_and_of_parquet_its_loss_is_told(tmp_path: Path) -> None:
    for ending in ("feather", "parquet"):
        for split in ("train", "test"):
            (tmp_path / ending).mkdir(exist_ok=True)
            getattr(frame([3, 1, 2], [3, 1, 2]), f"to_{ending}")(tmp_path / ending / f"{split}.{ending}")
    kept, lost = load(tmp_path / "feather"), load(tmp_path / "parquet")
    assert (kept.label_names, lost.label_names) == (("3", "1", "2"), ("1", "2", "3"))
    told = "labels were categories of pandas, whose order this file has not kept"
    assert [told in " ".join(task.provenance.notes) for task in (kept, lost)] == [False, True]


def test_a_dictionary_that_nobody_ordered_gives_no_order(tmp_path: Path) -> None:
    labels = pa.array(["b", "a", "b", "a"] * 3).dictionary_encode()
    for split in ("train", "test"):
        pq.write_table(
            pa.table({"text": [f"text {i}" for i in range(12)], "label": labels}), tmp_path / f"{split}.parquet"
        )
    assert load(tmp_path).label_names == ("a", "b")


def test_lists_of_one_class_label_that_were_saved_keep_their_names(tmp_path: Path) -> None:
    names = ["sad", "joy", "anger"]
    features = datasets.Features(text=datasets.Value("string"), label=datasets.List(datasets.ClassLabel(names=names)))
    columns = {"text": [f"text {i}" for i in range(12)], "label": [[i % 3] for i in range(12)]}
    saved = datasets.Dataset.from_dict(columns, features=features)
    datasets.DatasetDict(train=saved, test=saved).save_to_disk(tmp_path / "saved")
    task = load(tmp_path / "saved")
    assert task.label_names == tuple(names)
    assert [label for _, label in rows(task, "test")[:3]] == names
