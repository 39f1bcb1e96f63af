"""Files as people find them, whatever they are packed in, written in or arranged like."""

import bz2
import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from pyarrow import feather

from harness import DataError, UserError

from .folders import ROWS, lines, load, notes, rows, splits, write


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl"])
def test_compressed_files_are_read(tmp_path: Path, kind: str, ending: str, pack: Any) -> None:
    content = {
        "csv": lines(","),
        "tsv": lines("\t"),
        "jsonl": "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS),
    }[kind]
    for split in ("train", "validation", "test"):
        write(tmp_path / f"{split}.{kind}.{ending}", pack(content.encode()))
    assert rows(load(tmp_path)) == ROWS


def test_a_broken_archive_is_refused_with_its_name(tmp_path: Path) -> None:
    write(tmp_path / "train.csv.gz", gzip.compress(lines(",").encode())[:-9])
    with pytest.raises(DataError, match=r"train.csv.gz cannot be read: .*end-of-stream"):
        load(tmp_path / "train.csv.gz", test_size=0.5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"text": ["a", "b"], "label": ["x"]}, r"columns of the same rows, got 'text' \(2\) and 'label' \(1\)"),
        ({"text": {"0": "a"}, "label": {"1": "x"}}, "columns of the same rows"),
        ({"columns": ["text", "label", "label"], "index": [0], "data": [["a", "x", "y"]]}, "comes twice"),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(tmp_path: Path, content: Any, told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(write(tmp_path / "one.json", json.dumps(content)), test_size=0.5)


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz"])
def test_what_is_compressed_by_its_name_alone_is_named(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"train.csv.{ending}", lines(","))
    with pytest.raises(DataError, match=r"is not compressed, whatever its name says. Rename it to train\.csv"):
        load(tmp_path / f"train.csv.{ending}", test_size=0.5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("| text | label |\n|:---|---|\n| fine day | pos |\n| bad soup | neg |\n", "a table of Markdown"),
        ("# made by hand\n" + lines(","), "a title or a comment, remove it"),
    ],
)
def test_lines_that_are_no_rows_are_named(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(splits(tmp_path, "csv", content))


OBJECTS = [{"text": text, "label": label} for text, label in ROWS]


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        pytest.param("json", "\n".join(map(json.dumps, OBJECTS)), id="lines in .json"),
        pytest.param("json", json.dumps(OBJECTS, indent=2), id="a list over several lines"),
        pytest.param("jsonl", json.dumps(OBJECTS), id="a list in .jsonl"),
        pytest.param("jsonl", json.dumps(OBJECTS, indent=2), id="a list over several lines in .jsonl"),
        pytest.param("ndjson", "\n".join(map(json.dumps, OBJECTS)), id=".ndjson"),
        pytest.param("json", json.dumps({"version": "1", "data": OBJECTS}), id="under a key"),
        pytest.param("json", json.dumps({"version": "1", "data": OBJECTS}, indent=1), id="under a key, indented"),
        pytest.param("json", json.dumps({"set": {"name": "x", "rows": OBJECTS}}), id="under two keys"),
        pytest.param("json", json.dumps({"text": [t for t, _ in ROWS], "label": [y for _, y in ROWS]}), id="columns"),
        pytest.param(
            "json",
            json.dumps(
                {"text": {i: t for i, (t, _) in enumerate(ROWS)}, "label": {i: y for i, (_, y) in enumerate(ROWS)}}
            ),
            id="columns of pandas",
        ),
        pytest.param(
            "json",
            json.dumps(
                {
                    "text": {i: t for i, (t, _) in enumerate(ROWS)},
                    "label": {i: y for i, (_, y) in reversed([*enumerate(ROWS)])},
                }
            ),
            id="columns of pandas, rows in two orders",
        ),
        pytest.param("json", json.dumps(dict(enumerate(OBJECTS))), id="rows of pandas by name"),
        pytest.param("json", json.dumps({"kinds": [{"name": "x"}], "data": OBJECTS}), id="a list beside the rows"),
        pytest.param(
            "json",
            json.dumps({"columns": ["text", "label"], "index": [0, 1, 2, 3], "data": ROWS}),
            id="split of pandas",
        ),
    ],
)
def test_json_is_read_however_its_rows_are_arranged(tmp_path: Path, ending: str, content: str) -> None:
    assert rows(load(splits(tmp_path, ending, content, content))) == ROWS


