"""Rows and delimiters as people find them: no row is lost, merged or changed, and what was guessed is told."""

import csv
import random
from contextlib import suppress
from pathlib import Path

import pytest

from harness import DataError
from harness.data.files import read_split

from .folders import ROWS, lines, load, notes, rows, splits, write_splits

QUOTED = [('"I loved it', "pos"), ("it was dull", "neg"), ('the end"', "neg"), *ROWS]


def test_a_text_of_a_tsv_that_begins_with_a_quotation_mark_keeps_it_and_every_row(tmp_path: Path) -> None:
    task = load(splits(tmp_path, "tsv", lines("\t", QUOTED)))
    assert rows(task) == QUOTED
    assert "train: read without quoting, quotation marks belong to the text" in notes(task)


@pytest.mark.parametrize("text", ['"great" he said', '"great movie"', '"', 'he said "no"', '"a" or "b"', "'\"'"])
def test_quotation_marks_of_an_unquoted_tsv_belong_to_the_text(tmp_path: Path, text: str) -> None:
    content = [*ROWS, (text, "pos")]
    assert rows(load(splits(tmp_path, "tsv", lines("\t", content)))) == content


def test_a_tsv_that_is_quoted_is_read_as_such(tmp_path: Path) -> None:
    every = 'text\tlabel\n"a\tb"\tpos\n"two\nlines"\tneg\n"say ""hi"""\tpos\n'
    assert rows(load(splits(tmp_path, "tsv", every))) == [("a\tb", "pos"), ("two\nlines", "neg"), ('say "hi"', "pos")]


def test_a_column_that_is_quoted_in_every_row_is_quoted(tmp_path: Path) -> None:
    content = 'text\tlabel\n"fine"\tpos\n"bad"\tneg\n'
    assert rows(load(splits(tmp_path, "tsv", content))) == [("fine", "pos"), ("bad", "neg")]


def test_a_quotation_mark_of_a_csv_that_swallows_rows_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = splits(tmp_path, "csv", lines(",", QUOTED))
    with pytest.raises(DataError, match=r"train.csv, line 2: a quotation mark opens a cell .* --quoting no"):
        load(folder)
    assert rows(load(folder, quoting="no")) == QUOTED
    assert len(rows(load(folder, quoting="yes"))) == len(QUOTED) - 2


def test_a_swallowed_row_is_found_where_the_label_stands_first_and_others_are_quoted(tmp_path: Path) -> None:
    content = 'label,text\npos,"a, b"\nneg,"I went\npos,there\nneg,today"\npos,c\n'
    with pytest.raises(DataError, match=r"train.csv, line 3: a quotation mark"):
        load(splits(tmp_path, "csv", content))


def test_cells_over_several_lines_with_commas_are_cells(tmp_path: Path) -> None:
    content = [(f"{text},\nand more", label) for text, label in ROWS]
    quoted = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in content)
    assert rows(load(splits(tmp_path, "csv", quoted))) == content


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"], ids=["lf", "crlf", "cr", "crcrlf"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_every_way_to_end_a_line_gives_the_same_rows(tmp_path: Path, ending: str, end: str) -> None:
    content = lines("," if ending == "csv" else "\t", end=end)
    assert rows(load(splits(tmp_path, ending, content))) == ROWS


def test_line_ends_within_a_quoted_cell_stay_as_they_are(tmp_path: Path) -> None:
    content = 'text,label\r\n"a\r\nb",pos\r\n"c\nd\re",neg\r\n'
    assert rows(load(splits(tmp_path, "csv", content))) == [("a\r\nb", "pos"), ("c\nd\re", "neg")]


