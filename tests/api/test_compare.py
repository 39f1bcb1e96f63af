"""harness.compare: what it takes, what it gives back, and how it leaves its host."""

import inspect
import logging
import os
import threading
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import datasets
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import GaussianNB

import harness
from harness import HarnessError, RunConfig, RunResult, Split, Task, UserError
from harness.testing import tiny_task


@dataclass(frozen=True)
class MyProbe(harness.SklearnProbe):
    """Naive Bayes on frozen features.

    Args:
        smoothing: Share of the largest variance that is added to all.
    """

    name: ClassVar[str] = "my_probe"
    smoothing: float = 1e-9

    def estimator(self, seed: int) -> Any:
        return GaussianNB(var_smoothing=self.smoothing)


@dataclass(frozen=True)
class Refuses(MyProbe):
    name: ClassVar[str] = "refuses"

    def fit(self, train: Split, validation: Split, context: harness.RunContext) -> Any:
        raise RuntimeError("not today")


@dataclass(frozen=True)
class Stops(harness.SklearnStrategy):
    """The user presses Ctrl-C when it is fitted with seed 1 for the first time."""

    name: ClassVar[str] = "stops"
    fits: ClassVar[list[int]] = []

    def estimator(self, seed: int) -> Any:
        self.fits.append(seed)
        if self.fits == [0, 1]:
            raise KeyboardInterrupt
        return DummyClassifier()


@dataclass(frozen=True)
class Moody(harness.SklearnStrategy):
    """It fails while a file is there."""

    name: ClassVar[str] = "moody"
    file: str = ""

    def estimator(self, seed: int) -> Any:
        if Path(self.file).exists():
            raise RuntimeError("not today")
        return DummyClassifier()


def quickly(data: Any, folder: Path, **options: Any) -> RunResult:
    return harness.compare(data, output_dir=folder, progress=False, **{"strategies": "majority", **options})


def test_a_run_is_a_table_of_scores_a_row_a_trial_best_by_validation_first(run: RunResult) -> None:
    table = run.to_pandas()
    assert table["status"].tolist() == ["ok"] * 8
    assert set(table["strategy"]) >= {"majority", "logreg_probe(C=0.1)", "knn_probe(n_neighbors=2|3)"}
    assert (table["validation_f1_macro"] - table["optimism"].fillna(0)).is_monotonic_decreasing
    within = table["test_f1_macro"].between(table["test_f1_macro_low"] - 1e-9, table["test_f1_macro_high"] + 1e-9)
    assert within.all()


def test_every_option_of_a_run_is_an_argument() -> None:
    arguments = set(inspect.signature(harness.compare).parameters)
    of_several_runs = {"folds"}
    assert set(RunConfig.model_fields) - {"dataset"} - of_several_runs <= arguments


def test_a_fold_tests_the_rows_that_no_other_fold_does(task: Task, tmp_path: Path) -> None:
    runs = [quickly(task, tmp_path, strategies="majority", fold=f"{number}/3") for number in (1, 2, 3)]
    rows = [row for run in runs for row in run.predictions("majority")["row"]]
    assert sorted(rows) == list(range(len(rows)))


def test_a_run_that_was_stopped_goes_on_where_the_same_call_is_made_again(task: Task, tmp_path: Path) -> None:
    Stops.fits.clear()
    with pytest.raises(KeyboardInterrupt):
        quickly(task, tmp_path, strategies=Stops(), seeds=[0, 1])
    run = quickly(task, tmp_path, strategies=Stops(), seeds=[0, 1])
    assert run.to_pandas()["status"].tolist() == ["ok", "ok"]
    assert Stops.fits == [0, 1, 1]
    assert [folder.name for folder in tmp_path.iterdir()] == [run.path.name]


def test_what_failed_is_run_again_where_that_is_asked_for(task: Task, tmp_path: Path) -> None:
    (mood := tmp_path / "mood").touch()
    asked = {"strategies": [Moody(str(mood)), "majority"]}
    failed = quickly(task, tmp_path / "runs", **asked)
    assert failed.run.status == "failed"
    mood.unlink()
    again = quickly(task, tmp_path / "runs", retry_failed=True, **asked)
    assert (again.path, again.run.status) == (failed.path, "complete")
    assert [record.status for record in again.run.records] == ["ok", "ok"]
    assert quickly(task, tmp_path / "runs", retry_failed=True, **asked).path != failed.path  # nothing failed in it
    mood.touch()
    failed = quickly(task, tmp_path / "more", **asked)
    mood.unlink()
    later = quickly(task, tmp_path / "more", **asked)
    assert quickly(task, tmp_path / "more", retry_failed=True, **asked).path not in (failed.path, later.path)
    with pytest.raises(UserError, match="fresh=True"):
        quickly(task, tmp_path / "runs", retry_failed=True, fresh=True, **asked)