def test_rows_under_a_key_are_told_and_under_several_refused(tmp_path: Path) -> None:
    under = json.dumps({"data": OBJECTS})
    assert "rows were read from under the key 'data'" in notes(load(splits(tmp_path / "a", "json", under, under)))
    with pytest.raises(DataError, match=r"rows under several keys \('train', 'test'\). Write those of each split"):
        load(write(tmp_path / "b.json", json.dumps({"train": OBJECTS, "test": OBJECTS})))


def saved(features: bool = True) -> datasets.Dataset:
    kinds = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pos", "neg"])}
    content = {"text": [text for text, _ in ROWS], "label": [int(label == "neg") for _, label in ROWS]}
    return datasets.Dataset.from_dict(content, features=datasets.Features(kinds) if features else None)


def test_a_folder_of_save_to_disk_is_read_with_its_class_names(tmp_path: Path) -> None:
    content = datasets.DatasetDict(train=saved(), dev=saved(), test=saved(), unsupervised=saved())
    content.save_to_disk(str(tmp_path / "d"), num_shards=dict.fromkeys(content, 2))
    task = load(tmp_path / "d")
    assert (rows(task), rows(task, "validation"), task.label_names) == (ROWS, ROWS, ("pos", "neg"))
    assert "left out, named after no split: unsupervised" in notes(task)


def test_a_single_data_set_of_save_to_disk_is_divided(tmp_path: Path) -> None:
    datasets.concatenate_datasets([saved()] * 3).save_to_disk(str(tmp_path / "d"))
    assert len(load(tmp_path / "d", test_size=0.5).test) == 6


@pytest.mark.parametrize("names", [[{"filename": "../x.arrow"}], [{"filename": "/x.arrow"}], [], None, [3]])
def test_a_folder_of_save_to_disk_that_names_files_elsewhere_is_refused(tmp_path: Path, names: Any) -> None:
    write(tmp_path / "state.json", json.dumps({"_data_files": names}))
    with pytest.raises(DataError, match=r"state.json: expected the names of Arrow files in this folder"):
        load(tmp_path, test_size=0.5)


def test_arrow_and_feather_files_are_read(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(OBJECTS)
    for split in ("train", "test"):
        feather.write_feather(table, tmp_path / f"{split}.feather")
    with pa.OSFile(str(tmp_path / "validation.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    task = load(tmp_path)
    assert rows(task) == rows(task, "validation") == ROWS
    write(tmp_path / "test.feather", b"not one")
    with pytest.raises(DataError, match=r"test.feather cannot be read as Arrow"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"columns": "a,b"}, "--columns"),
        ({"header": False}, "--no-header"),
        ({"header": True}, "--header"),
        ({"quoting": "no"}, "--quoting"),
    ],
)
def test_options_of_rows_and_delimiters_are_refused_where_they_mean_nothing(
    tmp_path: Path, option: dict[str, Any], told: str
) -> None:
    content = json.dumps(OBJECTS)
    with pytest.raises(DataError, match=f"train.json: {told} is for csv, tsv and txt files, and this is a JSON file"):
        load(splits(tmp_path, "json", content, content), **option)
    load("sample", **option)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("data.xlsx", "is a spreadsheet. Save its sheet as CSV"),
        ("train.csv.zip", "is an archive. Unpack it"),
        ("train.pkl", "is a pickle, which can run code"),
        ("a.sqlite", "is a database"),
    ],
)
def test_files_of_other_kinds_are_named_as_what_they_are(tmp_path: Path, name: str, told: str) -> None:
    file = write(tmp_path / name, b"PK")
    for location in (file, tmp_path):
        with pytest.raises(DataError, match=told):
            load(location)


