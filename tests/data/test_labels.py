"""Labels that are not what they seem: alike, several a text, pairs of texts, ids from 1."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from harness import DataError

from .folders import load, rows, write_splits


def csv(labels: list[str], header: str = "text,label") -> str:
    return f"{header}\n" + "".join(f"text {i},{label}\n" for i, label in enumerate(labels))


def jsonl(labels: list[Any]) -> str:
    return "".join(json.dumps({"text": f"text {i}", "label": label}) + "\n" for i, label in enumerate(labels))


def folder(path: Path, train: str, others: str, ending: str = "csv") -> Path:
    return write_splits(
        path, **{f"{split}_{ending}": others for split in ("validation", "test")}, **{f"train_{ending}": train}
    )


DECOMPOSED = unicodedata.normalize("NFD", "café")


@pytest.mark.parametrize(
    ("odd", "plain", "told"),
    [
        ("neg ", "neg", "'neg' (9 rows) and 'neg ' (1 rows)"),
        ("Neg", "neg", "'Neg' (1 rows) and 'neg' (9 rows)"),
        (DECOMPOSED, "café", r"'cafe\u0301' (1 rows) and 'café' (9 rows)"),
        ("\u200bneg", "neg", "'neg' (9 rows) and '\\u200bneg' (1 rows)"),
        ("1.0", "1", "'1' (9 rows) and '1.0' (1 rows)"),
        ("not\u00a0good", "not good", "'not good' (9 rows) and 'not\\xa0good' (1 rows)"),
    ],
)
def test_names_that_look_alike_are_told_and_joined_on_request(tmp_path: Path, odd: str, plain: str, told: str) -> None:
    data = folder(tmp_path, csv([odd, "pos", plain, "pos"] + [plain, "pos"] * 2), csv([plain, "pos"] * 3))
    (note,) = load(data).provenance.notes
    assert f"{told} (--normalise-labels joins them)" in note
    task = load(data, normalise_labels=True)
    assert task.label_names == tuple(sorted((plain, "pos")))
    assert rows(task)[0] == ("text 0", plain)
    assert task.provenance.notes == ("label names were written alike in 1 rows (--normalise-labels)",)


def test_names_are_joined_to_how_they_are_declared(tmp_path: Path) -> None:
    data = folder(tmp_path, csv(["good ", "BAD", "bad"]), csv(["Good", "bad"]))
    task = load(data, normalise_labels=True, label_names="Good,Bad")
    assert (task.label_names, rows(task, "test")) == (("Good", "Bad"), [("text 0", "Good"), ("text 1", "Bad")])


def test_names_that_differ_and_numbers_are_no_trouble(tmp_path: Path) -> None:
    for name, labels in {"a": ["re-sent", "resent", "re sent"], "b": ["1", "01", "10"]}.items():
        data = folder(tmp_path / name, csv(labels * 2), csv(labels))
        assert load(data).provenance.notes == ()
        assert len(load(data, normalise_labels=True).label_names) == 3


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([[2], [2, 5], [5]], id="lists"),
        pytest.param(["2", "2,5", "5"], id="2,5"),
        pytest.param(["2", "2, 5", "5"], id="with a space"),
        pytest.param(["joy", "joy|fear", "fear"], id="names with a bar"),
        pytest.param(["joy", "joy;fear", "fear"], id="names with a semicolon"),
        pytest.param(["joy", "joy/fear", "fear"], id="names with a slash"),
        pytest.param(["joy", "joy & fear", "fear"], id="names with an ampersand"),
        pytest.param(["2", "2 5", "5"], id="numbers with a space"),
        pytest.param(["[2]", "[2, 5]", "[5]"], id="lists as text"),
        pytest.param(["['joy']", "['joy', 'fear']", "['fear']"], id="lists of names as text"),
    ],
)
def test_several_labels_a_text_are_refused_in_these_words(tmp_path: Path, labels: list[Any]) -> None:
    content = jsonl(labels * 2)
    with pytest.raises(DataError, match=r"train.jsonl, column 'label': .* a list of labels .*\(multi-label\)"):
        load(folder(tmp_path, content, content, "jsonl"))


@pytest.mark.parametrize(
    ("labels", "names", "told"),
    [
        ([["pos"], ["neg"]], ("neg", "pos"), "each cell of 'label' is a list of one label, which was taken"),
        ([1.0, 0.0], ("0", "1"), "labels written as 1.0 were taken for whole numbers"),
        (["1.0", "0.0"], ("0", "1"), "labels written as '1.0' were taken for whole numbers"),
    ],
)
def test_lists_of_one_and_whole_numbers_with_a_point_are_labels(
    tmp_path: Path, labels: list[Any], names: tuple[str, ...], told: str
) -> None:
    task = load(folder(tmp_path, jsonl(labels * 4), jsonl(labels), "jsonl"))
    assert (task.label_names, task.provenance.notes) == (names, (told,))
    assert [label for _, label in rows(task, "test")] == list(reversed(names))


def test_scores_to_be_predicted_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"12 different numbers in 12 rows, such as '0.25': a score .*\(regression\)"):
        load(folder(tmp_path, csv([str(i + 0.25) for i in range(12)]), csv(["0.25", "1.25"])))


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(["news, sports", "arts, films", "news"], id="a comma in a name"),
        pytest.param(["not spam", "spam", "not"], id="words"),
        pytest.param(["and/or", "a;b", "c"], id="a semicolon in a name"),
        pytest.param(["(a)", "[b]", "c"], id="brackets"),
        pytest.param(["(-0.002, 0.667]", "(0.667, 1.333]", "(1.333, 2.0]"], id="intervals"),
        pytest.param(["[0, 1)", "[1, 2)"], id="intervals open to the right"),
    ],
)
def test_names_with_commas_and_spaces_are_names(tmp_path: Path, labels: list[str]) -> None:
    content = jsonl(labels * 2)
    assert set(load(folder(tmp_path, content, content, "jsonl")).label_names) == set(labels)


@pytest.mark.parametrize(
    "names",
    [["yes", "no", "yes/no"], ["C", "C++", "C/C++"], ["0,5", "5", "0"], ["[0, 1]", "[2, 3]"], ["a", "b", "a b"]],
)
def test_labels_that_are_declared_names_are_single(tmp_path: Path, names: list[str]) -> None:
    content = jsonl(names * 2)
    data = folder(tmp_path, content, content, "jsonl")
    if names[-1] != "a b":
        with pytest.raises(DataError, match=r"\(multi-label\).*name all classes: --label-names, or .*labels.txt"):
            load(data)
    (data / "labels.txt").write_text("\n".join(names))
    assert [label for _, label in rows(load(data), "test")] == names * 2


def test_several_labels_that_are_no_declared_name_are_refused_still(tmp_path: Path) -> None:
    content = jsonl(["joy", "joy|fear", "fear"])
    with pytest.raises(DataError, match="multi-label"):
        load(folder(tmp_path, content, content, "jsonl"), label_names="joy,fear")


def test_columns_of_flags_are_spoken_of(tmp_path: Path) -> None:
    content = "text,toxic,rude\n" + "a,1,0\nb,0,1\n" * 3
    with pytest.raises(DataError, match=r"Columns toxic, rude hold 0 and 1 alone.*multi-label"):
        load(folder(tmp_path, content, content))


PAIR = "premise,hypothesis,label\n" + "a,b,x\nc,d,y\n" * 3


@pytest.mark.parametrize(
    "header", ["premise,hypothesis", "question1,question2", "Sentence1,Sentence2", "question,sentence"]
)
def test_pairs_of_texts_are_refused_with_how_to_join_them(tmp_path: Path, header: str) -> None:
    content = PAIR.replace("premise,hypothesis", header)
    first, second = header.split(",")
    with pytest.raises(DataError, match=rf"columns '{first}' and '{second}' are a pair of texts.*Join both"):
        load(folder(tmp_path, content, content))
    assert load(folder(tmp_path, content, content), text_column=second).train.texts[0] == "b"


def test_two_text_columns_that_are_named_are_a_pair(tmp_path: Path) -> None:
    content = PAIR.replace("premise,hypothesis", "title,body")
    with pytest.raises(DataError, match=r"columns 'title' and 'body' are a pair of texts.*--text-column body"):
        load(folder(tmp_path, content, content), text_column="title, body")


def test_names_for_ids_from_1_are_given_to_them(tmp_path: Path) -> None:
    data = folder(tmp_path, csv(["1", "2", "3"] * 2), csv(["3", "1"]))
    task = load(data, label_names="low,middle,high")
    assert [label for _, label in rows(task, "test")] == ["high", "low"]
    assert task.provenance.notes == ("label ids begin at 1, so the names were given to 1 (low) to 3",)


@pytest.mark.parametrize("names", ["3.0,1.0,2.0", "3,1,2"])
@pytest.mark.parametrize("labels", [["3.0", "1.0", "2.0"], ["3", "1", "2"], [3.0, 1.0, 2.0], [3, 1, 2]])
def test_names_that_are_numbers_name_the_labels_that_are_these_numbers(
    tmp_path: Path, names: str, labels: list[Any]
) -> None:
    data = folder(tmp_path, jsonl(labels * 2), jsonl(labels), "jsonl")
    task = load(data, label_names=names)
    assert [label for _, label in rows(task, "test")] == names.split(",")
    (tmp_path / "labels.txt").write_text(names.replace(",", "\n"))
    assert load(data).content_hash() == task.content_hash()


def test_names_that_are_numbers_for_other_ids_are_given_by_position_and_that_is_told(tmp_path: Path) -> None:
    task = load(folder(tmp_path, csv(["0", "1", "2"] * 2), csv(["0", "2"])), label_names="1,2,3")
    assert [label for _, label in rows(task, "test")] == ["1", "3"]
    (note,) = task.provenance.notes
    assert note.startswith("labels were taken for positions in the list of names, from 0 (1), since not all of them")


def test_names_of_positions_that_are_joined_stay_with_their_rows(tmp_path: Path) -> None:
    data = folder(tmp_path, csv(["0", "1", "2"] * 2), csv(["0", "1", "2"]))
    task = load(data, label_names="neg,Neg,pos", normalise_labels=True)
    assert [label for _, label in rows(task, "test")] == ["neg", "neg", "pos"]


def test_ids_that_may_begin_at_0_or_1_are_told(tmp_path: Path) -> None:
    data = folder(tmp_path, csv(["1", "2"] * 3), csv(["1", "2"]))
    (note,) = load(data, label_names="low,middle,high").provenance.notes
    assert note == "the names were given to ids from 0, but no row has id 0 (low)"


@pytest.mark.parametrize("label", ["nan", "#N/A", "None", "-1"])
def test_labels_that_mark_a_missing_one_elsewhere_are_told(tmp_path: Path, label: str) -> None:
    task = load(folder(tmp_path, csv([label, "1", "0"] * 3), csv(["1", "0"])))
    assert task.n_classes == 3
    assert f"label '{label}' occurs in train and was taken for a class" in " ".join(task.provenance.notes)


def test_texts_that_a_spreadsheet_took_for_formulas_are_told(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"{'#NAME?' if i in (2, 5) else f'text {i}'},{i % 2}\n" for i in range(8))
    task = load(folder(tmp_path, content, csv(["1", "0"])))
    assert task.provenance.notes == (
        "train rows 3 and 6 hold '#NAME?' in place of a text, as spreadsheets write where a formula fails",
    )


@pytest.mark.parametrize("last", ["Total,40", "合計\uff1a,40", "text 40,Sum"])
def test_a_sum_below_the_rows_and_a_class_of_one_row_are_named_with_their_place(tmp_path: Path, last: str) -> None:
    others = csv(["neg", "pos"] * 3)
    data = folder(tmp_path, csv(["neg", "pos"] * 20) + f"{last}\n", others)
    sum_, alone = load(data).provenance.notes
    assert sum_.startswith("train row 41, the last, was taken for data, but ")
    assert "looks like a sum of the rows above" in sum_
    assert alone == f"train row 41 is the only one of {last.split(',')[1]!r}"


def test_a_last_row_that_only_speaks_of_sums_is_no_trouble(tmp_path: Path) -> None:
    data = folder(tmp_path, csv(["average", "good"] * 20) + "total nonsense,average\n", csv(["average", "good"]))
    assert load(data).provenance.notes == ()


def test_a_list_of_one_label_written_into_a_csv_file_is_that_label(tmp_path: Path) -> None:
    task = load(folder(tmp_path, csv(["['neg']", '"[""pos""]"'] * 3), csv(["['neg']", "['pos']"])))
    assert task.label_names == ("neg", "pos")
    assert "is a list of one label, which was taken" in task.provenance.notes[0]


def test_columns_with_usual_chinese_names_are_found(tmp_path: Path) -> None:
    data = csv(["neg", "pos"] * 3, header="內容,類別")
    assert rows(load(folder(tmp_path, data, data)))[0] == ("text 0", "neg")
