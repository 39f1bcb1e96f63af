"""Several data sets and encoders in one command: each with each, one table, and nothing run twice."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from filelock import FileLock
from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, Task, UserError, hookimpl, open_suite
from harness.cli import main
from harness.reporting import ENDINGS
from harness.system.process import restored_globals
from harness.testing.tiny import tiny_encoder

from .commands import Harness, Outcome, write_data

STRATEGIES = "majority,tfidf_logreg,logreg_probe"
GIVEN = ("tfidf_logreg.C=1", "tfidf_logreg.analyzer=word", "tfidf_logreg.max_ngram=1", "logreg_probe.C=1")  # no search
OPTIONS = ("--offline", "--no-save-models", "-q", *(word for value in GIVEN for word in ("--set", value)))


def suite_json(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(next(folder.glob("*/suite.json")).read_text(encoding="utf-8"))
    return content


def runs_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Return name of a run's folder -> its run.json."""
    return {f.parent.name: json.loads(f.read_text("utf-8")) for f in sorted(folder.glob("*/*/run.json"))}


def digests_of(folder: Path) -> dict[tuple[str, ...], str]:
    """Return data set, encoder, strategy and seed -> digest of the predictions."""
    return {
        (run["task"]["name"], run["model"]["name"] if run["model"] else "", r["strategy"], str(r["seed"])): r[
            "predictions_sha256"
        ]
        for run in runs_of(folder).values()
        for r in run["records"]
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, task: Task) -> list[str]:
    """Five data sets, which differ in their number of rows."""
    folder = tmp_path_factory.mktemp("sets")
    return [str(write_data(task.limited(n), folder / f"set{n}")) for n in (24, 27, 30, 33, 36)]


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("encoders")
    for name in ("ant", "bee"):
        (folder / name).mkdir()
        tiny_encoder(folder / name)
    return [str(folder / "ant"), str(folder / "bee")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, data: list[str], encoders: list[str]) -> Path:
    """Folder of runs with a suite of two data sets and two encoders."""
    folder = tmp_path_factory.mktemp("suites") / "reports"
    with restored_globals():
        named = ("-d", ",".join(data[:2]), "-m", encoders[0], "-m", encoders[1], "-s", STRATEGIES)
        assert main(["run", *named, "-o", str(folder), *OPTIONS]) == 0
    return folder


def test_each_data_set_is_run_with_each_encoder_and_what_reads_none_once(made: Path) -> None:
    record = suite_json(made)
    assert [cell["status"] for cell in record["cells"]] == ["complete"] * 4
    ran = {name: [r["strategy"] for r in run["records"]] for name, run in runs_of(made).items()}
    of_cells = [ran[cell["run"]] for cell in record["cells"]]
    assert of_cells == [STRATEGIES.split(","), ["logreg_probe"]] * 2


def test_the_table_shows_every_cell_and_both_encoders(made: Path, harness: Harness) -> None:
    shown = harness("show", "latest", "-o", str(made))
    assert shown.code == 0
    for name in ("set24", "set27", "ant", "bee", *STRATEGIES.split(",")):
        assert name in shown.out
    assert "2 data sets carry no claim" in " ".join(shown.out.split())


def answers_of(folder: Path, harness: Harness) -> dict[str, Any]:
    """Return what the tables of a suite say that must not hang on the order of the encoders."""
    study = open_suite("latest", folder).study
    starred = {
        (cell.data_set, cell.encoder, name): cell.is_among_best(name)
        for cell in study.cells
        for name in STRATEGIES.split(",")
    }
    against = study.against("logreg_probe", "tfidf_logreg")
    assert against.better + against.tied + against.worse == len(study.cells)
    floors = study.against("majority", "tfidf_logreg")
    assert floors.better + floors.tied + floors.worse == len(study.data_sets)
    return {"starred": starred, "against": against, "seconds": study.seconds("tfidf_logreg") is not None}


def test_what_reads_no_encoder_is_held_against_each_encoder_whatever_their_order(
    made: Path, data: list[str], encoders: list[str], tmp_path: Path, harness: Harness
) -> None:
    folder = tmp_path / "turned"
    named = ("-d", ",".join(data[:2]), "-m", ",".join(encoders[::-1]), "-s", STRATEGIES)
    assert harness("run", *named, "-o", str(folder), *OPTIONS).code == 0
    assert answers_of(folder, harness) == answers_of(made, harness)
    (row,) = (line for line in harness("show", "latest", "-o", str(made)).out.splitlines() if "majority" in line)
    assert row.count(".") == 4  # in each column, though run once a data set


