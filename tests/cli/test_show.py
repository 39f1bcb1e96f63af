"""harness show: the same table again, from disk alone."""

import json
import shutil
from pathlib import Path

import pytest

from harness import Run
from harness.plugin_system.manager import PluginManager
from harness.results.run_directory import find_run

from .commands import Harness


@pytest.fixture
def runs(full: Path, tmp_path: Path) -> Path:
    """A folder of runs that a test may damage."""
    return shutil.copytree(full, tmp_path / "reports")


@pytest.mark.slow
def test_show_prints_what_the_run_printed(run: Harness, harness: Harness) -> None:
    assert harness("show").code == 2
    printed = run().out
    assert harness("show", "latest").out == printed


def test_a_run_is_found_as_the_latest_by_folder_and_by_name(harness: Harness, runs: Path) -> None:
    folder = find_run("latest", runs).path
    shown = {harness("show", *argv).out for argv in ([], ["latest"], [str(folder)], [folder.name])}
    assert len(shown) == 1
    assert "full_finetune" in shown.pop()


@pytest.mark.parametrize("name", ["latest", "nothing-of-that-name"])
def test_where_there_is_no_run_it_says_so(harness: Harness, name: str) -> None:
    outcome = harness("show", name)
    assert outcome.code == 2
    assert "There is no" in outcome.err


def test_matrices_and_classes_can_be_left_out(harness: Harness, runs: Path) -> None:
    del runs
    whole = harness("show").out
    assert "Confusion on the test split" in whole
    assert "Scores of each class" in whole
    assert "Confusion" not in harness("show", "--no-confusion").out
    short = harness("show", "--no-confusion", "--no-per-class").out
    assert "Scores of each class" not in short
    assert short.splitlines() == whole.splitlines()[: len(short.splitlines())]


def test_rows_can_be_sorted(harness: Harness, runs: Path) -> None:
    del runs
    scores = harness("show", "--sort", "name", "--no-confusion", "--no-per-class").out.partition("95 % intervals")[0]
    known = {*PluginManager().offers}
    names = [line.split()[0] for line in scores.splitlines() if line.split(" ")[0] in known]
    first = names[: names.index(names[0], 1)] if names[0] in names[1:] else names  # scores and costs, or both in one
    assert first == sorted(first)
    assert {"full_finetune", "logreg_probe", "majority", "mlp_probe", "tfidf_logreg"} <= {*first}
    assert harness("show", "--sort", "f1").code == 2
    assert harness("show", "--sort", "f1-weighted").code == harness("show", "--sort", "f1_weighted").code == 0


def test_show_as_json_prints_the_file(harness: Harness, runs: Path) -> None:
    assert Run.model_validate(json.loads(harness("show", "--json").out)).model_dump(mode="json") == json.loads(
        (find_run("latest", runs).path / "run.json").read_text()
    )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[: len(text) // 2], "cannot be read as JSON"),
        (lambda text: text.replace('"status": "complete"', '"status": "splendid"'), "at status: Input should be"),
        (lambda text: text.replace('"schema_version": 1', '"schema_version": 2'), "schema version 2"),
        (lambda text: "[]", "expected an object"),
    ],
    ids=["cut short", "a status that is none", "a newer schema", "a list"],
)
def test_a_damaged_run_file_is_named(harness: Harness, runs: Path, damage: object, message: str) -> None:
    assert callable(damage)
    file = find_run("latest", runs).path / "run.json"
    file.write_text(damage(file.read_text()))
    outcome = harness("show")
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


def test_history_shows_each_epoch_and_what_was_tried_on_validation(harness: Harness, runs: Path) -> None:
    shown = harness("show", "--history", "--no-confusion", "--no-per-class", "-o", str(runs)).out
    told = shown.partition("Learning history")[2]
    run = Run.model_validate_json((find_run("latest", runs).path / "run.json").read_text(encoding="utf-8"))
    records = {record.strategy: record for record in run.records}
    for name in ("full_finetune", "logreg_probe"):
        table = told.partition(f"\n{name}\n")[2].partition("\n\n")[0]
        for entry in records[name].history:
            assert f"{entry['validation_f1_macro']:.4f}" in table
    assert "loss" in told
    assert "Learning history" not in harness("show", "--no-confusion", "-o", str(runs)).out