def test_pairs_predictions_and_errors_are_frames(run: RunResult, task: Task) -> None:
    pairs = run.pairs()
    assert len(pairs) == 2 * 8 * 7 / 2
    assert set(pairs["metric"]) == {"accuracy", "f1_macro"}
    predicted = run.predictions("majority")
    assert predicted["text"].tolist() == list(task.test.texts)
    assert predicted["label"].tolist() == [task.label_names[y] for y in task.test.labels]
    np.testing.assert_allclose(predicted.filter(like="probability_").sum(axis=1), 1, atol=1e-6)
    assert len(run.predictions("majority", "validation")) == len(task.validation)
    wrong = run.errors("majority")
    assert len(wrong) == (predicted["label"] != predicted["prediction"]).sum()
    assert (wrong["label"] != wrong["prediction"]).all()
    assert wrong["loss"].is_monotonic_decreasing


@pytest.mark.parametrize("split", ["train", "dev", "Test", None, 3])
def test_predictions_of_another_split_are_refused_by_its_name(run: RunResult, split: Any) -> None:
    with pytest.raises(UserError, match=f"predictions of validation and test alone, not of {split!r}"):
        run.predictions("majority", split)


def test_a_run_opened_again_says_the_same(run: RunResult) -> None:
    again = harness.open_run("latest", run.path.parent)
    pd.testing.assert_frame_equal(again.to_pandas(), run.to_pandas())
    assert again.answer == run.answer
    assert harness.open_run(run.path).run == run.run


def test_the_checks_hold_and_the_report_is_written(run: RunResult, tmp_path: Path) -> None:
    assert run.verify()["holds"].all()
    run.report(tmp_path / "report.md")
    assert "logreg_probe" in (tmp_path / "report.md").read_text("utf-8")


def test_one_report_is_on_several_runs(run: RunResult, task: Task, tmp_path: Path) -> None:
    other = quickly(task, tmp_path)
    harness.report([run.path, other.path.name], tmp_path / "both.md", output_dir=tmp_path)
    assert "majority (2)" in (tmp_path / "both.md").read_text("utf-8").replace("\\", "")
    with pytest.raises(UserError, match=r"\.docx"):
        harness.report("nowhere", tmp_path / "report.docx")


def test_text_and_html_show_answer_and_table_in_html_whatever_the_names_hold(tmp_path: Path) -> None:
    tiny = tiny_task()
    names = ("<script>alert(1)</script>", "</style><b>", "\x1b[31mred")
    run = quickly(Task("<img src=x>", names, tiny.train, tiny.validation, tiny.test), tmp_path)
    html = run._repr_html_()
    assert "majority" in html
    assert not any(sign in html for sign in ("<script", "<img", "\x1b", "http:", "https:"))
    assert "majority" in repr(run)
    assert run.answer in " ".join(repr(run).split())
    assert "\x1b" not in repr(run)


def test_strategies_may_be_objects_and_are_named_by_what_differs_from_their_defaults(
    task: Task, tiny_model: Path, tmp_path: Path
) -> None:
    mine = [MyProbe(), MyProbe(smoothing=0.1), "majority"]
    run = quickly(task, tmp_path, model=tiny_model, strategies=mine)
    assert set(run.to_pandas()["strategy"]) == {"majority", "my_probe", "my_probe(smoothing=0.1)"}
    predicted = run.classifier("my_probe(smoothing=0.1)").predict(task.test.texts)
    assert predicted.tolist() == run.predictions("my_probe(smoothing=0.1)")["prediction"].tolist()
    folder = next(run.path.glob("models/my_probe-seed0"))
    with pytest.raises(HarnessError, match=r"plugins=\[\.\.\.\]"):
        harness.load_classifier(folder)
    assert harness.load_classifier(folder, plugins=[MyProbe()]).saved.strategy == "my_probe"


def test_a_strategy_that_fails_is_a_row_and_the_others_go_on(task: Task, tiny_model: Path, tmp_path: Path) -> None:
    run = quickly(task, tmp_path, model=tiny_model, strategies=[Refuses(), "majority"])
    assert dict(run.to_pandas()[["strategy", "status"]].to_numpy()) == {"majority": "ok", "refuses": "failed"}
    with pytest.raises(UserError, match="not today"):
        run.predictions("refuses")
    alone = quickly(task, tmp_path, model=tiny_model, strategies=Refuses())
    assert alone.to_pandas()["error"].tolist() == ["RuntimeError: not today"]
    assert "not today" in alone._repr_html_()
    assert "not today" in repr(alone)


def test_data_may_be_a_dataset_or_several_of_the_datasets_library(tmp_path: Path) -> None:
    tiny = tiny_task()
    columns = {"text": list(tiny.train.texts), "label": tiny.train.labels.tolist()}
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=tiny.label_names))
    data = datasets.Dataset.from_dict(columns, features=features)
    alone = quickly(data, tmp_path).run.task
    assert alone.label_names == list(tiny.label_names)
    assert alone.n_rows("test") == 10
    both = datasets.DatasetDict(train=data, test=data.select(range(12)))
    assert quickly(both, tmp_path, limit=8).run.task.n_rows("test") == 8


