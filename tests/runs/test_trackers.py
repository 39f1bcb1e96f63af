"""Plugins that are told how a run goes."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness import hookimpl
from harness.cli import main

RUN = ["run", "-d", "sample", "-n", "60", "-s", "majority,stratified_random", "--offline", "-q"]


class Diary:
    """Keeps what it is told, and spoils what it was handed."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    @hookimpl
    def harness_run_started(self, run: dict[str, Any], path: Path) -> None:
        self.told.append(("started", [record["strategy"] for record in run["records"]]))
        run.clear()

    @hookimpl
    def harness_trial_finished(self, record: dict[str, Any]) -> None:
        self.told.append((record["strategy"], record["test"]["accuracy"]))
        record.clear()

    @hookimpl
    def harness_run_finished(self, run: Mapping[str, Any], path: Path) -> None:
        self.told.append((run["status"], json.loads((path / "run.json").read_text())["status"]))


class Careless:
    def __init__(self, error: BaseException) -> None:
        self.error, self.asked = error, 0

    @hookimpl
    def harness_trial_finished(self) -> None:
        self.asked += 1
        raise self.error


def run_of(tmp_path: Path, *plugins: object, more: tuple[str, ...] = ()) -> dict[str, Any]:
    assert main([*RUN, "-o", str(tmp_path), *more], plugins=list(plugins)) == 0
    return dict(json.loads(next(tmp_path.glob("*/run.json")).read_text("utf-8")))


def test_a_tracker_is_told_of_the_start_of_each_trial_and_of_the_end_and_changes_nothing(tmp_path: Path) -> None:
    diary = Diary()
    run = run_of(tmp_path, diary)
    scores = [(record["strategy"], record["test"]["accuracy"]) for record in run["records"]]
    assert diary.told == [("started", ["majority", "stratified_random"]), *scores, ("complete", "complete")]


@pytest.mark.parametrize("error", [ValueError("no room for hf_abcdefghijklmnopqrstuvwxyz012345"), SystemExit(3)])
def test_a_tracker_that_fails_is_a_note_and_is_told_no_more(tmp_path: Path, error: BaseException) -> None:
    careless, diary = Careless(error), Diary()
    run = run_of(tmp_path, careless, diary)
    assert run["status"] == "complete"
    assert careless.asked == 1
    assert len(diary.told) == 4
    (note,) = [note for note in run["notes"] if "Careless" in note]
    assert "harness_trial_finished" in note
    assert type(error).__name__ in note
    assert "hf_abc" not in note


def test_a_tracker_that_nobody_offers_is_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, "-o", str(tmp_path), "--track", "tensorbord"]) == 2
    assert "Did you mean 'tensorboard'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_tensorboard_gets_the_scores_of_each_trial(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = run_of(tmp_path, more=("--track", "tensorboard"))
    assert run["records"]
    for record in run["records"]:
        (events,) = tmp_path.glob(f"tensorboard/*/{record['strategy']}-seed0/events*")
        read = accumulator.EventAccumulator(str(events))
        read.Reload()
        (score,) = read.Scalars("test/accuracy")
        assert score.value == pytest.approx(record["test"]["accuracy"])


def test_a_tracker_whose_library_is_missing_is_refused_with_the_command_that_installs_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    monkeypatch.delitem(sys.modules, "harness_plugins.tensorboard_tracker", raising=False)
    assert main([*RUN, "-o", str(tmp_path), "--track", "tensorboard"]) == 2
    assert "pip install 'strategy-harness[tensorboard]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
