"""Suites in which something failed, was stopped, or was chosen by another metric; and where their workers come from."""

import csv
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, Task, hookimpl, open_suite
from harness.executors.processes import can_fork

from .commands import Harness, write_data

OPTIONS = ("--offline", "--no-save-models", "-q", "--set", "tfidf_logreg.C=1")


@dataclass(frozen=True)
class Failing(SklearnStrategy):
    """Fails where train has few rows."""

    name: ClassVar[str] = "failing"

    def fit(self, train: Any, validation: Any, context: Any) -> Any:
        if len(train) < 27:
            raise ValueError("too few rows")
        return super().fit(train, validation, context)

    def estimator(self, seed: int) -> Any:
        return DummyClassifier(strategy="stratified", random_state=seed)


class Shares(SklearnStrategy):
    """Answers with the shares of the classes."""

    name: ClassVar[str] = "shares"

    def estimator(self, seed: int) -> Any:
        return DummyClassifier(strategy="prior")


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[SklearnStrategy]:
        return [Failing(), Shares()]


PARENTS = """
import os
from dataclasses import dataclass
from sklearn.dummy import DummyClassifier
from harness import SklearnStrategy, hookimpl

@dataclass(frozen=True)
class Parents(SklearnStrategy):
    name = "parents"
    def estimator(self, seed):
        with open({file!r}, "a") as file:
            file.write(f"{{os.getppid()}}\\n")
        return DummyClassifier()

@hookimpl
def harness_strategies():
    return [Parents()]
"""


@pytest.fixture
def data(tmp_path: Path, task: Task) -> list[str]:
    """Two data sets, the first with fewer rows."""
    return [str(write_data(task.limited(n), tmp_path / f"set{n}")) for n in (24, 30)]


def test_a_cell_in_which_everything_failed_is_told_beside_the_others(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    where = ("-o", str(tmp_path / "reports"))
    ran = harness("run", "-d", ",".join(data), "-s", "failing", *where, *OPTIONS, plugins=[Plugin()])
    assert ran.code == 1
    for told in (ran.out, harness("show", "latest", *where).out):
        assert "failing has no score on set24: failed." in " ".join(told.split())
        assert "so none is ranked" in " ".join(told.split())
    assert harness("report", "latest", "--output-dir", where[1], "-o", str(tmp_path / "suite.csv")).code == 0
    assert set(open_suite("latest", tmp_path / "reports").to_pandas()["status"]) == {"ok", "failed"}


def test_a_cell_that_was_being_run_again_counts_as_unfinished(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    where = ("-o", str(tmp_path / "reports"))
    assert harness("run", "-d", ",".join(data), "-s", "majority,tfidf_logreg", *where, *OPTIONS).code == 0
    assert "Unfinished" not in harness("show", "latest", *where).out
    (tmp_path / "reports").glob("*/*/run.json").__next__().unlink()  # as a kill leaves it
    assert "Unfinished: cells still to be run: 1." in harness("show", "latest", *where).out


def test_better_and_worse_are_counted_by_the_metric_that_chooses(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    chosen = ("--select-by", "log_loss")
    ran = harness("run", "-d", ",".join(data), "-s", "tfidf_logreg,shares", *OPTIONS, *chosen,
                  "-o", str(tmp_path / "reports"), plugins=[Plugin()])  # fmt: skip
    assert "Better and worse: in log_loss" in " ".join(ran.out.split())
    study = open_suite("latest", tmp_path / "reports").study
    cell = study.cells[1]
    assert cell.find("shares") is not None
    assert cell.sign("tfidf_logreg", "shares") == 1  # its log loss is the lower one by far
    assert cell.sign("shares", "tfidf_logreg") == -1


def test_the_same_rows_under_two_names_are_refused_before_anything_is_run(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    shutil.copytree(data[0], tmp_path / "copy")
    for twice in (f"{data[0]},{data[0]}/", f"{data[0]},{tmp_path / 'copy'}"):
        refused = harness("run", "-d", twice, "-s", "majority", "-o", str(tmp_path / "reports"), *OPTIONS)
        assert refused.code == 2
        assert "names the same rows twice" in " ".join(refused.err.split())
    assert not (tmp_path / "reports").exists()


def test_a_command_on_runs_says_that_the_folder_holds_suites(data: list[str], tmp_path: Path, harness: Harness) -> None:
    where = str(tmp_path / "reports")
    assert harness("run", "-d", ",".join(data), "-s", "majority,tfidf_logreg", "-o", where, *OPTIONS).code == 0
    refused = harness("labels", "latest", "--output-dir", where)
    assert refused.code == 2
    assert "holds suites alone" in " ".join(refused.err.split())


def test_data_sets_of_one_name_are_told_apart_in_the_spreadsheet(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    for number, folder in enumerate(data):
        shutil.copytree(folder, tmp_path / f"place{number}" / "data")
    named = ",".join(str(tmp_path / f"place{number}" / "data") for number in range(2))
    assert harness("run", "-d", named, "-s", "majority", "-o", str(tmp_path / "reports"), *OPTIONS).code == 0
    file = tmp_path / "suite.csv"
    assert harness("report", "latest", "--output-dir", str(tmp_path / "reports"), "-o", str(file)).code == 0
    with file.open(encoding="utf-8-sig", newline="") as stream:
        names = {row["data_set"] for row in csv.DictReader(stream)}
    assert names == set(open_suite("latest", tmp_path / "reports").study.data_sets)
    assert len(names) == 2


@pytest.mark.skipif(not can_fork(), reason="workers are started anew here")
def test_workers_of_all_cells_come_from_the_process_that_was_forked_before_anything_was_loaded(
    data: list[str], tmp_path: Path
) -> None:
    plugin = tmp_path / "parents.py"
    plugin.write_text(PARENTS.format(file=str(tmp_path / "parents.txt")), encoding="utf-8")
    named = ("-d", ",".join(data[:2]), "-s", "parents", "--plugin", str(plugin), "-o", str(tmp_path / "reports"))
    command = [sys.executable, "-m", "harness", "run", *named, "--on", "local", "--offline", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    parents = (tmp_path / "parents.txt").read_text(encoding="utf-8").split()
    assert len(parents) == 2
    assert len(set(parents)) == 1
