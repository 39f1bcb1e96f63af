"""Which file is which split, what is left out, and one file that is divided."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness import DataError
from harness.data.splits import find_split_files

from .folders import ROWS, lines, load, notes, rows, write, write_splits

CSV = "text,label\n" + "".join(f"text {i},{('neg', 'pos', 'pos')[i % 3]}\n" for i in range(30))


@pytest.mark.parametrize("validation", ["eval", "dev", "val", "valid", "Development", "evaluation"])
@pytest.mark.parametrize("test", ["test", "testing"])
def test_other_names_of_splits_are_known(tmp_path: Path, validation: str, test: str) -> None:
    for name in ("training", validation, test):
        write(tmp_path / f"{name}.csv", CSV)
    task = load(tmp_path)
    assert (len(task.train), len(task.validation), len(task.test)) == (30, 30, 30)
    assert task.provenance.notes == ()


def test_a_split_named_within_a_longer_name_is_taken_and_told(tmp_path: Path) -> None:
    for name in ("mood_train", "mood-dev", "mood.test"):
        write(tmp_path / f"{name}.csv", CSV)
    assert "mood_train.csv was taken for train" in load(tmp_path).provenance.notes
    write(tmp_path / "train_more.csv", CSV)
    with pytest.raises(DataError, match=r"several files claim to be the train split: mood_train.csv, train_more.csv"):
        load(tmp_path)
    write(tmp_path / "train.csv", CSV)
    assert "left out, named after no split: mood_train.csv, train_more.csv" in load(tmp_path).provenance.notes


def test_texts_and_labels_in_files_of_their_own_are_named_as_such(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write(tmp_path / f"{split}_text.txt", "a\nb\n")
        write(tmp_path / f"{split}_labels.txt", "0\n1\n")
    with pytest.raises(DataError, match=r"with: paste train_text.txt train_labels.txt\."):
        load(tmp_path)


def test_files_that_are_left_out_are_named_and_those_beside_the_data_are_not(tmp_path: Path) -> None:
    write_splits(tmp_path, train_csv=CSV, dev_csv=CSV, test_csv=CSV, notes_csv=CSV, README_md="", LICENSE_txt="")
    write(tmp_path / "dataset_infos.json", "{}")
    assert load(tmp_path).provenance.notes == ("left out, named after no split: notes.csv",)


def test_one_file_needs_a_share_for_test_and_the_message_says_so(tmp_path: Path) -> None:
    for name in ("reviews.csv", "train.csv", "test.csv"):
        file = write(tmp_path / name, CSV)
        with pytest.raises(DataError, match=r"no test split.*--test-size 0.2"):
            load(file)
        assert len(load(file, test_size=0.2).test) == 6
    assert load(tmp_path / "reviews.csv", test_size=0.2).name == "reviews"


def test_the_rows_set_aside_are_stratified_seeded_and_recorded(tmp_path: Path) -> None:
    file = write(tmp_path / "reviews.csv", CSV)
    first, again, other = (load(file, test_size=0.2, split_seed=seed) for seed in (0, 0, 1))
    assert first.content_hash() == again.content_hash() != other.content_hash()
    assert np.bincount(first.test.labels).tolist() == [2, 4]
    assert "no test split: 6 of 30 rows, stratified, seed 1, were set aside as test" in other.provenance.notes
    parts = [getattr(first, split) for split in ("train", "validation", "test")]
    assert sorted(row for part in parts for row in part.rows_in_source()) == list(range(30))
    assert [f"text {row}" for row in first.test.rows_in_source()] == list(first.test.texts)


def test_a_share_for_test_beside_a_labelled_test_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a labelled test split, so nothing has to be set aside"):
        load(write_splits(tmp_path, train_csv=CSV, test_csv=CSV), test_size=0.2)


def test_a_file_of_single_rows_cannot_be_divided(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no two rows of one class"):
        load(write(tmp_path / "a.csv", "text,label\na,x\nb,y\n"), test_size=0.5)


HIDDEN = json.dumps({"text": "a", "label": -1}) + "\n"
KNOWN = "".join(json.dumps({"text": f"text {i}", "label": i % 2}) + "\n" for i in range(20))


@pytest.mark.parametrize(
    ("test", "told"),
    [
        pytest.param("id,text\n1,a\n", "has no column 'label', which train has; it has id, text", id="no column"),
        pytest.param("text,label\na,\nb, \n", "no row has a label, so there is nothing to score on", id="empty"),
        pytest.param("text,label\na,?\nb,?\n", r"every row carries '\?', which no row of train does", id="?"),
        pytest.param("text,label\na,-1\nb,-1\n", "rows 1 and 2 are hidden", id="-1"),
    ],
)
def test_a_test_split_without_labels_names_the_way_out_which_works(tmp_path: Path, test: str, told: str) -> None:
    folder = write_splits(tmp_path, train_csv=CSV.replace("neg", "0").replace("pos", "1"), test_csv=test)
    with pytest.raises(DataError, match=rf"test.csv.*{told}.*set labelled rows of train aside .* --test-size 0.2"):
        load(folder)
    task = load(folder, test_size=0.2)
    assert len(task.test) == 6
    assert {text for text, _ in rows(task, "test")} <= {f"text {i}" for i in range(30)}
    assert any("its rows have no labels" in note for note in task.provenance.notes)


def labelled(*labels: object) -> str:
    return "".join(json.dumps({"text": f"text {i}", "label": label}) + "\n" for i, label in enumerate(labels))


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("options", [{}, {"test_size": 0.2}])
def test_rows_with_hidden_labels_among_others_are_named_and_counted(
    tmp_path: Path, split: str, options: dict[str, float]
) -> None:
    files = {f"{name}_jsonl": labelled(1, 0, 1, -1 if name == split else 0, 1) for name in ("validation", "test")}
    folder = write_splits(tmp_path, train_jsonl=KNOWN, **files)
    with pytest.raises(
        DataError, match=rf"{split}.jsonl, column 'label': row 4 has a hidden label \(-1\), 1 of 5 rows"
    ):
        load(folder, **options)


def test_a_validation_split_of_hidden_labels_is_called_that(tmp_path: Path) -> None:
    folder = write_splits(tmp_path, train_jsonl=KNOWN, validation_jsonl=labelled(-1, -1), test_jsonl=labelled(0, 1))
    with pytest.raises(DataError, match=r"validation.jsonl.*every label is hidden \(-1\).*leave this split out"):
        load(folder)


def test_a_test_split_of_hidden_and_missing_labels_has_none(tmp_path: Path) -> None:
    folder = write_splits(tmp_path, train_jsonl=KNOWN, test_jsonl=labelled(-1, None, -1))
    assert len(load(folder, test_size=0.2).test) == 4


def test_hidden_labels_in_json_are_replaced_too(tmp_path: Path) -> None:
    assert len(load(write_splits(tmp_path, train_jsonl=KNOWN, test_jsonl=HIDDEN), test_size=0.2).test) == 4


def test_only_files_that_may_have_been_meant_are_named_for_one_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "constraints.txt", "")
    with pytest.raises(DataError, match=r"holds no other \.csv file"):
        find_split_files(str(tmp_path / "reviews.csv"))
    with pytest.raises(DataError, match=r"no folder .*nowhere either"):
        find_split_files(str(tmp_path / "nowhere" / "reviews.csv"))


def test_files_that_are_listed_for_one_split_are_read_one_after_the_other(tmp_path: Path) -> None:
    for name, of in {"train_1": ROWS[:2], "train_2": ROWS[2:], "test": ROWS}.items():
        write(tmp_path / f"{name}.csv", lines(",", of))
    listed = ",".join(str(tmp_path / f"{name}.csv") for name in ("train_2", "train_1", "test"))
    task = load(listed, test_size=None)
    assert sorted(rows(task) + rows(task, "validation")) == sorted(ROWS)
    assert "train is train_2.csv, train_1.csv, one after the other" in notes(task)
    with pytest.raises(DataError, match=r"train_1\.csv is named twice"):
        load(f"{listed},{tmp_path}/./train_1.csv")


def test_a_folder_for_each_split_is_read_file_by_file(tmp_path: Path) -> None:
    for split, of in {"train": ROWS * 2, "test": ROWS}.items():
        for number, row in enumerate(of):
            write(tmp_path / "data" / split / f"part-0000{number}.csv", lines(",", [row]))
    task = load(tmp_path)
    assert rows(task, "test") == ROWS
    assert len(task.train) + len(task.validation) == 8
    assert "train is the 8 files of train/" in notes(task)


def test_a_path_with_a_comma_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "Smith, John"
    for name in ("train.csv", "test.csv", "data, new.csv"):
        write(folder / name, CSV)
    assert load(folder).name == "Smith, John"
    alone = load(folder / "data, new.csv", test_size=0.2)
    assert (alone.name, len(alone.test)) == ("data, new", 6)
    assert len(load(f"{folder}/train.csv, {folder}/test.csv").test) == 30
    with pytest.raises(DataError, match=r"none\.csv.* does not exist"):
        load(f"{folder}/train.csv,{tmp_path}/none.csv")


def by_column(*values: str) -> str:
    return "text,label,split\n" + "".join(
        f"{value} {i},{('neg', 'pos')[i % 2]},{value}\n" for value in values for i in range(10)
    )


def test_rows_of_an_unknown_split_are_left_out_and_told(tmp_path: Path) -> None:
    task = load(write(tmp_path / "all.csv", by_column("train", "test", "dev", "unsup", "")))
    assert {text.split()[0] for text in task.test.texts} == {"test"}
    assert {text.split()[0] for text in task.train.texts} == {"train"}
    assert "rows that column 'split' names after no split were left out: 'unsup' (10), nothing (10)" in notes(task)


def test_a_column_whose_values_are_mostly_no_splits_is_told(tmp_path: Path) -> None:
    task = load(write(tmp_path / "all.csv", by_column("a", "b", "train")), test_size=0.2)
    assert len(task.train) + len(task.validation) + len(task.test) == 30
    assert "column 'split' was not taken for splits, since it holds 'a', 'b'" in notes(task)
