"""Local files are read as they were written, or refused with the file and the row."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import DataError
from harness.data.files import declared_order, read_split
from harness.data.splits import find_split_files
from harness.data.table import Table

AWKWARD = [
    "null",
    "NA",
    "None",
    "nan",
    "123",
    "1e5",
    "",
    "true",
    "-0",
    "007",
    "two\nlines",
    'a "b", c; d',
    "好 😀",
]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_rows(path: Path, rows: list[dict[str, object]]) -> Path:
    """Write rows in the format that the ending names."""
    quoted = [['"' + str(cell).replace('"', '""') + '"' for cell in row.values()] for row in rows]
    if path.suffix == ".parquet":
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    return write(
        path,
        {
            ".jsonl": "\n".join(json.dumps(row) for row in rows),
            ".json": json.dumps(rows),
            ".csv": "\n".join([",".join(rows[0]), *(",".join(cells) for cells in quoted)]),
            ".tsv": "\n".join(["\t".join(rows[0]), *("\t".join(cells) for cells in quoted)]),
        }[path.suffix],
    )


def read(path: Path) -> Table:
    return read_split([path])


def names_of(found: dict[str, list[Path]]) -> dict[str, list[str]]:
    return {split: [path.name for path in paths] for split, paths in found.items()}


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json", ".parquet"])
def test_every_cell_stays_the_text_it_was_and_no_row_is_lost(tmp_path: Path, ending: str) -> None:
    rows: list[dict[str, object]] = [{"text": text, "label": f"0{i}"} for i, text in enumerate(AWKWARD)]
    table = read(write_rows(tmp_path / f"train{ending}", rows))
    assert table.columns == {"text": AWKWARD, "label": [row["label"] for row in rows]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("text,label\na,b\n", id="plain"),
        pytest.param("text,label\r\na,b\r\n", id="crlf"),
        pytest.param("\ufefftext,label\na,b", id="byte order mark, no last newline"),
        pytest.param("text;label\na;b\n", id="semicolons"),
        pytest.param('"text";"label"\r\n"a";"b"\r\n\r\n', id="quoted semicolons, blank last line"),
    ],
)
def test_csv_dialects_give_the_same_columns(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path / "train.csv", content)).columns == {"text": ["a"], "label": ["b"]}


def test_a_comma_csv_may_hold_semicolons(tmp_path: Path) -> None:
    table = read(write(tmp_path / "train.csv", "text,label\na; b,x\n"))
    assert table.columns["text"] == ["a; b"]


def test_unicode_line_separators_do_not_end_a_row(tmp_path: Path) -> None:
    text = "a\u2028b\u0085c\x0bd"
    jsonl = write(tmp_path / "train.jsonl", json.dumps({"text": text}, ensure_ascii=False))
    csv = write(tmp_path / "train.csv", f"text,label\n{text},x\n")
    assert read(jsonl).columns["text"] == read(csv).columns["text"] == [text]


def test_a_text_longer_than_the_csv_modules_default_limit_is_read(tmp_path: Path) -> None:
    assert len(read(write(tmp_path / "train.csv", f"text,label\n{'a' * 200_000},x\n")).columns["text"][0]) == 200_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "train.csv",
            "text,label\na,x\nb\nc,y\n",
            r"header has 2 columns, but row 2 has another number \(1 ",
        ),
        ("train.csv", "text,label\na,x\nb,y,z\n", r"row 2 has another number \(3 in the first\). Quote"),
        ("train.csv", "text,label\na,x\n\nb,y\n", r"row 2 has another number \(0"),
        ("train.csv", "text,label,text\na,x,b\n", "column names must differ, but 'text' comes twice"),
        ("train.csv", 'text,label\na,x\n"b,y\nc,z\n', "line 3: .* closing quote"),
        ("train.csv", "", "is empty. It needs a header"),
        ("train.txt", "\n\n \n", r"is empty. It needs at least one row\."),
        (
            "train.csv",
            b"text,label\na,x\n" + "好吃,y\n".encode("gb18030"),
            "line 3: byte 0xba is not UTF-8. Save",
        ),
        ("train.csv", b"\xef\xbb\xbftext,label\na,x\n\xe9,y\n", "line 3: byte 0xe9"),
        ("train.jsonl", b'{"text": "a"}\n{"text": "\xe9"}', "line 2: byte 0xe9"),
        ("train.jsonl", '{"text": "a", "text": "b"}', "row 1: column names must differ"),
        ("train.jsonl", '{"text": "a"}\n{"text": ', "row 2: expected valid JSON"),
        ("train.jsonl", '{"text": "a"}\n[1]', "expected one JSON object a row, but row 2"),
        ("train.jsonl", "[" * 100_000, "row 1: expected valid JSON"),
        ("train.jsonl", "\n \n", "is empty. It needs at least one row"),
        ("train.json", '{"a": ["a"]}', "expected a list, one object a row, or such a list under a key, got dict"),
        ("train.json", "[]", "is empty"),
        ("train.json", "[{", "expected valid JSON"),
        ("train.parquet", b"PAR1 not really", "cannot be read as parquet"),
        ("train.pdf", "", "expected a file ending in .jsonl, .ndjson, .json, .csv, .tsv, .txt, .parquet"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_the_place(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=message) as refusal:
        read(write(tmp_path / name, content))
    assert str(tmp_path / name) in str(refusal.value)


def test_a_parquet_file_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    table = pa.table([["a"], ["b"]], names=["text", "text"])
    pq.write_table(table, tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"train.parquet: column names must differ, but 'text' comes twice"):
        read(tmp_path / "train.parquet")


def test_a_parquet_file_whose_text_is_not_utf8_is_refused(tmp_path: Path) -> None:
    text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")])
    pq.write_table(pa.table({"text": text}), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=r"train.parquet cannot be read as parquet: .*UTF8"):
        read(tmp_path / "train.parquet")


def test_a_folder_named_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "language=en" / "train.parquet", [{"text": "a"}])
    assert list(read(path).columns) == ["text"]


def test_class_names_in_a_parquet_file_of_the_datasets_library_are_kept(tmp_path: Path) -> None:
    features = {
        "label": {"names": ["sad", "joy"], "_type": "ClassLabel"},
        "text": {"dtype": "string", "_type": "Value"},
        "words": [{"dtype": "string", "_type": "Value"}],
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(pa.table({"label": [1]}).replace_schema_metadata(metadata), tmp_path / "train.parquet")
    assert read(tmp_path / "train.parquet").class_names == {"label": ("sad", "joy")}


@pytest.mark.parametrize("metadata", [b"{", b"[]", b'{"info": null}', b'{"info": {"features": 3}}'])
def test_metadata_that_is_no_class_list_declares_nothing(tmp_path: Path, metadata: bytes) -> None:
    table = pa.table({"label": [1]}).replace_schema_metadata({b"huggingface": metadata})
    pq.write_table(table, tmp_path / "train.parquet")
    assert read(tmp_path / "train.parquet").class_names == {}


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Train.CSV", "train"),
        ("training.tsv", "train"),
        ("val.json", "validation"),
        ("valid.jsonl", "validation"),
        ("dev.csv", "validation"),
        ("test.parquet", "test"),
        ("train-00000-of-00001.parquet", "train"),
        ("train-00000-of-00001-0123456789abcdef.parquet", "train"),
    ],
)
def test_files_are_recognised_by_the_usual_names_of_splits(tmp_path: Path, name: str, split: str) -> None:
    write(tmp_path / name, "")
    assert names_of(find_split_files(str(tmp_path)).files) == {split: [name]}


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv", "README.md", "labels.txt", "notes.csv"):
        write(tmp_path / name, "")
    assert names_of(find_split_files(str(tmp_path)).files) == {"test": ["test.csv"], "train": ["train.csv"]}


def test_the_data_subfolder_is_searched_where_no_file_above_is_a_split(tmp_path: Path) -> None:
    write(tmp_path / "dataset_infos.json", "{}")
    write(tmp_path / "data" / "train.csv", "")
    assert names_of(find_split_files(str(tmp_path)).files) == {"train": ["train.csv"]}


def test_a_list_of_files_is_taken_as_it_stands(tmp_path: Path) -> None:
    train, test = write(tmp_path / "a" / "train.csv", ""), write(tmp_path / "b" / "test.jsonl", "")
    assert find_split_files(f"{train}, {test}").files == {"train": [train], "test": [test]}


def test_a_list_longer_than_a_file_name_may_be_is_still_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"train-{i:05}-of-00012.parquet" for i in range(12)]
    for name in names:
        write(tmp_path / name, "")
    monkeypatch.chdir(tmp_path)
    assert names_of(find_split_files(",".join(names)).files) == {"train": names}
    assert declared_order(",".join(names)) is None


def test_numbered_parts_are_joined_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    parts = [
        write_rows(tmp_path / f"train-0000{i}-of-00003.parquet", [{"text": f"{i}a"}, {"text": f"{i}b"}])
        for i in range(3)
    ]
    found = find_split_files(",".join(map(str, reversed(parts)))).files
    assert read_split(found["train"]).columns["text"] == ["0a", "0b", "1a", "1b", "2a", "2b"]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["train-00000-of-00002.csv"], id="one missing"),
        pytest.param(["train-00000-of-00001.csv", "train-00000-of-00001.jsonl"], id="one twice"),
        pytest.param(["train-00000-of-00001.csv", "train-00001-of-00002.csv"], id="two versions"),
    ],
)
def test_numbered_parts_that_do_not_add_up_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        write(tmp_path / name, "")
    with pytest.raises(DataError, match=r"numbered parts of the train split, each once, found train-00000"):
        find_split_files(str(tmp_path))


def test_parts_with_other_columns_are_refused(tmp_path: Path) -> None:
    parts = [write(tmp_path / "0.csv", "text,label\na,b\n"), write(tmp_path / "1.csv", "text,class\na,b\n")]
    with pytest.raises(DataError, match=r"1.csv: expected the columns of .*0.csv, got text, class"):
        read_split(parts)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["notes.csv"], "expected files named train, validation and test.*found notes.csv. Rename"),
        ([], "found no such file"),
        (
            ["train.csv", "train.jsonl"],
            "several files claim to be the train split: train.csv, train.jsonl. Keep",
        ),
        (["dev.csv", "validation.csv"], "several files claim to be the validation split"),
        (["train.csv", "train-00000-of-00001.csv"], "several files claim to be the train split"),
    ],
)
def test_a_folder_without_clear_splits_is_refused(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        write(tmp_path / name, "")
    with pytest.raises(DataError, match=message):
        find_split_files(str(tmp_path))


def test_a_listed_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", "")
    with pytest.raises(DataError, match=r"test.csv does not exist. There are: train.csv"):
        find_split_files(f"{train},{tmp_path / 'test.csv'}")


def test_a_listed_file_named_after_no_split_is_refused_not_ignored(tmp_path: Path) -> None:
    train, more = write(tmp_path / "train.csv", ""), write(tmp_path / "more.csv", "")
    with pytest.raises(DataError, match=r"expected files named train.*more.csv is named otherwise"):
        find_split_files(f"{train},{more}")


def test_labels_txt_gives_the_order_of_the_classes(tmp_path: Path) -> None:
    write(tmp_path / "labels.txt", "\ufeffsadness\r\njoy \n\n很好\n")
    assert declared_order(str(tmp_path)) == ("sadness", "joy", "很好")
    assert declared_order(str(tmp_path / "elsewhere")) is None
