"""Data sets and encoders as a command or a file names them: one, or the axes of a suite."""

from pathlib import Path

import pytest

from harness.config.axes import axes_of
from harness.errors import UserError


def test_names_are_parted_at_commas_and_options_may_be_repeated() -> None:
    axes = axes_of(["sample,emotion", "org/set:config"], ["a/x-v1.5,b/y-v2.0"])
    assert axes.datasets == ("sample", "emotion", "org/set:config")
    assert axes.models == ("a/x-v1.5", "b/y-v2.0")
    assert axes.is_suite
    assert len(axes.cells()) == 6


def test_files_of_splits_are_one_data_set() -> None:
    axes = axes_of(["train.csv,test.csv"], None)
    assert axes.datasets == ("train.csv,test.csv",)
    assert not axes.is_suite


def test_a_folder_whose_name_holds_a_comma_is_one_data_set(tmp_path: Path) -> None:
    (folder := tmp_path / "a,b").mkdir()
    assert axes_of([str(folder)], [str(folder)]).datasets == (str(folder),)


def test_nothing_named_is_one_cell_of_defaults() -> None:
    assert axes_of((), ()).cells() == [(None, None, None)]


def test_a_file_may_list_both_and_an_option_wins(tmp_path: Path) -> None:
    (file := tmp_path / "suite.toml").write_text('dataset = ["a", "b"]\nmodel = "m"\n', encoding="utf-8")
    assert axes_of(None, None, file).cells() == [("a", "m", None), ("b", "m", None)]
    assert axes_of(["c"], None, file).cells() == [("c", "m", None)]


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(UserError, match="twice"):
        axes_of(["sample,sample"], None)
