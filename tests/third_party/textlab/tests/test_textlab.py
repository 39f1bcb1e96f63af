"""The strategies keep the contract; the loader reads folders and says what is missing."""

import pytest
from textlab.byte_cnn import ByteCNN
from textlab.char_bayes import CharBayes
from textlab.folders import harness_load_task

from harness import DataError, RunConfig
from harness.testing import check_strategy


@pytest.mark.parametrize("strategy", [CharBayes(), ByteCNN()], ids=lambda strategy: strategy.name)
def test_a_strategy_keeps_the_contract(strategy):
    check_strategy(strategy)


def test_the_loader_reads_a_folder_a_class_and_leaves_other_names_alone(tmp_path):
    for split in ("train", "validation", "test"):
        for label in ("sad", "glad"):
            (tmp_path / split / label).mkdir(parents=True)
            (tmp_path / split / label / "1.txt").write_text(f"{split} {label}\n")
    task = harness_load_task(f"folders:{tmp_path}", RunConfig())
    assert task.label_names == ("glad", "sad")
    assert task.test.texts == ("test glad", "test sad")
    assert harness_load_task("emotion", RunConfig()) is None


def test_a_missing_split_is_named(tmp_path):
    with pytest.raises(DataError, match="found no train"):
        harness_load_task(f"folders:{tmp_path}", RunConfig())
