"""What a stopped or killed run has finished is not run again, and the resumed run ends as an undisturbed one does."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from sklearn.dummy import DummyClassifier

from harness import Run, SklearnStrategy, hookimpl
from harness.results.records import read_run
from harness.results.run_directory import RunDirectory

from .commands import Harness, Outcome

ASKED = ("--seeds", "0,1", "--train-sizes", "12,all", "--no-save-models")
TIMES = ("encode_seconds", "fit_seconds", "predict_seconds", "peak_memory_bytes", "features", "latency")
PLUGIN = """
import os
import signal
from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class Killed(SklearnStrategy):
    name: ClassVar[str] = "killed"

    def estimator(self, seed: int) -> Any:
        if "KILL_ME" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)
        return DummyClassifier()


@hookimpl
def harness_strategies() -> list[Killed]:
    return [Killed()]
"""


SAVES_HALF = """

class Saved:
    def __init__(self, classifier):
        self.predict_proba = classifier.predict_proba

    def save(self, directory):
        (directory / "half").write_text("x")
        if "KILL_ME" in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Half(SklearnStrategy):
    name: ClassVar[str] = "half"

    def estimator(self, seed):
        return DummyClassifier()

    def fit(self, train, validation, context):
        return Saved(super().fit(train, validation, context))


@hookimpl
def harness_strategies():
    return [Half()]