def test_what_combines_others_chooses_from_the_same_whatever_the_order_of_the_encoders(
    data: list[str], encoders: list[str], tmp_path: Path, harness: Harness
) -> None:
    strategies, found = "majority,tfidf_logreg,logreg_probe,blend", []
    for order in (encoders, encoders[::-1]):
        out = tmp_path / Path(order[0]).name
        named = ("-d", data[0], "-m", ",".join(order), "-s", strategies)
        assert harness("run", *named, "-o", str(out), *OPTIONS).code == 0
        study = open_suite("latest", out).study
        second = study.cells[1].study
        assert {each.name for each in second.strategies} == set(strategies.split(",")) - {"majority"}
        assert study.reads_encoder("blend")
        assert sum(vars(study.against("majority", "tfidf_logreg")).values()) == 1
        found.append({key: digest for key, digest in digests_of(out).items() if key[2] in ("blend", "logreg_probe")})
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_scores_of_a_cell_are_those_of_its_run(made: Path, harness: Harness) -> None:
    shown = json.loads(harness("show", "latest", "-o", str(made), "--json").out)
    for cell, run in zip(shown["suite"]["cells"], shown["runs"], strict=True):
        assert runs_of(made)[cell["run"]]["records"] == run["records"]


def test_python_opens_a_suite_with_its_trials_and_its_ranking(made: Path) -> None:
    suite = open_suite("latest", made)
    table = suite.to_pandas()
    assert len(table) == 2 * (3 + 1) == sum(len(run.run.records) for run in suite.runs)
    assert set(table["encoder"]) == {"ant", "bee"}
    assert suite.ranking()["strategy"].tolist() == list(suite.study.ranking.names)
    assert "mean rank" in repr(suite)
    with pytest.raises(UserError, match="no suite"):
        open_suite("nowhere", made)


@pytest.mark.parametrize("ending", [ending.removeprefix(".") for ending in ENDINGS])
def test_a_suite_is_reported_in_every_format(made: Path, tmp_path: Path, ending: str, harness: Harness) -> None:
    file = tmp_path / f"suite.{ending}"
    assert harness("report", "latest", "--output-dir", str(made), "-o", str(file)).code == 0
    content = file.read_text(encoding="utf-8-sig")
    assert "set24" in content
    assert "U+00A0" not in content  # what LaTeX prints of a character that it does not know
    if ending == "csv":
        rows = list(csv.DictReader(content.splitlines()))
        assert len(rows) == 2 * (3 + 1)
        assert {row["data_set"] for row in rows} == {"set24", "set27"}


def test_a_suite_that_another_process_runs_is_left_alone(
    made: Path, data: list[str], encoders: list[str], harness: Harness
) -> None:
    before = suite_json(made)
    (folder,) = made.glob("*-suite")
    named = ("-d", ",".join(data[:3]), "-m", ",".join(encoders), "-s", STRATEGIES)
    with FileLock(folder / ".lock"):
        outcome = harness("run", *named, "-o", str(made), *OPTIONS)
    assert outcome.code == 2
    assert str(folder) in outcome.err
    assert suite_json(made) == before


def test_a_dry_run_says_what_is_there_and_writes_nothing(
    made: Path, data: list[str], encoders: list[str], harness: Harness
) -> None:
    before = sorted(made.rglob("*"))
    named = ("-d", ",".join(data[:3]), "-m", ",".join(encoders), "-s", STRATEGIES)
    told = harness("run", *named, "-o", str(made), *OPTIONS, "--dry-run")
    assert told.code == 0
    assert told.out.count(": finished") == 4
    assert sorted(made.rglob("*")) == before


@dataclass(frozen=True)
class Fitting(SklearnStrategy):
    """Counts its fits; `stop_at` is the fit at which somebody presses Ctrl-C."""

    name: ClassVar[str] = "fitting"
    uses_model: ClassVar[bool] = True
    fits: ClassVar[list[int]] = []
    stop_at: ClassVar[int] = -1

    def estimator(self, seed: int) -> Any:
        if len(self.fits) == type(self).stop_at:
            raise KeyboardInterrupt
        self.fits.append(seed)
        return DummyClassifier(strategy="stratified", random_state=seed)


class Plugin:
    @hookimpl
    def harness_strategies(self) -> list[SklearnStrategy]:
        return [Fitting()]


