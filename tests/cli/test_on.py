"""`harness run --on`: trials in worker processes predict what they predict in this one."""

import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from harness import hookimpl, open_run

from .commands import FEWER_STEPS, Harness, Outcome


class Uniform:
    def __init__(self, k: int) -> None:
        self.k = k

    def predict_proba(self, texts: list[str]) -> Any:
        return np.full((len(texts), self.k), 1 / self.k, dtype=np.float32)

    def save(self, directory: Path) -> None:
        (directory / "k.json").write_text(str(self.k))


def digests(run: dict[str, Any]) -> dict[str, str]:
    return {record["strategy"]: record["predictions_sha256"] for record in run["records"]}


def run_of(folder: Path) -> dict[str, Any]:
    (file,) = folder.glob("*/run.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


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


@pytest.mark.parametrize(("option", "value"), [("--time-limit", "soon"), ("--memory-limit", "much")])
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


class LastFirst(Executor):
    """Runs the second of two functions before the first, which it tries twice, as a pool whose member died."""

    def __init__(self) -> None:
        self._first: Callable[[], None] | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()

        def call() -> None:
            fn(*args, **kwargs)
            future.set_result(fn(*args, **kwargs))

        if self._first is None:
            self._first = call
        else:
            first = self._first
            threading.Thread(target=lambda: (future.set_result(fn(*args, **kwargs)), first())).start()
        return future


class Pools:
    @hookimpl
    def harness_executor(self, name: str) -> Executor | None:
        return LastFirst() if name == "last-first" else None


def test_a_plugin_offers_a_pool_where_trials_predict_the_same_whatever_ends_first(run: Harness, tmp_path: Path) -> None:
    assert run("-o", str(tmp_path / "here")).code == 0
    outcome = run("--on", "last-first", "-o", str(tmp_path / "there"), plugins=[Pools()])
    assert outcome.code == 0, outcome.err
    here, there = run_of(tmp_path / "here"), run_of(tmp_path / "there")
    assert digests(here) == digests(there)
    assert here["evidence"] == there["evidence"]
    assert not [*(tmp_path / "there").glob("*/.work")]


ELSEWHERE = '''
from dataclasses import dataclass
from harness import hookimpl

@dataclass(frozen=True)
class Elsewhere:
    """Runs on another machine."""
    name = "elsewhere"
    uses_model = False
    def load(self, directory, context): raise NotImplementedError
    def fit(self, train, validation, context): raise NotImplementedError

@hookimpl
def harness_strategies(): return [Elsewhere()]
'''


class OtherMachine(Executor):
    """Has another version of the plugin in the same place."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._file.write_text(f"{ELSEWHERE}VERSION = 2\n", encoding="utf-8")
        future.set_result(fn(*args, **kwargs))
        return future


def test_another_version_of_a_plugin_in_a_pool_is_a_row_that_names_both(run: Harness, tmp_path: Path) -> None:
    (file := tmp_path / "on_two_machines.py").write_text(ELSEWHERE, encoding="utf-8")
    before = hashlib.sha256(file.read_bytes()).hexdigest()[:12]

    class Plugin:
        @hookimpl
        def harness_executor(self, name: str) -> Executor | None:
            return OtherMachine(file) if name == "other" else None

    given = ["--on", "other", "--plugin", str(file), "-o", str(tmp_path / "runs")]
    assert run(*given, strategies="elsewhere", plugins=[Plugin()]).code == 1
    (record,) = run_of(tmp_path / "runs")["records"]
    after = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    assert record["error"]["stage"] == "load plugin"
    assert [digest in record["error"]["message"] for digest in (before, after)] == [True, True]


def test_trials_that_would_not_fit_into_memory_together_run_after_each_other(
    run: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=600_000_000))
    outcome = run("--on", "local:2", "-o", str(tmp_path), strategies="majority,stratified_random")
    assert outcome.code == 0, outcome.err
    assert [
        note for note in run_of(tmp_path)["notes"] if "stratified_random-seed0" in note and "majority-seed0" in note
    ]


class Apart(Executor):
    """Has no disk in common with the driver."""

    def submit(self, fn: Callable[..., Any], /, folder: str, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(fn(f"{folder}-elsewhere", *args, **kwargs))
        return future


def test_a_pool_that_does_not_see_the_folder_of_the_run_is_told_to_share_a_disk(run: Harness, tmp_path: Path) -> None:
    class Plugin:
        @hookimpl
        def harness_executor(self, name: str) -> Executor | None:
            return Apart() if name == "apart" else None

    assert run("--on", "apart", "-o", str(tmp_path), strategies="majority", plugins=[Plugin()]).code == 1
    (record,) = run_of(tmp_path)["records"]
    assert "--output-dir" in record["error"]["message"]
    assert not [*tmp_path.glob("**/*-elsewhere*")]


class NeverBegins(Executor):
    """Takes functions and begins none; at the second the user presses Ctrl-C."""

    n_taken = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.n_taken += 1
        if self.n_taken == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return Future()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_waits_in_a_pool_is_taken_back_at_the_first_control_c(run: Harness, tmp_path: Path) -> None:
    class Plugin:
        @hookimpl
        def harness_executor(self, name: str) -> Executor | None:
            return NeverBegins() if name == "never" else None

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs tests in the background ignores it
    try:
        outcome = run("--on", "never", strategies="majority,stratified_random,tfidf_logreg", plugins=[Plugin()])
    finally:
        signal.signal(signal.SIGINT, before)
    assert outcome.code == 130, outcome.err
    assert [record["status"] for record in run_of(tmp_path / "reports")["records"]] == ["skipped"] * 3
