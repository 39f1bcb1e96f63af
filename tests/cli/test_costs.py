"""`harness run --costs`: what each mistake costs is a metric, and may choose."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import open_run
from harness.analysis.verification import verify_run
from harness.evaluation.costs import expected_cost
from harness.evaluation.influence import influence
from harness.evaluation.metrics import confusion
from harness.results.run_directory import find_run

from .commands import Harness

# Of tiny_task; the order of columns and rows is not that of the classes.
COSTS = "true\\predicted,glad,busy,calm\nbusy,7,0,1\ncalm,2.5,1,0\nglad,0,10,4\n"
HERE = ("--on", "here", "--no-save-models")


@pytest.fixture
def costs(tmp_path: Path) -> Path:
    (tmp_path / "costs.csv").write_text(COSTS)
    return tmp_path / "costs.csv"


def test_the_expected_cost_is_a_metric_of_which_the_lowest_is_the_best(
    run: Harness, costs: Path, tmp_path: Path
) -> None:
    given = ("--costs", str(costs), "--select-by", "expected_cost", *HERE)
    outcome = run(*given, strategies="stratified_random,tfidf_logreg,majority")
    assert outcome.code == 0
    costs.unlink()  # the run keeps what it needs
    made = open_run(find_run("latest", outcome.folder).path)
    assert made.run.task.label_names == ["busy", "calm", "glad"]
    assert made.run.task.costs == [[0, 1, 7], [1, 0, 2.5], [10, 4, 0]]
    matrix = np.array(made.run.task.costs)
    for record in made.run.records:
        found = made.predictions(record.strategy)
        ids = [found[column].map(made.run.task.label_names.index) for column in ("label", "prediction")]
        assert record.test
        assert record.test.metrics["expected_cost"] == pytest.approx(matrix[ids[0], ids[1]].mean())
    evidence = made.run.evidence
    assert evidence
    assert evidence.conclusion.best == "tfidf_logreg"
    by = evidence.metric("expected_cost")
    assert by
    assert {pair.value < 0 for pair in by.pairs if pair.first == "tfidf_logreg"} <= {True}
    assert "test expected_cost" in outcome.out
    assert [check for check in verify_run(made.directory) if check.problem] == []
    damaged = tmp_path / "damaged"
    shutil.copytree(made.path, damaged / "run")
    file = damaged / "run" / "run.json"
    file.write_text(file.read_text().replace('"expected_cost": 0.0', '"expected_cost": 0.5'))
    assert any("scores of" in check.what and check.problem for check in verify_run(find_run("latest", damaged)))


def test_its_derivative_is_the_cost_of_a_row() -> None:
    metric = expected_cost([[0, 2], [5, 0]])
    labels, predictions = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    table = confusion(labels, predictions, 2)
    assert metric.of_table(table) == metric.value(labels, np.eye(2, dtype=np.float32)[predictions]) == 7 / 4
    moved = influence(metric, table)
    assert moved[1, 0] - moved[0, 0] == pytest.approx(5 / 4)
    assert metric.bounds == (0, 5)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "it cannot be read"),
        ("", "it holds 0 lines"),
        ("\\,busy,calm,glad\n", "it holds 1 lines"),
        ("\\,busy,calm\nbusy,0,1\ncalm,1,0\n", "its columns lack 'glad'"),
        ("\\,busy,calm,glad\nbusy,0,1,1\ncalm,1,0,1\n", "its rows lack 'glad'"),
        ("\\,busy,calm,sad\nbusy,0,1,1\ncalm,1,0,1\nglad,1,1,0\n", "hold 'sad', which the data do not"),
        ("\\,busy,busy,glad\nbusy,0,1,1\n", "names 'busy' twice"),
        ("\\,busy,calm,glad\nbusy,0,1\ncalm,1,0,1\nglad,1,1,0\n", "has 2 costs for 3 predicted classes (line 2)"),
        ("\\,busy,calm,glad\nbusy,0,dear,1\ncalm,1,0,1\nglad,1,1,0\n", "costs 'dear' (line 2), which is no number"),
        ("\\,busy,calm,glad\nbusy,0,nan,1\ncalm,1,0,1\nglad,1,1,0\n", "costs 'nan'"),
        ("\\,busy,calm,glad\nbusy,0,1e99,1\ncalm,1,0,1\nglad,1,1,0\n", "costs '1e99'"),
        ("\\,busy,calm,glad\nbusy,1,1,1\ncalm,1,1,1\nglad,1,1,1\n", "all of its costs are the same"),
        ('\\,"busy\n', "is no CSV file"),
        (b"\xff\xfe\x00b", "is no CSV file in UTF-8"),
    ],
)
def test_a_file_that_is_none_of_costs_is_refused_in_a_paragraph(
    run: Harness, tmp_path: Path, content: str | bytes | None, told: str
) -> None:
    file = tmp_path / "costs.csv"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    outcome = run("--costs", str(file), *HERE, strategies="majority")
    assert outcome.code == 2
    message = " ".join(outcome.err.split())
    assert "--costs" in message
    assert told in message
    assert "Traceback" not in outcome.err


def test_a_cost_that_nobody_told_is_no_metric(run: Harness) -> None:
    outcome = run("--select-by", "expected_cost", strategies="majority")
    assert outcome.code == 2
    assert "--costs" in outcome.err


def test_what_is_wrong_with_a_file_is_said_in_chinese_too(run: Harness, tmp_path: Path) -> None:
    file = tmp_path / "costs.csv"
    file.write_text("\\,busy,calm,glad\nbusy,0,dear,1\n")
    outcome = run("--costs", str(file), "--lang", "zh-TW", *HERE, strategies="majority")
    assert "不是數字" in "".join(outcome.err.split())


def test_a_file_with_semicolons_may_have_decimal_commas(run: Harness, costs: Path, tmp_path: Path) -> None:
    continental = tmp_path / "semicolons.csv"
    continental.write_text(COSTS.replace(",", ";").replace("2.5", "2,5"))
    found = [run("--costs", str(file), *HERE, strategies="majority").run.task.costs for file in (costs, continental)]
    assert found[0] == found[1] is not None
