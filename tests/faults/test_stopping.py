"""Ctrl-C while a worker runs: the first lets it finish, the second ends it; in both cases the run is written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from harness.executors.processes import can_fork

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

PLUGIN = '''
import time
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from harness import hookimpl

FOLDER = Path(__file__).parent

class C:
    def __init__(self, k): self.k = k
    def predict_proba(self, texts): return np.full((len(texts), self.k), 1 / self.k, dtype=np.float32)
    def save(self, directory): pass

@dataclass(frozen=True)
class Waits:
    """Waits until it may go on."""
    name = "waits"
    uses_model = False
    def load(self, directory, context): return C(context.n_classes)
    def fit(self, train, validation, context):
        (FOLDER / "started").touch()
        while not (FOLDER / "go").exists():
            time.sleep(0.01)
        return C(context.n_classes)

@hookimpl
def harness_strategies(): return [Waits()]
'''

# Whoever runs tests in the background lets them ignore SIGINT.
PROGRAM = """
import sys
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from harness.__main__ import run_process
sys.exit(run_process())
"""


class Stopped(NamedTuple):
    """A run that was stopped: its exit code, its run.json, and the command lines of the processes that it had."""

    code: int
    run: dict[str, Any]
    commands: list[list[str]]


def stopped_run(folder: Path, *, signals: int, go: bool) -> Stopped:
    """Start a run and send it SIGINT so often while a strategy waits."""
    (folder / "waits.py").write_text(PLUGIN, encoding="utf-8")
    argv = ["run", "-d", "sample", "-n", "60", "-s", "majority,waits,stratified_random", "--plugin", "waits.py", "-q"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *argv, "--on", "local", "-o", "runs"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    while not (folder / "started").exists():
        assert process.poll() is None
        time.sleep(0.01)
    processes = psutil.Process(process.pid)
    commands = [each.cmdline() for each in (processes, *processes.children(recursive=True))]
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)  # two at once may arrive as one
    if go:
        (folder / "go").touch()
    code = process.wait()
    (file,) = folder.glob("runs/*/run.json")
    return Stopped(code, json.loads(file.read_text(encoding="utf-8")), commands)


def test_the_first_lets_what_runs_finish_and_starts_nothing_more(tmp_path: Path) -> None:
    code, run, commands = stopped_run(tmp_path, signals=1, go=True)
    assert code == 130
    assert [(r["strategy"], r["status"]) for r in run["records"]] == [
        ("majority", "ok"),
        ("waits", "ok"),
        ("stratified_random", "skipped"),
    ]
    if can_fork():  # driver, server and worker: the libraries were imported once
        assert len(commands) == 3
        assert commands == [commands[0]] * 3


def test_the_second_ends_it(tmp_path: Path) -> None:
    code, run, _ = stopped_run(tmp_path, signals=2, go=False)
    assert code == 130
    assert [r["status"] for r in run["records"]] == ["ok", "interrupted", "skipped"]
    assert run["status"] == "interrupted"
    assert not [*tmp_path.glob("runs/*/.work")]
