"""harness audit: what is in a data set, without training or encoding anything."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from harness import Encoder, RunConfig, Split, Task, UserError, hookimpl

from .commands import Harness, write_data

TEXTS = ("the lake is calm today", "my friend laughed a lot", "late train again and again", "tea and a slow evening")


def data(folder: Path, train: tuple[str, ...], test: tuple[str, ...]) -> str:
    splits = [Split(texts, np.arange(len(texts)) % 2) for texts in (train, ("nobody", "somebody"), test)]
    return str(write_data(Task("reviews", ("no", "yes"), *splits), folder / "reviews"))


@pytest.fixture
def leaky(tmp_path: Path) -> str:
    return data(tmp_path, (*TEXTS, TEXTS[0].upper(), f"{TEXTS[2]}!"), (TEXTS[0], "new here", f"{TEXTS[1]}s"))


def test_what_is_found_is_printed_and_the_exit_code_is_0(harness: Harness, leaky: str) -> None:
    outcome = harness("audit", "-d", leaky)
    assert outcome.code == 0
    assert "1 of 3 test texts also stand in train." in outcome.out
    assert "1 of 6 train rows repeat an earlier text." in outcome.out
    assert "nearly" not in outcome.out
    assert TEXTS[0] in outcome.out
    assert outcome.err == ""


def test_classes_without_rows_are_named_and_so_are_those_that_a_split_lacks(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    rows = [f"text {i},{i % 3},{'test' if i > 20 and i % 3 else 'train'}" for i in range(30)]
    file.write_text("text,label,split\n" + "\n".join(rows))
    outcome = harness("audit", "-d", str(file), "--label-names", "low,middle,high,huge")
    assert outcome.code == 0, outcome.err
    assert "No row is of huge, which the data name as a class." in outcome.out
    assert "No test row is of low: scores on test say nothing of it." in outcome.out


def test_json_holds_the_counts_with_rows_from_0_and_no_texts(harness: Harness, leaky: str) -> None:
    outcome = harness("audit", "-d", leaky, "--json")
    found = json.loads(outcome.out)
    assert (found["data_set"], found["model"], found["label_names"]) == ("reviews", None, ["no", "yes"])
    assert found["splits"]["train"]["class_counts"] == [3, 3]
    assert found["normalised"]["within"]["train"]["examples"] == [[0, 4]]
    assert found["near"] is None
    assert "lake" not in outcome.out


def test_near_duplicates_are_looked_for_on_request(harness: Harness, leaky: str) -> None:
    outcome = harness("audit", "-d", leaky, "--near-duplicates")
    assert outcome.code == 0
    assert "1 of 3 test texts nearly stand in train (similarity 0.8 or more)." in outcome.out


def test_without_datasketch_the_command_to_install_it_is_named(
    harness: Harness, leaky: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    assert harness("audit", "-d", leaky).code == 0
    outcome = harness("audit", "-d", leaky, "--near-duplicates")
    assert outcome.code == 2
    assert "pip install 'strategy-harness[near-duplicates]'" in outcome.err


def test_with_a_model_tokens_and_truncated_texts_are_counted(
    harness: Harness, tiny_model: Path, tmp_path: Path
) -> None:
    folder = data(tmp_path, ("sun " * 63, "rain"), ("sun", "sun " * 70))
    outcome = harness("audit", "-d", folder, "-m", str(tiny_model), "--offline")
    assert outcome.code == 0
    told = "Texts longer than the 64 tokens that the encoder reads: 1 of 2 train (50%), 1 of 2 test (50%)."
    assert told in outcome.out
    assert "tokens" in harness("audit", "-d", folder, "-m", str(tiny_model), "--offline", "--json").out


def test_options_of_run_about_data_are_options_here(harness: Harness, tmp_path: Path) -> None:
    rows = [{"body": f"text {i}", "topic": i % 2} for i in range(20)]
    for split in ("train", "validation", "test"):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = tmp_path / "run.toml"
    config.write_text('text-column = "body"\n')
    argv = ["-d", str(tmp_path), "-c", str(config), "--label-column", "topic", "--label-names", "no,yes", "-n", "10"]
    found = json.loads(harness("audit", *argv, "--json").out)
    assert found["label_names"] == ["no", "yes"]
    assert [found["splits"][split]["n_rows"] for split in ("train", "validation", "test")] == [10, 10, 10]
    assert found["exact"]["across"][1]["n_texts"] == 10


def test_a_revision_without_a_model_is_refused(harness: Harness, leaky: str) -> None:
    outcome = harness("audit", "-d", leaky, "--revision", "main")
    assert outcome.code == 2
    assert "Name it with --model" in outcome.err


def test_data_that_cannot_carry_a_comparison_exit_with_3(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"text": "a", "label": 0}\n')
    assert harness("audit", "-d", str(tmp_path)).code == 3


def test_a_plugins_data_and_encoder_are_audited_and_nothing_is_encoded(
    harness: Harness, task: Task, encoder: Encoder
) -> None:
    class Loader:
        @hookimpl
        def harness_load_task(self, name: str, config: RunConfig) -> Task:
            return task

        @hookimpl
        def harness_load_encoder(self, name: str) -> Encoder:
            return Silent()

    class Silent:
        name, directory, max_length = "silent", "", 5

        def count_truncated(self, texts: list[str]) -> int:
            return len(texts)

        def encode(self, *arguments: object) -> None:
            raise UserError("nothing should be encoded")

    outcome = harness("audit", "-d", "theirs", "-m", "silent", "--offline", plugins=[Loader()])
    assert outcome.code == 0
    assert "24 of 24 test (100%)" in outcome.out
