"""A run that is stopped keeps what it has and says so."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from harness import RunContext, SklearnStrategy, Split, hookimpl

from .commands import Harness


def press_control_c() -> None:
    raise KeyboardInterrupt


def be_terminated() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)


def fail() -> None:
    raise ValueError("this one never works")


def strategy_that(does: Callable[[], None]) -> object:
    @dataclass(frozen=True)
    class Stopped(SklearnStrategy):
        name: ClassVar[str] = "stopped"

        def fit(self, train: Split, validation: Split, context: RunContext) -> Any:
            does()

    class Plugin:
        @hookimpl
        def harness_strategies(self) -> list[Stopped]:
            return [Stopped()]

    return Plugin()


@pytest.mark.parametrize(("does", "code"), [(press_control_c, 130), (be_terminated, 143)])
def test_a_stopped_run_keeps_its_finished_rows(run: Harness, does: Callable[[], None], code: int) -> None:
    outcome = run(strategies="majority,stopped,logreg_probe", plugins=[strategy_that(does)])
    assert outcome.code == code
    assert outcome.run.status == "interrupted"
    status = {record.strategy: record.status for record in outcome.run.records}
    assert status == {"majority": "ok", "stopped": "interrupted", "logreg_probe": "skipped"}
    assert "records/majority-seed0.json" in outcome.run.files
    assert "majority" in outcome.out
    assert "interrupted" in outcome.out


def test_after_a_failure_the_others_go_on(run: Harness) -> None:
    outcome = run(strategies="stopped,majority", plugins=[strategy_that(fail)])
    assert outcome.code == 1
    assert [record.status for record in outcome.run.records] == ["failed", "ok"]


def test_fail_fast_skips_the_rest(run: Harness) -> None:
    outcome = run("--fail-fast", strategies="majority,stopped,logreg_probe", plugins=[strategy_that(fail)])
    assert outcome.code == 1
    assert [record.status for record in outcome.run.records] == ["ok", "failed", "skipped"]
    assert outcome.run.status == "failed"


def test_fail_fast_trains_nothing_where_a_plugin_is_broken(run: Harness) -> None:
    outcome = run("--fail-fast", strategies="majority,NoHook", plugins=[type("NoHook", (), {})()])
    assert outcome.code == 1
    assert {r.strategy: r.status for r in outcome.run.records} == {"NoHook": "failed", "majority": "skipped"}


def test_the_traceback_of_a_failed_strategy_is_printed_with_debug(run: Harness) -> None:
    outcome = run("--debug", strategies="stopped", plugins=[strategy_that(fail)])
    assert "Traceback" in outcome.err
    assert "No strategy was scored." in outcome.out


def test_control_c_ends_a_real_process_in_order(tiny_data: Path, tiny_model: Path, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    argv = [sys.executable, "-m", "harness", "run", "-d", str(tiny_data), "-m", str(tiny_model), "-o", str(reports)]
    argv += ["-s", "majority,full_finetune", "--set", "full_finetune.epochs=100000", "--offline"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's child would ignore it
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if "full_finetune seed 0" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    (folder,) = reports.iterdir()
    content = json.loads((folder / "run.json").read_text())
    assert [record["status"] for record in content["records"]] == ["ok", "interrupted"]
    assert "majority" in out