"""


@dataclass(frozen=True)
class Fitting(SklearnStrategy):
    """Counts its fits by seed, and does what it is told before one."""

    name: ClassVar[str] = "fitting"
    fits: ClassVar[Counter[int]] = Counter()
    before: ClassVar[Callable[[int], object]] = lambda seed: None

    def estimator(self, seed: int) -> Any:
        type(self).before(seed)
        self.fits[seed] += 1
        return DummyClassifier()


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[SklearnStrategy]:
        return [Fitting()]


@pytest.fixture(autouse=True)
def _as_new() -> Iterator[None]:
    Fitting.fits.clear()
    yield
    Fitting.before = lambda seed: None


def press_control_c_at(seed: int) -> Callable[[int], None]:
    def before(current: int) -> None:
        if current == seed:
            raise KeyboardInterrupt

    return before


def fail_at(seed: int) -> Callable[[int], None]:
    def before(current: int) -> None:
        if current == seed:
            raise ValueError("not today")

    return before


def told(run: Run) -> dict[str, Any]:
    """Return what of a run must not depend on whether it was resumed."""
    content = run.model_dump(mode="json")
    for record in content["records"]:
        for name in TIMES:
            record.pop(name)
    content["model"].pop("token_budget")  # None where all features were read
    return {name: content[name] for name in ("status", "task", "model", "records", "audit", "evidence", "config")}


@pytest.fixture
def started(run: Harness) -> Callable[..., Outcome]:
    return lambda *argv: run(*ASKED, *argv, strategies="majority,fitting,logreg_probe", plugins=[Plugin()])


@pytest.fixture
def resumed(harness: Harness) -> Callable[..., Outcome]:
    return lambda *argv: harness("run", "-q", "--resume", *(argv or ("latest",)), plugins=[Plugin()])


def test_a_stopped_run_goes_on_where_it_was_and_ends_as_an_undisturbed_one(
    started: Callable[..., Outcome], resumed: Callable[..., Outcome]
) -> None:
    undisturbed = told(started().run)
    Fitting.fits.clear()
    Fitting.before = press_control_c_at(1)
    stopped = started()
    assert stopped.code == 130
    assert "harness run --resume" in stopped.err
    Fitting.before = lambda seed: None
    outcome = resumed()
    assert outcome.code == 0, outcome.err
    assert told(outcome.run) == undisturbed
    assert Fitting.fits == {0: 2, 1: 2}, "two sizes of train each, none of them twice"
    assert outcome.run.notes == ["resumed: 6 of 12 trials were finished before"]
    assert "nothing to resume" in resumed(str(read_folder(outcome))).err


def test_no_file_of_a_run_holds_a_label_of_test_while_strategies_run(
    started: Callable[..., Outcome], resumed: Callable[..., Outcome], tmp_path: Path
) -> None:
    def with_labels() -> set[bool]:
        return {"label" in pq.read_schema(file).names for file in tmp_path.rglob("predictions/*.parquet")}

    seen: set[bool] = set()

    def look_and_stop(seed: int) -> None:
        seen.update(with_labels())
        press_control_c_at(1)(seed)

    Fitting.before = look_and_stop
    assert started().code == 130
    assert seen == {False}
    assert with_labels() == {True}, "of a stopped run its errors can be looked at"
    Fitting.before = lambda seed: seen.update(with_labels())
    assert resumed().code == 0
    assert seen == {False}
    assert with_labels() == {True}


def read_folder(outcome: Outcome) -> Path:
    return max(outcome.folder.glob("*/run.json"), key=lambda file: file.stat().st_mtime_ns).parent


def test_the_same_command_goes_on_by_itself_and_says_so_unless_it_is_to_begin_anew(
    started: Callable[..., Outcome],
) -> None:
    Fitting.before = press_control_c_at(1)
    first = read_folder(started())
    Fitting.before = lambda seed: None
    other = started("--limit", "20")
    assert read_folder(other) != first, "another command"
    anew = started("--fresh")
    assert read_folder(anew) != first
    Fitting.fits.clear()
    again = started()
    assert again.code == 0, again.err
    assert f"Going on with {first}" in again.err
    assert read_folder(again) == first
    assert Fitting.fits == {1: 2}
    assert "Going on" not in started().err
    assert "no unfinished run of this command" in started("--resume").err


def test_a_process_that_is_killed_while_it_saves_a_model_leaves_no_half_of_it(
    harness: Harness, run: Harness, tiny_data: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "killed.py"
    plugin.write_text(PLUGIN + SAVES_HALF)
    argv = ["run", "-d", str(tiny_data), "-s", "half", "--plugin", str(plugin), "-q", "-o", str(tmp_path / "reports")]
    process = [sys.executable, "-m", "harness", *argv]
    assert subprocess.run(process, env={**os.environ, "KILL_ME": "1"}, check=False).returncode == -signal.SIGKILL
    (folder,) = (tmp_path / "reports").iterdir()
    assert not (folder / "models" / "half-seed0").exists()
    outcome = harness("run", "-q", "--resume", "latest", "--yes-run-plugins")
    assert outcome.code == 0, outcome.err
    assert [file for file in outcome.run.files if "models" in file] == [
        "models/half-seed0/half",
        "models/half-seed0/harness.json",
    ]


def test_a_killed_run_is_shown_as_far_as_it_came_and_resumed(
    run: Harness, harness: Harness, tiny_data: Path, tiny_model: Path, tmp_path: Path
) -> None:
    plugin = tmp_path / "killed.py"
    plugin.write_text(PLUGIN)
    asked = ("--plugin", str(plugin), "--seeds", "0,1")
    undisturbed = told(run(*asked, strategies="majority,killed,logreg_probe").run)
    folder = tmp_path / "reports"
    known = ["-d", str(tiny_data), "-m", str(tiny_model), "-s", "majority,killed,logreg_probe", "-q", "--offline"]
    argv = [sys.executable, "-m", "harness", "run", *known, *asked, "-o", str(folder)]
    assert subprocess.run(argv, env={**os.environ, "KILL_ME": "1"}, check=False).returncode == -signal.SIGKILL
    (path,) = (file.parent for file in folder.glob("*/unfinished.json"))
    assert f"A newer run is unfinished: harness show {path}" in harness("show").err
    shown = harness("show", str(path))
    assert shown.code == 0, shown.err
    assert "STOPPED: 2 of 6 trials were finished" in shown.out
    assert "Unfinished: 2 of 6 trials are over. Go on with: harness run --resume" in shown.err
    (path / "records" / ".half.json.x1").write_text("{")  # as a process leaves it that is killed while it writes
    outcome = harness("run", "-q", "--resume", str(path), "--yes-run-plugins")
    assert outcome.code == 0, outcome.err
    run_again = read_run(RunDirectory(path))
    assert told(run_again) == undisturbed
    assert not (path / "unfinished.json").exists()
    assert not list(path.rglob(".*"))
    assert harness("verify", str(path)).code == 0


def test_a_trial_whose_plugin_changed_is_run_again_and_the_run_says_why(
    run: Harness, harness: Harness, tmp_path: Path
) -> None:
    plugin = tmp_path / "killed.py"
    plugin.write_text(PLUGIN)
    Fitting.before = press_control_c_at(0)
    stopped = run("--plugin", str(plugin), strategies="majority,killed,fitting", plugins=[Plugin()])
    assert stopped.code == 130
    assert stopped.err.rstrip().endswith("--yes-run-plugins")
    plugin.write_text(PLUGIN + "# changed\n")
    Fitting.before = lambda seed: None
    asked = harness("run", "-q", "--resume", plugins=[Plugin()])
    assert (asked.code, f"made its folder chose: {plugin}. Look at them" in asked.err) == (2, True)
    outcome = harness("run", "-q", "--resume", "latest", "--yes-run-plugins", plugins=[Plugin()])
    assert outcome.code == 0, outcome.err
    assert outcome.run.notes[0] == "killed-seed0 was run again, as what it depends on changed: plugin, code"


def test_what_failed_is_run_again_only_where_that_is_asked_for(
    started: Callable[..., Outcome], resumed: Callable[..., Outcome]
) -> None:
    def fail_then_stop(seed: int) -> None:
        fail_at(0)(seed)
        press_control_c_at(1)(seed)

    Fitting.before = fail_then_stop
    assert started().code == 130
    Fitting.before = press_control_c_at(1)
    assert resumed().code == 130
    assert Fitting.fits[0] == 0
    Fitting.before = lambda seed: None
    outcome = resumed("latest", "--retry-failed")
    assert outcome.run.status == "complete"
    assert Fitting.fits[0] == 2


def test_a_run_under_way_is_not_run_twice(started: Callable[..., Outcome], resumed: Callable[..., Outcome]) -> None:
    Fitting.before = press_control_c_at(1)
    folder = read_folder(started())
    with FileLock(folder / ".lock"):
        outcome = resumed(str(folder))
    assert outcome.code == 2
    assert "being run by another process" in " ".join(outcome.err.split())
