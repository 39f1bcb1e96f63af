"""harness.compare as a guest: beside others of its kind, and what it leaves of the process that calls it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