@pytest.fixture
def suite(tmp_path: Path, data: list[str], encoders: list[str], harness: Harness) -> Callable[..., Outcome]:
    """Run a suite of two data sets and two encoders, counting the fits anew."""
    Fitting.fits.clear()
    Fitting.stop_at = -1

    def run(*more: str, sets: int = 2, strategies: str = "tfidf_logreg,fitting") -> Outcome:
        named = ("-d", ",".join(data[:sets]), "-m", ",".join(encoders), "-s", strategies)
        return harness("run", *named, "-o", str(tmp_path / "reports"), *OPTIONS, *more, plugins=[Plugin()])

    return run


def test_the_same_again_runs_nothing_and_what_comes_later_is_all_that_is_run(
    suite: Callable[..., Outcome], tmp_path: Path
) -> None:
    suite()
    suite()
    assert len(Fitting.fits) == 4
    before = digests_of(tmp_path / "reports")
    suite("--seeds", "0,1", sets=3, strategies="fitting,logreg_probe")
    assert sorted(Fitting.fits) == [0] * 6 + [1] * 6
    after = digests_of(tmp_path / "reports")
    assert {key: after[key] for key in before} == before
    assert len(suite_json(tmp_path / "reports")["cells"]) == 6


def test_a_stopped_suite_goes_on_where_it_was_and_comes_out_the_same(
    suite: Callable[..., Outcome], tmp_path: Path, harness: Harness
) -> None:
    reports = tmp_path / "reports"
    Fitting.stop_at = 2
    stopped = suite()
    assert stopped.code == 130
    assert "--resume" in stopped.err
    Fitting.stop_at = -1
    folder = next(reports.glob("*/suite.json")).parent
    gone_on = harness("run", "--resume", str(folder), "-q", plugins=[Plugin()])
    assert gone_on.code == 0, gone_on.err
    assert len(Fitting.fits) == 4
    resumed = digests_of(reports)
    suite("--fresh")
    assert len(list(reports.glob("*/suite.json"))) == 2
    assert digests_of(reports) == resumed


def test_five_data_sets_are_ranked_with_a_critical_difference(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    strategies = "majority,tfidf_logreg,tfidf_logreg(C=100),tfidf_logreg(analyzer=char)"
    ran = harness("run", "-d", ",".join(data), "-s", strategies, "-o", str(tmp_path / "reports"), *OPTIONS)
    assert ran.code == 0, ran.err
    told = " ".join(ran.out.split())
    assert "neighbours in the ranking cannot be told apart" in told
    assert "(Nemenyi, 5 %)" in told
    file = tmp_path / "suite.html"
    assert harness("report", "latest", "--output-dir", str(tmp_path / "reports"), "-o", str(file)).code == 0
    assert "data:image/svg+xml" in file.read_text(encoding="utf-8")
    ranking = json.loads(harness("show", "latest", "-o", str(tmp_path / "reports"), "--json").out)["ranking"]
    assert [len(ranking[test]) for test in ("nemenyi_p", "wilcoxon_holm_p")] == [3, 3]
    assert ranking["against_first"] == {}
    bayes = harness("show", "latest", "-o", str(tmp_path / "reports"), "--json", "--rope", "0.01").out
    found = json.loads(bayes)["ranking"]["against_first"]
    assert list(found) == [rank["strategy"] for rank in ranking["ranks"][1:]]
    assert all(sum(each.values()) == pytest.approx(1) for each in found.values())
    shown = harness("show", "latest", "-o", str(tmp_path / "reports"), "--rope", "0.01").out
    assert "no more than 0.01 are the same in practice" in " ".join(shown.split())
    ranks = ranking["ranks"]
    assert [rank["mean_rank"] for rank in ranks] == sorted(rank["mean_rank"] for rank in ranks)
    assert all(1 <= rank["low"] <= rank["mean_rank"] <= rank["high"] <= 3 for rank in ranks)


def test_data_that_are_not_there_are_refused_before_anything_is_run(
    data: list[str], tmp_path: Path, harness: Harness
) -> None:
    refused = harness("run", "-d", f"{data[0]},{tmp_path / 'nowhere'}", "-s", "majority", "-o", str(tmp_path / "r"))
    assert refused.code == 3
    assert "nowhere" in refused.err
    assert not (tmp_path / "r").exists()


def test_a_damaged_suite_json_is_refused_in_a_sentence(made: Path, tmp_path: Path, harness: Harness) -> None:
    (folder := tmp_path / "suite").mkdir()
    for content in ("{}", "[", '{"schema_version": 1, "started": "", "options": {}, "cells": [{"run": "../x"}]}'):
        (folder / "suite.json").write_text(content, encoding="utf-8")
        shown = harness("show", str(folder))
        assert shown.code == 2
        assert "suite.json cannot be read" in " ".join(shown.err.split())
