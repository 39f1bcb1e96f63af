"""`harness run --on POOL`: trials in whatever has `submit`, as a plugin offers it."""

import hashlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from harness import hookimpl

from .commands import Harness, digests, run_of


class LastFirst(Executor):
    """Runs the second of two functions before the first, each twice, as a pool whose member died."""

    def __init__(self) -> None:
        self._first: Callable[[], None] | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()

        def call() -> None:
            try:
                fn(*args, **kwargs)
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        if self._first is None:
            self._first = call
        else:
            first = self._first
            threading.Thread(target=lambda: (call(), first())).start()
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