def as_dataset(**columns: Any) -> datasets.Dataset:
    features = datasets.Features(text=datasets.Value("string"), label=datasets.ClassLabel(names=["a", "A", "b"]))
    rows = {"text": [f"text {i}" for i in range(60)], "label": [i % 3 for i in range(60)], **columns}
    return datasets.Dataset.from_dict(rows, features=features)


def test_options_on_labels_and_test_rows_hold_for_a_dataset_in_memory(tmp_path: Path) -> None:
    options = {"test_size": 0.5, "split_seed": 3, "label_names": ["x", "X", "y"]}
    named = quickly(as_dataset(), tmp_path, **options)
    in_array = quickly(as_dataset(), tmp_path, **{**options, "label_names": np.array(["x", "X", "y"])})
    assert in_array.run.task == named.run.task
    assert (named.run.task.n_rows("test"), named.run.task.label_names) == (30, ["x", "X", "y"])
    other = quickly(as_dataset(), tmp_path, **{**options, "split_seed": 4})
    assert named.predictions("majority")["row"].tolist() != other.predictions("majority")["row"].tolist()
    joined = quickly(as_dataset(), tmp_path, normalise_labels=True).run.task
    assert (joined.label_names, joined.n_rows("test")) == (["a", "b"], 12)
    (tmp_path / "options.toml").write_text("test-size = 0.5\n", "utf-8")
    assert quickly(as_dataset(), tmp_path, config=tmp_path / "options.toml").run.task.n_rows("test") == 30


def test_splits_that_are_not_taken_are_told(tmp_path: Path) -> None:
    names = ("training", "Train", "test", "unsup", "test_ood")
    data = datasets.DatasetDict({name: as_dataset() for name in names})
    notes = quickly(data, tmp_path).run.notes
    assert "left out, train is 'Train': training" in notes
    assert "left out, named after no split: unsup, test_ood" in notes


def test_a_test_split_without_labels_gives_way_to_rows_of_train_where_a_share_is_named(tmp_path: Path) -> None:
    hidden = datasets.DatasetDict(train=as_dataset(), test=as_dataset(label=[-1] * 60))
    with pytest.raises(HarnessError, match=r"--test-size 0\.2"):
        quickly(hidden, tmp_path)
    assert quickly(hidden, tmp_path, test_size=0.2).run.task.n_rows("test") == 12


@pytest.mark.parametrize(
    ("data", "options", "told"),
    [
        (pd.DataFrame({"text": ["a"]}), {}, "Task.from_pandas"),
        (42, {}, "builtins.int"),
        (tiny_task(), {"strategies": []}, "at least one strategy"),
        (tiny_task(), {"strategies": [MyProbe(), MyProbe()]}, "both my_probe"),
        (tiny_task(), {"strategies": [MyProbe]}, "found the class MyProbe"),
        (tiny_task(), {"strategies": ["majorty"]}, "Did you mean 'majority'"),
        (tiny_task(), {"set": {"tfidf_logreg": {"c": 1}}}, "no parameter 'c'"),
        (tiny_task(), {"seeds": -1}, "--seeds"),
        (
            replace(tiny_task(), test=Split(("a\ud800", "b"), np.array([0, 1]))),
            {},
            "test: row 1 holds half of a surrogate",
        ),
        (tiny_task(), {"test_size": 0.5}, "Expected no test_size beside a harness.Task"),
        (tiny_task(), {"text_column": "body", "header": False}, "no header and no text_column beside"),
        (as_dataset(), {"encoding": "cp1252"}, "Expected no encoding beside a data set in memory"),
        ("no_such_folder/train.csv", {"offline": True}, "no_such_folder"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_trained(
    data: Any, options: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(HarnessError, match=told):
        quickly(data, tmp_path / "runs", **options)
    assert not (tmp_path / "runs").exists()


def test_a_run_in_a_thread_leaves_the_process_as_it_was(
    task: Task, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def state() -> tuple[Any, ...]:
        loggers = [logging.getLogger(name).level for name in (None, "transformers", "datasets", "matplotlib")]
        return dict(os.environ), Path.cwd(), list(warnings.filters), loggers, threading.active_count()

    before, made = state(), list[RunResult]()
    options = {"model": tiny_model, "strategies": "logreg_probe", "output_dir": tmp_path, "offline": True}
    thread = threading.Thread(target=lambda: made.append(harness.compare(task, **options)))
    thread.start()
    thread.join()
    assert made[0].to_pandas()["status"].tolist() == ["ok"]
    assert state() == before
    out, err = capsys.readouterr()
    assert out == ""
    assert "logreg_probe" in err
