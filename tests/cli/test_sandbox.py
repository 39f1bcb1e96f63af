"""`harness run --sandbox`: no trial reaches the labels of test, another trial's files or the network."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sklearn.dummy import DummyClassifier

from harness import HarnessError, SklearnStrategy, hookimpl
from harness.executors.sandbox import Sandbox

from .commands import FEWER_STEPS, Harness, digests, run_of

pytestmark = pytest.mark.slow  # it starts processes
OF_THE_SYSTEM = ("/proc", "/sys", "/usr", "/etc", "/opt", "/lib", sys.prefix, sys.base_prefix)


def has_sandboxes() -> bool:
    try:
        Sandbox().check()
    except HarnessError:
        return False
    return True


needs_bubblewrap = pytest.mark.skipif(not has_sandboxes(), reason="bubblewrap is not installed or not allowed here")


def files_in_sight() -> list[str]:
    """Return what can be read of test data, predictions and records, wherever it lies."""
    found = []
    for folder, inner, names in os.walk("/"):
        inner[:] = [name for name in inner if os.path.join(folder, name) not in OF_THE_SYSTEM]
        found += [os.path.join(folder, name) for name in names if name.endswith(("test.jsonl", ".parquet", "run.json"))]
    return [file for file in found if os.path.isfile(file) and os.path.getsize(file)]


def look(_: str) -> None:
    print("sees", sorted(files_in_sight()))
    print("processes", len([name for name in os.listdir("/proc") if name.isdigit()]))
    try:
        socket.create_connection(("127.0.0.1", int(os.environ["OPEN_PORT"])), 1).close()
        print("connected")
    except OSError:
        print("no network")


def be_killed(_: str) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


DEEDS: dict[str, Callable[[str], object]] = {
    "looks": look,
    "crashes": be_killed,
    "sleeps": lambda _: time.sleep(600),
    "reads": lambda file: print(Path(file).read_text()),
}


@dataclass(frozen=True)
class Doing(SklearnStrategy):
    """Does one of the above before it fits."""

    name: ClassVar[str] = "doing"
    deed: str = ""
    reads: str = ""

    def estimator(self, seed: int) -> Any:
        DEEDS[self.deed](self.reads)
        return DummyClassifier()


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[Doing]:
        return [Doing("looks")]


@pytest.fixture
def sandboxed(run: Harness) -> Harness:
    return lambda *argv, **given: run("--sandbox", "--on", "local", *argv, plugins=[Plugin()], **given)


@needs_bubblewrap
def test_a_strategy_sees_no_label_of_test_no_other_trial_no_process_and_no_network(
    sandboxed: Harness, run: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("OPEN_PORT", str(server.getsockname()[1]))
        outcome = sandboxed(strategies="majority,doing")
        freely = run("--on", "local", strategies="majority,doing", plugins=[Plugin()])
    assert (outcome.code, freely.code) == (0, 0), outcome.err
    inside, outside = (file.read_text() for file in sorted(outcome.folder.glob("*/logs/doing-seed0.log")))
    assert "sees []" in inside
    assert "no network" in inside
    assert "test.jsonl" in outside, "without a sandbox a plugin that means to finds the data"
    assert "connected" in outside


@needs_bubblewrap
def test_every_strategy_predicts_in_a_sandbox_what_it_predicts_without(
    run: Harness, sandboxed: Harness, tmp_path: Path
) -> None:
    strategies = "tfidf_logreg,logreg_probe,layerwise_probe,full_finetune,blend"
    assert sandboxed(*FEWER_STEPS[4:6], "-o", str(tmp_path / "in"), strategies=strategies).code == 0
    assert run(*FEWER_STEPS[4:6], "-o", str(tmp_path / "out"), strategies=strategies).code == 0
    inside, outside = run_of(tmp_path / "in"), run_of(tmp_path / "out")
    assert digests(inside) == digests(outside)
    assert inside["config"]["sandbox"] is True


@needs_bubblewrap
def test_a_crash_in_a_sandbox_is_a_failed_row_that_names_the_signal(sandboxed: Harness) -> None:
    outcome = sandboxed(strategies="doing(deed=crashes),majority")
    failed, majority = outcome.run.records
    assert (failed.status, majority.status) == ("failed", "ok")
    assert failed.error
    assert "SIGSEGV" in failed.error.message


@needs_bubblewrap
def test_a_trial_that_takes_too_long_is_ended_in_its_sandbox(sandboxed: Harness) -> None:
    (failed,) = sandboxed("--time-limit", "8s", strategies="doing(deed=sleeps)").run.records
    assert failed.error
    assert "--time-limit" in failed.error.message


@needs_bubblewrap
def test_a_file_that_a_parameter_names_is_seen(sandboxed: Harness, tmp_path: Path) -> None:
    (file := tmp_path / "words.jsonl").write_text("a model of its own")
    outcome = sandboxed(strategies=f"doing(deed=reads,reads={file})")
    assert outcome.code == 0
    assert "a model of its own" in next(outcome.folder.glob("*/logs/*.log")).read_text()


@pytest.mark.parametrize("place", ["here", "ray"])
def test_it_is_refused_where_it_would_hold_nothing(run: Harness, place: str) -> None:
    outcome = run("--sandbox", "--on", place)
    assert (outcome.code, "--sandbox is of worker processes" in outcome.err) == (2, True)


def test_without_bubblewrap_it_says_how_to_install_it(
    run: Harness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = run("--sandbox", "--on", "local")
    assert (outcome.code, "apt install bubblewrap" in outcome.err.replace("\n", " ")) == (2, True)
