"""`harness run --on`: trials in worker processes predict what they predict in this one."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from harness import hookimpl, open_run

from .commands import FEWER_STEPS, Harness, Outcome, digests, run_of


class Uniform:
    def __init__(self, k: int) -> None:
        self.k = k

    def predict_proba(self, texts: list[str]) -> Any:
        return np.full((len(texts), self.k), 1 / self.k, dtype=np.float32)

    def save(self, directory: Path) -> None:
        (directory / "k.json").write_text(str(self.k))


def test_every_strategy_predicts_the_same_in_a_worker(
    harness: Harness, run_of_all: Outcome, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    given = ["-d", str(tiny_data), "-m", str(tiny_model), "-q", "--offline", "--no-save-models", *FEWER_STEPS]
    assert harness("run", "--on", "local:2", "-o", str(tmp_path), *given).code == 0
    here, there = run_of(run_of_all.folder), run_of(tmp_path)
    assert digests(here) == digests(there)
    assert [r["test"] for r in here["records"]] == [r["test"] for r in there["records"]]
    assert [r["strategy"] for r in here["records"]] == [r["strategy"] for r in there["records"]]


def test_a_saved_classifier_comes_out_of_a_worker_whole(run: Harness, tmp_path: Path) -> None:
    outcome = run("--on", "local", "-o", str(tmp_path), strategies="majority,logreg_probe")
    assert outcome.code == 0
    (file,) = tmp_path.glob("*/run.json")
    opened = open_run(file.parent)
    clf = opened.classifier("logreg_probe")
    kept = opened.predictions("logreg_probe")
    assert list(clf.predict(kept["text"].tolist())) == kept["prediction"].tolist()


@pytest.mark.parametrize("name", ["local:0", "local:x", "local:", "nowhere"])
def test_a_place_that_does_not_exist_is_refused_before_anything_is_loaded(run: Harness, name: str) -> None:
    outcome = run("--on", name)
    assert outcome.code == 2
    assert "local:N" in outcome.err


def test_limits_are_refused_where_nobody_would_watch_them(run: Harness) -> None:
    assert run("--on", "here", "--time-limit", "5s").code == 2


@pytest.mark.parametrize(
    ("option", "value"), [("--time-limit", "soon"), ("--memory-limit", "much"), ("--memory-limit", "8")]
)
def test_a_limit_that_is_none_is_refused(run: Harness, option: str, value: str) -> None:
    outcome = run("--on", "local", option, value)
    assert outcome.code == 2
    assert option in outcome.err


def test_a_strategy_of_a_notebook_runs_in_a_worker(run: Harness, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class InACell:
        """Defined where no other process can import it."""

        name = "in_a_cell"
        uses_model = False

        def fit(self, train: Any, validation: Any, context: Any) -> Uniform:
            return Uniform(context.n_classes)

        def load(self, directory: Path, context: Any) -> Uniform:
            return Uniform(context.n_classes)

    class Cell:
        @hookimpl
        def harness_strategies(self) -> list[Any]:
            return [InACell()]

    outcome = run("--on", "local", "-o", str(tmp_path), strategies="majority,in_a_cell", plugins=[Cell()])
    assert outcome.code == 0, outcome.err


@dataclass(frozen=True)
class Holds:
    """Holds what no other process can be given."""

    name = "holds"
    uses_model = False
    lock: Any = field(default_factory=threading.Lock)

    def fit(self, train: Any, validation: Any, context: Any) -> Uniform:
        return Uniform(context.n_classes)

    def load(self, directory: Path, context: Any) -> Uniform:
        return Uniform(context.n_classes)


class Holding:
    @hookimpl
    def harness_strategies(self) -> list[Any]:
        return [Holds()]


def test_one_that_no_other_process_can_be_given_is_a_row_that_says_what_to_do(run: Harness, tmp_path: Path) -> None:
    outcome = run("--on", "local", "-o", str(tmp_path), strategies="majority,holds", plugins=[Holding()])
    assert outcome.code == 1
    failed = {record["strategy"]: record["error"] for record in run_of(tmp_path)["records"]}
    assert failed["majority"] is None
    assert "--on here" in failed["holds"]["message"]


def test_what_is_printed_in_this_process_while_it_runs_does_not_spoil_json(run: Harness) -> None:
    @dataclass(frozen=True)
    class Prints:
        """Prints where it fits."""

        name = "prints"
        uses_model = False

        def fit(self, train: Any, validation: Any, context: Any) -> Uniform:
            print("loss 0.3")
            return Uniform(context.n_classes)

        def load(self, directory: Path, context: Any) -> Uniform:
            return Uniform(context.n_classes)

    class Plugin:
        @hookimpl
        def harness_strategies(self) -> list[Any]:
            return [Prints()]

    outcome = run("--on", "here", "--json", strategies="majority,prints", plugins=[Plugin()])
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["status"] == "complete"
    assert "loss 0.3" in outcome.err


def test_trials_that_would_not_fit_into_memory_together_run_after_each_other(
    run: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=600_000_000))
    outcome = run("--on", "local:2", "-o", str(tmp_path), strategies="majority,stratified_random")
    assert outcome.code == 0, outcome.err
    assert [
        note for note in run_of(tmp_path)["notes"] if "stratified_random-seed0" in note and "majority-seed0" in note
    ]
