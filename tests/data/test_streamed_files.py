"""Rows read some at a time are those that are read whole, and are never more at once than asked for."""

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.data.files import read_split
from harness.data.streamed_files import open_rows
from harness.data.table import ReadOptions
from harness.errors import DataError

FILES = {
    "plain.csv": b"id,text\n1,a quiet lake\n2,the late crowd\n",
    "quoted.csv": b'id,text\r\n1,"a ""quiet"" lake, far"\r\n2,"over\ntwo lines"\r\n3,plain\r\n',
    "semicolons.csv": "sep=;\ntext;label\nein See;gut\nviele Leute;schlecht\n".encode("utf-16"),
    "western.csv": "text,label\ncaf\xe9 noir,bon\npas mal,bon\n".encode("cp1252"),
    "spaced.csv": b"text, label\na lake, good\na crowd, bad\n",
    "unquoted.tsv": b'text\tlabel\n"quiet lake\tgood\na "late" crowd"\tbad\n',
    "mac.csv": b"text,label\ra lake,good\ra crowd,bad\r",
    "mac_quoted.csv": b'text,label\r"a\rlake",good\r"a\ncrowd",bad\rplain,bad\r',
    "returns.csv": b"text,label\na lake\rand more,good\na crowd,bad\n",
    "left.csv": b"text,label,,\na lake,good,,\na crowd,bad,,\n,,,\n\n",
    "unnamed.csv": b"text,\na lake,7\na crowd,8\n",
    "one_feed.csv": b"text,label\ra lake,good\ra crowd,bad\n",
    "rows.jsonl": b'{"text": "a lake", "id": 1}\n\n{"text": "a crowd"}\n',
    "list.json": b'[{"text": "a lake"}, {"text": "a crowd"}]',
    "pretty.jsonl": b'[\n {"text": "a lake"},\n {"text": "a crowd"}\n]\n',
    "packed.csv.gz": gzip.compress(b"text,label\na lake,good\na crowd,bad\n"),
}


def streamed(path: Path, options: ReadOptions | None = None, **how: Any) -> tuple[dict[str, list[Any]], list[str]]:
    with open_rows(str(path), None, options, **how) as rows:
        columns: dict[str, list[Any]] = {name: [] for name in rows.columns}
        for chunk in rows.chunks:
            for name, cells in chunk.items():
                columns[name] += cells
        return columns, rows.notes


