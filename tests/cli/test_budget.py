"""`harness run --budget`: each strategy is searched in its own space, and all that was tried is recorded."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
from annotated_types import Ge
from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, hookimpl, load_classifier
from harness.analysis.study import open_study
from harness.results.records import RunRecord
from harness.results.run_directory import find_run

from .commands import Harness

pytest.importorskip("optuna", reason="needs the extra tune: pip install 'strategy-harness[tune]'")

PROBES = "majority,ridge_probe,knn_probe"


@dataclass(frozen=True)
class Fussy(SklearnStrategy):
    """Never works at depth 2."""

    name: ClassVar[str] = "fussy"
    search_space: ClassVar[str] = "depth=1..3"
    depth: Annotated[int, Ge(1)] = 1

    def estimator(self, seed: int) -> Any:
        if self.depth == 2:
            raise ValueError("never at two")
        return DummyClassifier(strategy="most_frequent")


@dataclass(frozen=True)
class Never(Fussy):
    """Works nowhere in its space."""

    search_space: ClassVar[str] = "depth=2"


class FussyPlugin:
    def __init__(self, strategy: Fussy) -> None:
        self.strategy = strategy

    @hookimpl
    def harness_strategies(self) -> list[Fussy]:
        return [self.strategy]


def of(records: list[RunRecord]) -> dict[str, RunRecord]:
    return {record.strategy: record for record in records}


def test_every_strategy_is_searched_in_its_space_and_the_best_on_validation_is_kept(run: Harness) -> None:
    outcome = run("--budget", "6", strategies=PROBES)
    made = outcome.run
    records = of(made.records)
    for name in ("ridge_probe", "knn_probe"):
        record = records[name]
        assert record.search
        assert record.configurations_tried == len(record.history) == 6
        assert record.validation
        assert record.validation.f1_macro == max(each["validation_f1_macro"] for each in record.history)
        assert record.optimism is not None
    spaces = {name: record.search.space for name, record in records.items() if record.search}
    assert spaces["ridge_probe"].startswith("scaling=standard(alpha=1..10000:log)|unit(alpha=0.001..10:log)")
    assert records["ridge_probe"].params["alpha"] in {each["param_alpha"] for each in records["ridge_probe"].history}
    assert records["majority"].search is None
    assert any("not searched" in note and "majority" in note for note in made.notes)
    assert made.evidence
    assert made.evidence.search
    assert {curve.strategy: curve.n for curve in made.evidence.search.curves} == {"ridge_probe": 6, "knn_probe": 6}
    assert "by budget" in outcome.out


def test_the_same_command_draws_the_same_configurations_and_a_longer_search_begins_with_them(run: Harness) -> None:
    first, again = (run("--budget", "3", strategies="ridge_probe").run.records[0] for _ in range(2))
    longer = run("--budget", "5", strategies="ridge_probe").run.records[0]
    assert first.predictions_sha256 == again.predictions_sha256
    drawn = [[each["param_alpha"] for each in record.history] for record in (first, again, longer)]
    assert drawn[0] == drawn[1] == drawn[2][:3]


@pytest.mark.parametrize("budget", ["1", "3"])
def test_a_searched_classifier_can_be_loaded_and_predicts_what_its_run_predicted(
    run: Harness, budget: str, tiny_data: Path
) -> None:
    outcome = run("--budget", budget, strategies="ridge_probe")
    texts = [json.loads(line)["text"] for line in (tiny_data / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    classifier = load_classifier(next(outcome.folder.glob("*/models/ridge_probe-seed0")))
    study = open_study([find_run("latest", outcome.folder)])
    np.testing.assert_allclose(
        classifier.predict_proba(texts), study.strategies[0].predictions.probabilities, atol=1e-5
    )


@pytest.mark.parametrize("probe", ["logreg_probe"])
def test_configurations_that_are_compared_at_once_score_as_each_does_alone(run: Harness, probe: str) -> None:
    (searched,) = run("--budget", "2", strategies=probe).run.records
    assert len(searched.history) == 2
    for drawn in searched.history:
        (strength,) = (name for name in drawn if name in ("param_C", "param_alpha"))
        pooling = "mean" if "param_pooling_mean" in drawn else "cls"
        scaling = "unit" if "param_scaling_unit" in drawn else "standard"
        setting = f"{strength.removeprefix('param_')}={drawn[strength]!r}, pooling={pooling}, scaling={scaling}"
        alone = f"{probe}({setting})"
        (record,) = run(strategies=alone).run.records
        assert record.validation
        assert record.validation.f1_macro == pytest.approx(drawn["validation_f1_macro"], abs=0.03)


def test_what_is_set_is_not_searched(run: Harness) -> None:
    made = run(
        "--budget", "3", "--set", "ridge_probe.pooling=mean", strategies="ridge_probe,knn_probe(n_neighbors=3)"
    ).run
    ridge, knn = made.records
    assert ridge.search
    assert ridge.search.space == "scaling=standard(alpha=1..10000:log)|unit(alpha=0.001..10:log)"
    assert ridge.params["pooling"] == "mean"
    assert knn.search
    assert knn.search.space == "scaling=standard|unit, pooling=cls|mean"
    assert knn.params["n_neighbors"] == 3


def test_a_penalty_is_drawn_where_it_suits_the_scale_of_the_features(run: Harness) -> None:
    (record,) = run("--budget", "12", strategies="ridge_probe").run.records
    drawn = [("param_scaling_unit" in each, each["param_alpha"]) for each in record.history]
    assert {unit for unit, _ in drawn} == {True, False}
    assert all(0.001 <= alpha <= 10 if unit else 1 <= alpha <= 10_000 for unit, alpha in drawn)


@pytest.mark.parametrize(
    ("setting", "space"),
    [
        ("scaling=unit", "alpha=0.001..10:log, pooling=cls|mean"),
        ("scaling=auto", "pooling=cls|mean"),
        ("alpha=3", "scaling=standard|unit, pooling=cls|mean"),
    ],
)
def test_what_is_set_leaves_of_the_space_what_can_be_with_it(run: Harness, setting: str, space: str) -> None:
    (record,) = run("--budget", "2", strategies=f"ridge_probe({setting})").run.records
    assert record.search
    assert record.search.space == space


def test_a_configuration_that_fails_is_one_that_was_tried(run: Harness) -> None:
    (record,) = run("--budget", "9", "-s", "fussy", plugins=[FussyPlugin(Fussy())]).run.records
    failed = [each for each in record.history if "failed" in each]
    assert record.status == "ok"
    assert len(record.history) == 9
    assert 0 < len(failed) < 9
    assert {each["param_depth"] for each in failed} == {2.0}
    assert any("configurations failed, the first: never at two" in told for told in record.degradations)


def test_a_search_of_which_every_configuration_fails_is_a_failed_row(run: Harness) -> None:
    (record,) = run("--budget", "2", "-s", "fussy", plugins=[FussyPlugin(Never())]).run.records
    assert record.status == "failed"
    assert record.error
    assert "never at two" in record.error.message


def test_a_time_is_a_budget_too(run: Harness) -> None:
    made = run("--budget", "0.05s", strategies="ridge_probe").run
    (record,) = made.records
    assert record.search
    assert record.search.seconds == pytest.approx(0.05)
    assert len(record.history) >= 1
    assert made.evidence
    assert made.evidence.search
    assert made.evidence.search.unit == "seconds"


def test_the_metric_that_was_named_chooses_among_the_configurations(run: Harness) -> None:
    (record,) = run("--budget", "5", "--select-by", "log_loss", strategies="knn_probe").run.records
    assert record.validation
    assert record.validation.score("log_loss") == min(each["validation_log_loss"] for each in record.history)


@pytest.mark.parametrize("wrong", ["0", "x", "-3", "1001", "0s", "1.5", ""])
def test_what_is_no_budget_is_refused(run: Harness, wrong: str) -> None:
    outcome = run("--budget", wrong)
    assert outcome.code == 2
    assert "--budget" in outcome.err
    assert not outcome.folder.exists()


def test_a_budget_that_nothing_could_use_is_refused_before_the_data_are_read(run: Harness, tmp_path: Path) -> None:
    outcome = run("--budget", "4", "-d", str(tmp_path / "no-such-data"), strategies="majority")
    assert outcome.code == 2
    assert "majority" in outcome.err
    assert "search_space" in outcome.err


def test_the_plan_says_what_is_searched(run: Harness) -> None:
    outcome = run("--budget", "4", "--dry-run", strategies="ridge_probe,majority")
    assert "4 configurations" in outcome.out
    assert "alpha=1..10000:log" in outcome.out
    assert not outcome.folder.exists()


def test_another_budget_is_another_run_and_a_search_is_reproduced_from_its_record(
    run: Harness, harness: Harness, tmp_path: Path
) -> None:
    outcome = run("--budget", "3", strategies="ridge_probe,majority")
    assert "no unfinished run" in run("--budget", "4", "--resume", strategies="ridge_probe,majority").err
    again = harness("reproduce", "latest", "--output-dir", str(outcome.folder), "-q")
    assert again.code == 0, again.err


def test_reports_show_what_was_found_by_budget(run: Harness, harness: Harness, tmp_path: Path) -> None:
    outcome = run("--budget", "4", strategies="ridge_probe,knn_probe")
    for ending, expected in ((".html", "<svg"), (".md", "by budget"), (".json", '"orders"')):
        file = tmp_path / f"report{ending}"
        assert harness("report", "latest", "--output-dir", str(outcome.folder), "-o", str(file)).code == 0
        content = file.read_text(encoding="utf-8")
        assert expected in content
        assert ("with its 95 % band" in content) == (ending == ".html") or ending == ".md"