def test_a_split_that_only_a_spreadsheet_holds_is_named(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", lines(","))
    write(tmp_path / "test.xlsx", b"PK")
    with pytest.raises(DataError, match=r"test.xlsx is a spreadsheet"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04\x14\x00", "is a spreadsheet or an archive, whatever its name says"),
        (b"\x1f\x8b\x08", "is compressed with gzip. Let its name end in .gz"),
        (b"PAR1", "is parquet"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a pointer of Git LFS"),
        (b"<!DOCTYPE html>\n<p>not found", "is a web page"),
    ],
)
def test_contents_that_the_name_does_not_promise_are_named(tmp_path: Path, content: bytes, told: str) -> None:
    for name in ("train.csv", "train.jsonl"):
        with pytest.raises(DataError, match=f"{name} {told}"):
            load(write(tmp_path / name, content), test_size=0.5)


def test_parquet_that_is_only_a_pointer_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "train.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(DataError, match=r"train.parquet is a pointer of Git LFS"):
        load(file, test_size=0.5)


def test_keys_that_only_some_objects_have_are_no_fault_unless_they_are_the_text_or_the_label(tmp_path: Path) -> None:
    objects = [{"text": f"{text} {i}", "label": label} for i in range(3) for text, label in ROWS]
    objects[1] |= {"note": "x"}
    file = tmp_path / "train.jsonl"
    write(file, "\n\n".join(map(json.dumps, objects)))
    task = load(file, test_size=0.5)
    assert sum(len(rows(task, split)) for split in ("train", "validation", "test")) == len(objects)
    assert f"train: {len(objects) - 1} empty lines were left out" in notes(task)
    write(file, "\n".join(map(json.dumps, [*objects, {"text": "no label here"}])))
    with pytest.raises(DataError, match=f"row {len(objects) + 1} has no label"):
        load(file, test_size=0.5)


def test_one_file_is_divided_by_the_column_that_names_splits(tmp_path: Path) -> None:
    named = [("train", 4), ("dev", 2), ("test", 3)]
    content = "".join(f"{split} text {i},{'xy'[i % 2]},{split}\n" for split, n in named for i in range(n))
    task = load(write(tmp_path / "all.csv", f"text,label,Split\n{content}"))
    assert [len(split) for split in (task.train, task.validation, task.test)] == [4, 2, 3]
    assert task.test.texts[0] == "test text 0"
    assert "train, validation, test: rows were divided by the column 'Split'" in notes(task)


def test_a_folder_of_one_folder_a_class_is_named_with_the_way_out(tmp_path: Path) -> None:
    for name in ("neg", "pos"):
        write(tmp_path / "train" / name / "0.txt", "a text")
    with pytest.raises(DataError, match=r"train holds a folder of texts for each class \(neg, pos\)\. Write one row"):
        load(tmp_path)


def test_quotation_marks_that_a_backslash_escapes_are_named(tmp_path: Path) -> None:
    file = write(tmp_path / "train.csv", 'text,label\n"he said \\"no\\", twice",x\n"b",y\n')
    with pytest.raises(DataError, match=r'are written \\" here; expected them doubled'):
        load(file, test_size=0.5)


@pytest.mark.parametrize("name", ["https://huggingface.co/datasets/dair-ai/emotion", "s3://bucket/train.csv"])
def test_an_address_is_named_as_one(name: str) -> None:
    with pytest.raises(UserError, match="is an address; expected") as told:
        load(name)
    assert ("Did you mean --dataset dair-ai/emotion?" in str(told.value)) == name.startswith("https")