@pytest.mark.parametrize("n", [1, 1000])
@pytest.mark.parametrize("name", FILES)
def test_rows_and_notes_are_those_of_the_file_read_whole(name: str, n: int, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    table = read_split([tmp_path / name])
    columns, notes = streamed(tmp_path / name, rows_at_once=n)
    assert columns == table.columns or "rows.jsonl" in name
    assert sorted(notes) == sorted(table.notes)
    assert columns["text"] == table.columns["text"]


@pytest.mark.parametrize("name", ["plain.csv", "quoted.csv", "packed.csv.gz", "rows.jsonl"])
def test_where_the_first_bytes_end_within_a_row_no_row_is_lost(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    assert streamed(tmp_path / name, decided_on=26)[0]["text"] == read_split([tmp_path / name]).columns["text"]


def test_a_txt_has_a_text_a_line_an_empty_one_is_a_row_and_columns_make_it_a_table(tmp_path: Path) -> None:
    file = tmp_path / "new.txt"
    file.write_bytes(b"a lake; far\r\n\r\na crowd; near")
    assert streamed(file)[0] == {"text": ["a lake; far", "", "a crowd; near"]}
    named = ReadOptions(columns=("text", "where"))
    file.write_bytes(b"a lake;far\na crowd;near\n")
    assert streamed(file, named)[0] == {"text": ["a lake", "a crowd"], "where": ["far", "near"]}
    file.write_bytes(b"__label__good a lake\n__label__bad a crowd\n")
    columns, notes = streamed(file)
    assert columns == {"text": ["a lake", "a crowd"], "label": ["good", "bad"]}
    assert "labels were taken off" in notes[0]


def test_empty_lines_between_those_of_fasttext_are_left_out_wherever_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "reviews.txt"
    file.write_bytes(b"\n__label__good a lake\n \r\n\n__label__bad a crowd\n\n")
    columns, notes = streamed(file)
    whole = read_split([file])
    assert columns == whole.columns == {"text": ["a lake", "a crowd"], "label": ["good", "bad"]}
    assert notes[1:] == list(whole.notes) == ["3 empty lines were left out"]


def test_empty_lines_alone_are_rows_without_a_text(tmp_path: Path) -> None:
    file = tmp_path / "blank.txt"
    file.write_bytes(b"\n\n")
    assert streamed(file) == ({"text": ["", ""]}, [])


@pytest.mark.parametrize(
    "content",
    [
        b"text,label\na lake,good\na crowd,bad\n",
        b"text,label\na lake,good\na crowd,bad",
        b"sep=,\r\ntext,label\r\na lake,good\r\na crowd,bad\r\n",
        b"text,label\ra lake,good\ra crowd,bad\r",
        "text,label\na lake,good\na crowd,bad\n".encode("utf-16"),
    ],
)
def test_the_header_is_not_counted_among_the_rows_that_are_to_come(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_bytes(content)
    with open_rows(str(tmp_path / "new.csv")) as rows:
        assert rows.n_rows == 2


def test_parquet_keeps_its_types_and_counts_its_rows(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", None, "c"], "n": pa.array([1, 2, 3], pa.int8())}), tmp_path / "new.parquet")
    with open_rows(str(tmp_path / "new.parquet"), rows_at_once=2) as rows:
        assert rows.n_rows == 3
        assert rows.types["n"] == pa.int8()
        assert [chunk["text"] for chunk in rows.chunks] == [["a", None], ["c"]]


class Pipe(io.RawIOBase):
    """Gives lines one by one and counts them."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self._rest, self.n_given = lines, b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._lines, b"")
            self.n_given += bool(self._rest)
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def test_of_a_long_stream_a_few_megabytes_are_held_at_a_time() -> None:
    pipe = Pipe(f"{i} {'text ' * 500}\n".encode() for i in range(5000))
    with open_rows("-", io.BufferedReader(pipe), rows_at_once=5) as rows:
        assert [text.split()[0] for text in next(rows.chunks)["text"]] == ["0", "1", "2", "3", "4"]
        assert pipe.n_given < 1000
        assert sum(len(chunk["text"]) for chunk in rows.chunks) == 4995


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_standard_input_is_read_as_it_is_said_to_be(kind: str) -> None:
    content = {"csv": b"id,text\n1,a lake\n", "jsonl": b'{"id": 1, "text": "a lake"}\n'}[kind]
    with open_rows("-", io.BytesIO(content), kind=kind) as rows:
        assert [list(chunk["text"]) for chunk in rows.chunks] == [["a lake"]]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("new.csv", b"text,label\na lake,good\na crowd\n", "row 2 has another number"),
        ("new.csv", b"text,label\na lake,good\ntext,label\n", "once more"),
        ("new.csv", b'text,label\n"a lake,good\na crowd,bad\n', "line 2"),
        ("new.csv", b"text,label\na lake,good\n\na crowd,bad\n", "Remove empty lines: row 2"),
        ("new.csv", b"", "is empty"),
        ("new.csv", b"text\n" + b"caf\xe9\xe9 \xe9\xe9\n" * 3, "line 2: byte 0xe9 is not UTF-8"),
        ("new.csv.gz", b"text\na lake\n", "is not compressed"),
        ("new.jsonl", b'{"text": "a"}\nnonsense\n', "row 2: expected valid JSON"),
        ("new.jsonl", b'{"text": "a"}\n[1]\n', "row 2 is none"),
        ("new.parquet", b"no parquet", "cannot be read as parquet"),
        ("new.xlsx", b"", "is a spreadsheet"),
        ("new.doc", b"", "expected a file ending in"),
        ("new.csv", b"PK\x03\x04", "a spreadsheet or an archive"),
    ],
)
def test_what_are_no_rows_is_refused(name: str, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=told.replace("(", r"\(")):
        streamed(tmp_path / name)


LATE = {
    "uneven.csv": (b"a lake,good\n" * 9 + b"a crowd\n", "row 10 has another number"),
    "taken.csv": (b'"a lake",good\n' * 9 + b'"a crowd,good\n' + b'a lake,good\na lake",good\n', "look like rows"),
    "open.csv": (b'"a lake",good\n' * 9 + b'"a crowd,good\n', "line 11: "),
    "quote.tsv": (b"a lake\tgood\n" * 9 + b'"a crowd"\tgood\n', "line 11: the first quotation mark"),
    "wrong.csv": (b"a lake,good\n" * 9 + b"caf\xe9,good\n", "line 11: byte 0xe9"),
}


@pytest.mark.parametrize("name", LATE)
def test_what_turns_out_wrong_after_the_first_block_is_refused_with_its_place(name: str, tmp_path: Path) -> None:
    rows, told = LATE[name]
    header = b"text\tlabel\n" if name.endswith(".tsv") else b"text,label\n"
    (tmp_path / name).write_bytes(header + rows)
    with pytest.raises(DataError, match=told):
        streamed(tmp_path / name, rows_at_once=4, decided_on=64)
