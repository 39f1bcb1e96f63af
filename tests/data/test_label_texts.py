"""Ids are named by the column beside them, as the authors of many sets publish their classes."""

from pathlib import Path

import pytest

from tests.data.folders import load, rows, write_splits

HEADER = "text,label,label_text\n"


def test_ids_are_named_by_the_column_beside_them_in_the_order_of_the_ids(tmp_path: Path) -> None:
    train = HEADER + "fine day,1,positive\nbad soup,0,negative\nnice view,1,positive\ntoo loud,0,negative\n"
    task = load(write_splits(tmp_path, train_csv=train, validation_csv=train, test_csv=train))
    assert task.label_names == ("negative", "positive")
    assert rows(task)[:2] == [("fine day", "positive"), ("bad soup", "negative")]
    assert any("'label_text'" in note for note in task.provenance.notes)


def test_ids_with_gaps_keep_their_order_under_their_names(tmp_path: Path) -> None:
    train = HEADER + "a b,7,alpha\nc d,2,zeta\ne f,7,alpha\ng h,2,zeta\n"
    task = load(write_splits(tmp_path, train_csv=train, validation_csv=train, test_csv=train))
    assert task.label_names == ("zeta", "alpha")
    assert rows(task)[0] == ("a b", "alpha")


@pytest.mark.parametrize(
    "second",
    ["bad soup,0,positive", "bad soup,1,negative", "bad soup,0,"],
    ids=["one name for two ids", "two names for one id", "no name"],
)
def test_ids_stay_ids_where_names_and_ids_do_not_stand_for_each_other(tmp_path: Path, second: str) -> None:
    train = HEADER + f"fine day,1,positive\n{second}\nnice view,1,positive\ntoo loud,0,negative\n"
    task = load(write_splits(tmp_path, train_csv=train, validation_csv=train, test_csv=train))
    assert task.label_names == ("0", "1")


def test_names_that_are_given_go_over_those_of_the_column(tmp_path: Path) -> None:
    train = HEADER + "fine day,1,positive\nbad soup,0,negative\nnice view,1,positive\ntoo loud,0,negative\n"
    folder = write_splits(tmp_path, train_csv=train, validation_csv=train, test_csv=train)
    assert load(folder, label_names=("no", "yes")).label_names == ("no", "yes")
