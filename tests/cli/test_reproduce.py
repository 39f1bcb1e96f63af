"""`harness reproduce`: a run again from its record."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import Classifier, RunContext, Split, Task, compare, hookimpl
from harness.results.records import read_run
from harness.results.run_directory import find_run
from harness.results.unfinished_runs import reopen

from .commands import Harness, write_data

MOODS: list[int] = [0]


@dataclass
class Stepping:
    step: int
    n_classes: int
    params: dict[str, int] = field(default_factory=dict)

    def predict_proba(self, texts: list[str]) -> NDArray[np.float32]:
        return np.eye(self.n_classes, dtype=np.float32)[np.arange(len(texts)) * self.step % self.n_classes]

    def save(self, directory: object) -> None:
        pass


@dataclass(frozen=True)
class Moody:
    """Answers the first class, or all in turn, as its mood is at the moment."""

    name: ClassVar[str] = "moody"
    uses_model: ClassVar[bool] = False

    def fit(self, train: Split, validation: Split, context: RunContext) -> Classifier:
        return Stepping(MOODS[-1], context.n_classes)

    def load(self, directory: object, context: RunContext) -> Classifier:
        raise NotImplementedError


class MoodyPlugin:
    @staticmethod
    @hookimpl
    def harness_strategies() -> list[Moody]:
        return [Moody()]


def test_settings_that_depend_on_the_number_of_rows_come_out_again_for_every_size(
    run: Harness, harness: Harness
) -> None:
    folder = run("--train-sizes", "12,all", "--set", "full_finetune.epochs=1", strategies="full_finetune").folder
    (first,) = (read_run(find_run(str(path), folder)) for path in folder.iterdir())
    assert {record.params["learning_rate"] for record in first.records} == {3e-4}
    outcome = harness("reproduce", "latest", "-o", str(folder), "--tolerance", "0", "-q")
    assert outcome.code == 0
    assert "2 of 2 trials predict the same, bit for bit." in outcome.out


def test_scores_then_and_now_are_called_in_the_language_of_the_page(run: Harness, harness: Harness) -> None:
    folder = run(strategies="majority").folder
    outcome = harness("reproduce", "latest", "-o", str(folder), "-q", "--lang", "zh-TW")
    assert outcome.code == 0
    assert "準確率" in outcome.out
    assert "accuracy" not in outcome.out


def test_a_run_comes_out_again_bit_for_bit(run: Harness, harness: Harness) -> None:
    folder = run("--set", "logreg_probe.C=0.5", "--limit", "20").folder
    outcome = harness("reproduce", "latest", "-o", str(folder), "--tolerance", "0", "-q")
    assert outcome.code == 0
    assert "2 of 2 trials predict the same, bit for bit." in outcome.out
    assert "Reproduced: no score differs by more than 0." in outcome.out
    assert "are the same" in outcome.out
    first, second = (read_run(find_run(str(path), folder)) for path in sorted(folder.iterdir()))
    assert [record.params for record in first.records] == [record.params for record in second.records]
    assert {record.features for record in second.records} == {None, "computed"}


def test_what_does_not_come_out_again_is_told_and_is_exit_code_one(run: Harness, harness: Harness) -> None:
    folder = run("--no-save-models", strategies="moody", plugins=[MoodyPlugin()]).folder
    known = ("reproduce", find_run("latest", folder).path.name, "-o", str(folder), "-q")
    MOODS.append(1)
    try:
        outcome = harness(*known, plugins=[MoodyPlugin()])
        as_json = harness(*known, "--json", plugins=[MoodyPlugin()])
        generous = harness(*known, "--tolerance", "1", plugins=[MoodyPlugin()])
    finally:
        MOODS.pop()
    assert (outcome.code, as_json.code, generous.code) == (1, 1, 0)
    assert "0 of 1 trials predict the same" in outcome.out
    assert "Not reproduced" in outcome.out
    assert json.loads(as_json.out)["same_predictions"] == {"moody-seed0": False}


def test_data_that_lie_elsewhere_are_named_and_others_are_refused(
    run: Harness, harness: Harness, task: Task, tmp_path: Path
) -> None:
    here = write_data(task, tmp_path / "here")
    folder = run("-d", str(here), "--no-save-models", strategies="majority").folder
    elsewhere = here.rename(tmp_path / "elsewhere")
    assert harness("reproduce", "-o", str(folder), "-q").code == 3
    found = harness("reproduce", "-o", str(folder), "-q", "-d", str(elsewhere))
    assert found.code == 0, found.err
    assert "Data, model, plugins, versions and machine are the same." in found.out
    (elsewhere / "train.jsonl").write_text((elsewhere / "train.jsonl").read_text().replace("tea", "cup"))
    other = harness("reproduce", "-o", str(folder), "-q", "-d", str(elsewhere))
    assert other.code == 3
    assert "does not hold the data of the run" in other.err


def test_data_that_were_in_memory_are_not_looked_for_by_their_name(
    harness: Harness, task: Task, tmp_path: Path
) -> None:
    # A name as the bundled data set's, and classes in the order in which files give them.
    named = replace(task, name="sample", label_names=tuple(sorted(task.label_names)))
    options: dict[str, Any] = {"strategies": "tfidf_logreg", "on": "here", "progress": False, "save_models": False}
    made = compare(named, output_dir=tmp_path / "runs", **options)
    assert made.run.task.source == "memory"
    reproduced = harness("reproduce", str(made.path), "-q")
    doubted = harness("labels", str(made.path), "--doubtful", "5")
    reopen(made.directory)
    resumed = harness("run", "--resume", str(made.path), "-q")
    for refused in (reproduced, doubted, resumed):
        assert refused.code == 2
        assert "'sample', were in memory, so they cannot be loaded by that name" in " ".join(refused.err.split())
    found = compare(named, output_dir=tmp_path / "runs", **options)
    assert found.path == made.path
    assert len(found.doubtful_labels(5, data=named, progress=False)) <= 5
    again = harness("reproduce", str(made.path), "-q", "-d", str(write_data(named, tmp_path / "files")))
    assert again.code == 0, again.err


@dataclass(frozen=True)
class Choosy:
    """Chooses another step for every seed, unless it is set."""

    name: ClassVar[str] = "choosy"
    uses_model: ClassVar[bool] = False
    step: int | None = None

    def fit(self, train: Split, validation: Split, context: RunContext) -> Classifier:
        step = context.seed + 1 if self.step is None else self.step
        return Stepping(step, context.n_classes, {"step": step})

    def load(self, directory: object, context: RunContext) -> Classifier:
        raise NotImplementedError


class ChoosyPlugin:
    @staticmethod
    @hookimpl
    def harness_strategies() -> list[Choosy]:
        return [Choosy()]


def test_what_each_seed_chose_for_itself_is_chosen_again(run: Harness, harness: Harness) -> None:
    made = run("--seeds", "0,1", "--no-save-models", strategies="choosy", plugins=[ChoosyPlugin()])
    assert [record.params for record in made.run.records] == [{"step": 1}, {"step": 2}]
    known = ("reproduce", "-o", str(made.folder), "-q", "--tolerance", "0")
    outcome = harness(*known, plugins=[ChoosyPlugin()])
    assert "2 of 2 trials predict the same, bit for bit." in outcome.out


def test_what_was_chosen_together_on_validation_is_chosen_together_again(run: Harness, harness: Harness) -> None:
    data = ("-d", "sample", "-n", "60", "--train-sizes", "20,all", "--no-save-models")
    made = run(*data, strategies="tfidf_logreg")
    assert len({record.params["max_ngram"] for record in made.run.records}) > 1, "each size chooses for itself"
    assert len({record.params["C"] for record in made.run.records}) == 1, "but in part the same"
    outcome = harness("reproduce", "-o", str(made.folder), "-q", "--tolerance", "0")
    assert "2 of 2 trials predict the same, bit for bit." in outcome.out


def test_a_strategy_that_is_gone_is_an_error_that_names_it(run: Harness, harness: Harness) -> None:
    folder = run("--no-save-models", strategies="moody", plugins=[MoodyPlugin()]).folder
    outcome = harness("reproduce", "-o", str(folder), "-q")
    assert outcome.code == 2
    assert "There is no strategy 'moody'" in outcome.err