def test_line_ends_within_a_quoted_cell_stay_as_they_are_where_returns_end_lines(tmp_path: Path) -> None:
    content = 'text,label\r"a\rb",pos\r"c\nd",neg\re,pos\r'
    assert rows(load(splits(tmp_path, "csv", content))) == [("a\rb", "pos"), ("c\nd", "neg"), ("e", "pos")]


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt"])
def test_a_line_feed_at_the_very_end_of_lines_that_end_in_returns_is_no_cell(tmp_path: Path, ending: str) -> None:
    content = lines("," if ending == "csv" else "\t", end="\r").rstrip("\r") + "\n"
    assert rows(load(splits(tmp_path, ending, content))) == ROWS


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_carriage_return_within_a_line_belongs_to_the_text(tmp_path: Path, ending: str) -> None:
    content = [(f"{text}\r and more", label) for text, label in ROWS]
    assert rows(load(splits(tmp_path, ending, lines("," if ending == "csv" else "\t", content)))) == content


def test_carriage_returns_are_spoken_of_where_rows_are_uneven(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="carriage return"):
        load(splits(tmp_path, "csv", "text,label\na,pos\rb,neg\nc,pos\n"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_is_what_divides_every_row(tmp_path: Path, delimiter: str) -> None:
    content = [(f"{text} - and; so, on|and on".replace(delimiter, "/"), label) for text, label in ROWS]
    assert rows(load(splits(tmp_path, "csv", lines(delimiter, content)))) == content


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_tells_excel_the_delimiter_is_no_row(tmp_path: Path, first: str) -> None:
    assert rows(load(splits(tmp_path, "csv", f"{first}\n{lines(';')}"))) == ROWS


def test_spaces_after_every_comma_are_left_out_and_told(tmp_path: Path) -> None:
    task = load(splits(tmp_path, "csv", lines(", ") + '"one, two", pos\n'))
    assert rows(task) == [*ROWS, ("one, two", "pos")]
    assert "train: a space after each ',' was left out" in notes(task)
    assert rows(load(splits(tmp_path / "plain", "csv", lines(", ")))) == ROWS


def test_spaces_of_the_header_alone_leave_the_cells_as_they_are(tmp_path: Path) -> None:
    assert rows(load(splits(tmp_path, "csv", "text, label\n a,pos\nb,neg\n"))) == [(" a", "pos"), ("b", "neg")]


def test_what_spreadsheets_leave_behind_is_left_out(tmp_path: Path) -> None:
    content = "v1,v2,,,\n" + "".join(f"{label},{text},,,\n" for text, label in ROWS) + ",,,,\n,,,,\n"
    task = load(splits(tmp_path, "csv", content, content), text_column="v2", label_column="v1")
    assert rows(task) == ROWS
    assert "train, validation, test: 2 empty rows at the end were left out" in notes(task)


def test_a_column_without_a_name_that_holds_something_is_kept_and_told(tmp_path: Path) -> None:
    content = "text,label,\na,pos,\nb,neg,more\n"
    assert "columns without a name are called by their numbers: 3" in notes(load(splits(tmp_path, "csv", content)))


def test_the_index_that_pandas_writes_is_no_trouble(tmp_path: Path) -> None:
    content = ",text,label\n" + "".join(f"{i},{text},{label}\n" for i, (text, label) in enumerate(ROWS))
    assert rows(load(splits(tmp_path, "csv", content))) == ROWS


NEWS = "".join(f'"{i % 4 + 1}","Title {i}","Body of piece {i}"\n' for i in range(12))


@pytest.mark.parametrize("content", [NEWS, lines(";", header=False), lines(",", header=False)])
def test_a_missing_header_is_spoken_of_before_a_row_is_lost(tmp_path: Path, content: str) -> None:
    folder = splits(tmp_path, "csv", content, content)
    for options in ({}, {"text_column": content.split(",", maxsplit=1)[0]}):
        with pytest.raises(DataError, match=r"train.csv seems to have no header: its first row .* --no-header"):
            load(folder, **options)


def test_without_a_header_columns_have_numbers_or_the_names_that_are_given(tmp_path: Path) -> None:
    folder = splits(tmp_path, "csv", NEWS, NEWS)
    task = load(folder, header=False, text_column="3", label_column="1")
    assert (len(task.train), task.train.texts[0], task.label_names) == (12, "Body of piece 0", ("1", "2", "3", "4"))
    named = load(folder, columns="label,title,text")
    assert named.content_hash() == task.content_hash()


def test_of_two_columns_without_names_the_one_that_repeats_is_the_label(tmp_path: Path) -> None:
    content = "".join(f"{label};{text}\n" for text, label in ROWS)
    task = load(splits(tmp_path, "csv", content, content), header=False)
    assert rows(task) == ROWS
    assert "column 2 was taken for the text, column 1 for the label" in notes(task)


def test_a_first_row_that_only_looks_like_the_others_may_be_called_a_header(tmp_path: Path) -> None:
    content = "0,1\nfine,1\nbad,0\n"
    folder = splits(tmp_path, "csv", content, content)
    with pytest.raises(DataError, match="say --header"):
        load(folder)
    assert rows(load(folder, header=True, text_column="0", label_column="1")) == [("fine", "1"), ("bad", "0")]


def test_names_for_columns_of_a_file_that_has_a_header_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1 holds the names of the columns once more"):
        load(splits(tmp_path, "csv", lines(",")), columns="text,label")


def test_files_put_together_with_their_headers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 5 holds the names of the columns once more"):
        load(splits(tmp_path, "csv", lines(",") * 2))


def test_columns_without_usual_names_hint_at_a_header_that_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="If row 1 is no header but a row, say --no-header"):
        load(splits(tmp_path, "csv", "one thing,a\nother,b\n"))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_texts_and_labels_in_lines_without_a_header_are_read_from_txt(tmp_path: Path, delimiter: str) -> None:
    content = lines(delimiter, header=False)
    task = load(write_splits(tmp_path, train_txt=content, val_txt=content, test_txt=content))
    assert rows(task) == rows(task, "validation") == rows(task, "test") == ROWS
    assert "column 1 was taken for the text, column 2 for the label" in notes(task)


def test_a_txt_with_a_header_has_one_row_less_and_one_without_labels_is_refused(tmp_path: Path) -> None:
    assert rows(load(splits(tmp_path / "a", "txt", lines("\t"), lines("\t")))) == ROWS
    with pytest.raises(DataError, match="expected a text and a label in each line"):
        load(splits(tmp_path / "b", "txt", "just a text\nand another\n"))


def test_lines_of_fasttext_are_read_and_two_labels_in_one_refused(tmp_path: Path) -> None:
    content = "".join(f"__label__{label} {text}\n" for text, label in ROWS)
    assert rows(load(splits(tmp_path / "a", "txt", content, content))) == ROWS
    with pytest.raises(DataError, match=r"row 5 holds a list of labels .*multi-label"):
        load(splits(tmp_path / "b", "txt", f"{content}__label__a __label__b both\n", content))


LETTERS = [
    "a",
    "the ",
    '"',
    '""',
    '"x"',
    "'",
    ",",
    ";",
    "|",
    "\n",
    "\u2028",
    "\x85",
    "é",
    "你",
    "#",
    "null",
    "\\",
    "\\",
]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("is_quoted", [True, False])
def test_rows_in_are_rows_out_by_the_count_of_another_reader_and_writer(
    tmp_path: Path, delimiter: str, is_quoted: bool
) -> None:
    draw = random.Random(delimiter + str(is_quoted))
    file = tmp_path / ("x.tsv" if delimiter == "\t" else "x.csv")
    n_read = 0
    for _ in range(60):
        use = [*draw.sample(LETTERS, 6), "word"]
        texts = ["".join(draw.choices(use, k=draw.randint(1, 6))) for _ in range(draw.randint(3, 12))]
        table = [[text, "neg" if i % 2 else "pos"] for i, text in enumerate(texts)]
        with file.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened, delimiter=delimiter, quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL)
            writer.writerows([["text", "label"], *table])
        with suppress(DataError):  # a refusal loses nothing in silence
            columns = read_split([file]).columns
            assert [list(row) for row in zip(columns["text"], columns["label"], strict=True)] == table
            n_read += 1
    assert n_read > 50
