"""What a run writes down of its data, its encoder and the trials that it did not come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sklearn.dummy import DummyClassifier

from harness import Encoder, RunConfig, SklearnStrategy, Task
from harness.plugin_system.offers import Offer, Plugin
from harness.results.records import Run
from harness.runs.planning import Plan
from harness.runs.runner import execute
from harness.runs.session import Trial

from ..letters import LetterEncoder


@dataclass(frozen=True)
class Stopped(SklearnStrategy):
    """Is stopped by the user in its fit with `seed`."""

    name: ClassVar[str] = "stopped"
    at_seed: int = 1

    def estimator(self, seed: int) -> Any:
        if seed == self.at_seed:
            raise KeyboardInterrupt
        return DummyClassifier()


@dataclass(frozen=True)
class CountingTask(Task):
    """Counts in `drawn` how often rows of train are drawn."""

    drawn: ClassVar[list[tuple[int, int]]] = []

    def with_train_rows(self, n: int, seed: int) -> Task:
        self.drawn.append((n, seed))
        return super().with_train_rows(n, seed)


def run_of(task: Task, encoder: Encoder | None, folder: Path, seeds: Sequence[int], sizes: Sequence[int]) -> Run:
    config = RunConfig(output_dir=str(folder), save_models=False, seeds=tuple(seeds), train_sizes=tuple(sizes))
    offers = [Offer(Stopped(), Plugin("test"))]
    return execute(Plan(config, task, encoder, offers, [], "cpu", "float32"))[0]


def test_an_encoder_without_a_folder_has_no_hash_of_weights_whatever_lies_in_the_current_one(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of_somebody_else.safetensors").write_bytes(b"other weights")
    monkeypatch.chdir(tmp_path)
    run = run_of(task, LetterEncoder(fingerprint=None), tmp_path / "runs", seeds=[0], sizes=[9])
    assert run.model is not None
    assert run.model.weights_sha256 is None


def test_rows_of_train_are_drawn_once_a_trial_and_never_for_those_that_did_not_run(task: Task, tmp_path: Path) -> None:
    counting = CountingTask(**vars(task))
    run = run_of(counting, None, tmp_path, seeds=[0, 1, 2], sizes=[9, 12])
    states = {record.trial: record.status for record in run.records}
    assert states == {
        "stopped-seed0-train9": "ok",
        "stopped-seed0-train12": "ok",
        "stopped-seed1-train9": "interrupted",
        "stopped-seed1-train12": "skipped",
        "stopped-seed2-train9": "skipped",
        "stopped-seed2-train12": "skipped",
    }
    assert counting.drawn == [(9, 0), (12, 0), (9, 1)]


def test_a_trial_has_the_name_that_its_record_has() -> None:
    offer = Offer(Stopped(), Plugin("test"), label="stopped(at_seed=7)")
    for trial in (Trial(offer, 3), Trial(offer, 3, 64)):
        assert trial.name == trial.blank_record("ok").trial
