"""`harness run --select-by`: configurations, epochs, the order of the table, tests and the answer follow one metric."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from harness import Metric, hookimpl, open_run, score_candidate, select_candidate
from harness.analysis.verification import verify_run
from harness.evaluation.shipped_metrics import shipped_metrics
from harness.results.run_directory import find_run

from .commands import Harness

SHIPPED = shipped_metrics()


@dataclass(frozen=True)
class Guesser:
    """Knows all classes but for a share of the texts, of which it is sure too."""

    wrong: float = 0.0
    sure: float = 0.9
    label_of: ClassVar[dict[str, int]] = {}

    name: ClassVar[str] = "guesser"
    uses_model: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True

    def fit(self, train: Any, validation: Any, context: Any) -> "Guesses":
        return Guesses(self.wrong, self.sure, context.n_classes)

    def load(self, directory: Path, context: Any) -> "Guesses":
        return Guesses(*json.loads((directory / "guesses.json").read_text()))


@dataclass(frozen=True)
class Guesses:
    wrong: float
    sure: float
    k: int

    def predict_proba(self, texts: list[str]) -> Any:
        classes = np.array([Guesser.label_of[text] for text in texts])
        told = np.where(np.arange(len(texts)) < self.wrong * len(texts), (classes + 1) % self.k, classes)
        return np.where(np.eye(self.k)[told] > 0, self.sure, (1 - self.sure) / (self.k - 1)).astype(np.float32)

    def save(self, directory: Path) -> None:
        (directory / "guesses.json").write_text(json.dumps([self.wrong, self.sure, self.k]))


class Offering:
    @hookimpl
    def harness_strategies(self) -> list[Any]:
        return [Guesser()]

    @hookimpl
    def harness_metrics(self) -> list[Metric]:
        return [Metric("doubt", lambda labels, p: float(p.max(axis=1).mean()), False, True, (0, 1))]


# Right more often, and sure of its mistakes: the better by f1_macro, the worse by log loss.
SURE, MODEST = "guesser(wrong=0.1, sure=0.99999)", "guesser(wrong=0.2, sure=0.8)"


@pytest.fixture
def guess(run: Harness, task: Any, monkeypatch: pytest.MonkeyPatch) -> Harness:
    ids = {name: number for number, name in enumerate(sorted(task.label_names))}  # of files the classes are sorted
    splits = (task.train, task.validation, task.test)
    known = {x: ids[task.label_names[y]] for s in splits for x, y in zip(s.texts, s.labels, strict=True)}
    monkeypatch.setattr(Guesser, "label_of", known)
    usual = ("--on", "here", "--no-save-models")
    return lambda *argv, **options: run(*usual, *argv, plugins=[Offering()], **options)


def test_the_best_row_the_tests_and_the_answer_follow_the_metric(guess: Harness) -> None:
    by_default = guess(strategies=f"{SURE},{MODEST},majority")
    assert by_default.code == 0
    assert by_default.run.evidence
    assert by_default.run.evidence.conclusion.best == SURE
    assert by_default.run.evidence.conclusion.selection is None
    assert "test f1_macro" in by_default.out

    chosen = guess("--select-by", "log_loss", "--margin", "0.02", strategies=f"{SURE},{MODEST},majority")
    assert chosen.code == 0
    evidence = chosen.run.evidence
    assert evidence
    assert evidence.conclusion.best == MODEST
    assert evidence.conclusion.selection
    assert not evidence.conclusion.selection.higher_is_better
    (compared,) = evidence.conclusion.comparisons
    assert compared.other == SURE
    assert compared.selected
    assert compared.selected.value > 0  # the best has the lower loss
    assert compared.f1_macro.value < 0
    first = chosen.out.splitlines()[0]
    assert "test log_loss" in first
    assert "f1_macro" not in first
    assert "best validation log_loss first" in chosen.out
    made = open_run(find_run("latest", chosen.folder).path)
    assert made.study.strategies[0].name == MODEST
    assert made.to_pandas()["strategy"][0] == MODEST
    assert made.strategy().name == MODEST
    assert [check for check in verify_run(made.directory) if check.problem] == []


@pytest.mark.parametrize(
    ("metric", "kept"), [("f1_macro", (0.1, 0.99999)), ("log_loss", (0.1, 0.8)), ("doubt", (0.1, 0.8))]
)
def test_of_a_grid_the_metric_keeps_the_best(guess: Harness, metric: str, kept: tuple[float, float]) -> None:
    outcome = guess("--select-by", metric, strategies="guesser(wrong=0.1|0.2,sure=0.99999|0.8)")
    assert outcome.code == 0
    (record,) = outcome.run.records
    assert (record.params["wrong"], record.params["sure"]) == kept
    assert f"validation_{metric}" in record.history[0]


def test_epochs_are_chosen_by_it(run: Harness) -> None:
    quick = ("--set", "full_finetune.epochs=4", "--set", "full_finetune.learning_rate=0.01", "--no-save-models")
    outcome = run("--select-by", "log_loss", "--on", "here", *quick, strategies="full_finetune")
    (record,) = outcome.run.records
    assert record.validation
    losses = [epoch["validation_log_loss"] for epoch in record.history]
    assert record.validation.metrics["log_loss"] == pytest.approx(min(losses), rel=1e-3)


def test_a_probe_tells_what_it_chose_by(run: Harness) -> None:
    outcome = run("--select-by", "mcc", "--no-save-models", "--on", "here", strategies="logreg_probe,mlp_probe")
    assert outcome.code == 0
    for record in outcome.run.records:
        assert record.selection
        assert record.selection.metric == "mcc"
    assert "validation_mcc" in outcome.run.records[0].history[0]


def test_trials_chosen_by_another_metric_are_other_trials(guess: Harness, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder, metric in zip(folders, ("mcc", "log_loss"), strict=True):
        assert guess("--select-by", metric, "-o", str(folder), strategies="guesser").code == 0
    from harness.api.comparing import open_runs
    from harness.errors import UserError

    with pytest.raises(UserError, match="the metric that chooses"):
        open_runs([find_run("latest", folder).path for folder in folders])


def test_an_unknown_metric_is_refused(run: Harness) -> None:
    outcome = run("--select-by", "mc", strategies="majority")
    assert outcome.code == 2
    assert "There is no metric 'mc'" in outcome.err


def test_a_metric_without_bounds_chooses_alone_and_one_with_bounds_leaves_ties_to_the_loss() -> None:
    labels = np.arange(100) % 2
    better = np.where(np.eye(2)[np.where(np.arange(100) < 10, 1 - labels, labels)] > 0, 0.7, 0.3)
    surer = np.where(np.eye(2)[np.where(np.arange(100) < 11, 1 - labels, labels)] > 0, 0.9, 0.1)
    by = {
        name: [score_candidate({"number": i}, p, labels, SHIPPED[name]) for i, p in enumerate((better, surer))]
        for name in ("mcc", "log_loss")
    }
    assert select_candidate(by["mcc"], 100, SHIPPED["mcc"]).params["number"] == 1  # as good within chance, and surer
    assert select_candidate(by["log_loss"], 100, SHIPPED["log_loss"]).params["number"] == 1
    assert by["log_loss"][0].score == pytest.approx(-SHIPPED["log_loss"].value(labels, np.float32(better)))


@pytest.mark.slow
def test_a_metric_of_a_file_chooses_in_a_worker_too(run: Harness, tmp_path: Path) -> None:
    (tmp_path / "halved.py").write_text(
        "from harness import Metric, hookimpl\n\n\n"
        "def half(labels, predictions):\n    return (labels == predictions).mean() / 2\n\n\n"
        "@hookimpl\ndef harness_metrics():\n    return [Metric('half', half, bounds=(0, 0.5))]\n"
    )
    given = ("--select-by", "half", "--plugin", str(tmp_path / "halved.py"), "--on", "local", "--no-save-models")
    outcome = run(*given, strategies="tfidf_logreg")
    assert outcome.code == 0
    (record,) = outcome.run.records
    assert record.validation
    assert record.validation.metrics["half"] == record.validation.accuracy / 2
    assert "validation_half" in record.history[0]
