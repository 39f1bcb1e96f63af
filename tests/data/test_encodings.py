"""Files of text in whatever encoding: told by their bytes, asked for where nothing tells."""

import codecs
from pathlib import Path

import pytest

from harness import DataError

from .folders import lines, load, notes, rows, splits, write

ACCENTS = [("café £5", "pos"), ("naïve “quote”", "neg"), ("größer als", "pos"), ("too loud", "neg")]


@pytest.mark.parametrize(
    ("encoding", "mark", "told"),
    [
        ("cp1252", b"", "not UTF-8, taken for cp1252"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "read as UTF-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "read as UTF-16"),
        ("utf-16-le", b"", "taken for UTF-16-LE"),
        ("utf-8", codecs.BOM_UTF8, ""),
    ],
)
def test_an_encoding_that_the_bytes_tell_is_taken_and_told(
    tmp_path: Path, encoding: str, mark: bytes, told: str
) -> None:
    task = load(splits(tmp_path, "csv", mark + lines(",", ACCENTS).encode(encoding)))
    assert rows(task) == ACCENTS
    assert told in notes(task)


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift_jis", "cp1251", "euc_kr"])
def test_an_encoding_that_cannot_be_told_is_asked_for(tmp_path: Path, encoding: str) -> None:
    texts = {"cp1251": "хороший день", "shift_jis": "とても良い", "euc_kr": "좋은 날", "big5": "這是一段中文的測試"}
    text = texts.get(encoding, "天氣很好")
    file = write(tmp_path / "one.csv", lines(",", [(text, "pos"), ("bad", "neg")] * 4).encode(encoding))
    with pytest.raises(DataError, match=r"one.csv, line 2: byte 0x.. is not UTF-8. .*--encoding"):
        load(file, test_size=0.5)
    assert {text for text, _ in rows(load(file, encoding=encoding, test_size=0.5))} == {text, "bad"}


def test_an_encoding_that_is_not_that_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not ASCII. Name another --encoding"):
        load(splits(tmp_path, "csv", lines(",", ACCENTS)), encoding="ascii")
