"""`harness run --metrics`: other scores beside the usual ones, in every table, with intervals and tests."""

import csv
import io
import shutil
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import sklearn.metrics

import harness as package
from harness import Metric, hookimpl
from harness.analysis.verification import verify_run
from harness.api.comparing import open_runs
from harness.cli import main
from harness.results.predictions import read_predictions
from harness.results.run_directory import find_run

from .commands import Harness, Outcome

ASKED = "mcc,roc_auc_ovr,log_loss,accuracy"


class TopTwo:
    """Offers a metric, and keeps what it was given."""

    def __init__(self, function: Any = None) -> None:
        self.calls: list[tuple[Any, Any]] = []
        self.function = function or self.top_two

    def top_two(self, labels: Any, answers: Any) -> float:
        self.calls.append((labels, answers))
        return float(((-answers).argsort(axis=1)[:, :2] == labels[:, None]).any(axis=1).mean())

    @hookimpl
    def harness_metrics(self) -> Any:
        return [Metric("top_two", self.function, needs_probabilities=True, bounds=(0, 1))]


class Returning:
    def __init__(self, returned: Any) -> None:
        self.returned = returned

    @hookimpl
    def harness_metrics(self) -> Any:
        return self.returned


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path) -> Outcome:
    """What came of a run with other metrics; it is not to be changed."""
    folder, out = tmp_path_factory.mktemp("metrics"), io.StringIO()
    where = ["-d", str(tiny_data), "-o", str(folder), "-q", "--offline", "--no-save-models", "--on", "here"]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setenv("COLUMNS", "150")
        asked = ["--metrics", ASKED, "--seeds", "0,1", "-s", "stratified_random,tfidf_logreg,majority"]
        code = main(["run", *where, *asked])
    return Outcome(code, out.getvalue(), "", folder)


def test_every_table_has_the_scores_and_they_are_scikit_learns(measured: Outcome, tmp_path: Path) -> None:
    assert measured.code == 0
    assert "mcc" in measured.out
    assert "Of log_loss the lowest value is the best." in measured.out
    made = package.open_run("latest", measured.folder)
    for record in made.run.records:
        assert record.test is not None
        assert list(record.test.metrics) == ["mcc", "roc_auc_ovr", "log_loss"]
        found = read_predictions(made.directory, record.trial)
        of, values = sklearn.metrics, record.test.metrics
        assert values["mcc"] == of.matthews_corrcoef(found.labels, found.predictions)
        assert values["log_loss"] == of.log_loss(found.labels, found.probabilities)
        if found.probabilities.shape[1] == 2:
            assert values["roc_auc_ovr"] == pytest.approx(of.roc_auc_score(found.labels, found.probabilities[:, 1]))
    frame = made.to_pandas()
    assert {"validation_mcc", "test_mcc_low", "rank_letters_log_loss"} <= {*frame.columns}
    assert {*made.pairs()["metric"]} == {"accuracy", "f1_macro", "mcc", "roc_auc_ovr", "log_loss"}
    for ending in ("html", "md", "tex", "csv"):
        made.report(tmp_path / f"report.{ending}")
        assert "mcc" in (tmp_path / f"report.{ending}").read_text(encoding="utf-8-sig")
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        (mean,) = (row for row in csv.DictReader(file) if row["seed"] == "mean" and "random" in row["strategy"])
    assert float(mean["test_mcc_low"]) <= float(mean["test_mcc"]) <= float(mean["test_mcc_high"])


def test_the_lowest_log_loss_has_the_first_letter(measured: Outcome) -> None:
    evidence = package.open_run("latest", measured.folder).run.evidence
    assert evidence is not None
    by = evidence.metric("log_loss")
    assert by is not None
    assert not by.higher_is_better
    best = min((each for each in by.strategies if each.value is not None), key=lambda each: each.value or 0.0)
    assert best.letters.startswith("a")


def test_verify_computes_them_again_and_finds_one_that_was_changed(measured: Outcome, tmp_path: Path) -> None:
    shutil.copytree(measured.folder, tmp_path / "copy")
    directory = find_run("latest", tmp_path / "copy")
    assert [check for check in verify_run(directory) if check.problem] == []
    file = directory.path / "run.json"
    recorded = measured.run.records[0].test
    assert recorded
    file.write_text(file.read_text().replace(f'"log_loss": {recorded.metrics["log_loss"]}', '"log_loss": 0.125'))
    assert any("scores of" in check.what and check.problem for check in verify_run(directory))


def test_runs_are_compared_by_the_metrics_that_both_have(measured: Outcome, run: Harness, tmp_path: Path) -> None:
    given = ("--metrics", "log_loss,brier", "--no-save-models", "-o", str(tmp_path), "--on", "here")
    assert run(*given, strategies="stratified_random").code == 0
    study = open_runs([find_run("latest", folder).path for folder in (measured.folder, tmp_path)])
    assert study.metrics == ("log_loss",)
    assert [by.metric for by in study.evidence.metrics] == ["log_loss"]


def test_a_metric_of_a_plugin_is_called_once_all_strategies_are_over(run: Harness) -> None:
    offered, order = TopTwo(), list[int]()

    class Watching:
        @hookimpl
        def harness_trial_finished(self, record: Any) -> None:
            order.append(len(offered.calls))

    given = ("--metrics", "top_two", "--on", "here", "--no-save-models")
    outcome = run(*given, plugins=[offered, Watching()], strategies="majority,stratified_random")
    assert outcome.code == 0
    assert order == [0, 0]
    scores = [record.test.metrics["top_two"] for record in outcome.run.records if record.test]
    assert all(score is not None and 0 <= score <= 1 for score in scores)
    checks = [check for check in verify_run(find_run("latest", outcome.folder)) if check.problem]
    assert checks == []  # its code is not at hand, so verify says that it did not look


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda labels, answers: 1 / 0, "metric top_two failed: ZeroDivisionError"),
        (lambda labels, answers: float("nan"), "metric top_two has no value"),
        (lambda labels, answers: "high", "metric top_two failed: ValueError"),
    ],
)
def test_a_metric_that_fails_is_a_dash_and_a_note(run: Harness, function: Any, told: str) -> None:
    given = ("--metrics", "top_two", "--on", "here", "--no-save-models")
    outcome = run(*given, plugins=[TopTwo(function)], strategies="majority")
    assert outcome.code == 0
    assert any(told in note for note in outcome.run.notes)
    assert outcome.run.records[0].test
    assert outcome.run.records[0].test.metrics == {"top_two": None}


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "expected a list of metrics"),
        ([len], "expected a harness.Metric"),
        ([Metric("a b", len)], "a name of letters, digits and _"),
        ([Metric("a", 3)], "'a' to have a function"),  # type: ignore[arg-type]
        ([Metric("a", len, bounds=(1, 0))], "the lower first"),
    ],
)
def test_what_is_no_metric_is_told_with_what_one_is(run: Harness, returned: Sequence[Any], told: str) -> None:
    outcome = run("--on", "here", plugins=[Returning(returned)], strategies="majority,Returning")
    assert told in outcome.out + outcome.err


def test_two_metrics_of_one_name_are_refused(run: Harness) -> None:
    outcome = run("--on", "here", plugins=[Returning([Metric("mcc", len)])], strategies="majority")
    assert outcome.code != 0
    assert "offer a metric 'mcc'" in outcome.err


def test_an_unknown_metric_is_refused_before_the_data_are_loaded(run: Harness) -> None:
    outcome = run("--metrics", "mc", strategies="majority")
    assert outcome.code == 2
    assert "There is no metric 'mc'" in outcome.err
    assert "mcc" in outcome.err
