"""RunResult.predict_file: `harness predict` as a method."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import harness
from harness import RunContext, RunResult, Split, Task, UserError


def test_a_file_is_predicted_as_its_texts_are(run: RunResult, task: Task, tmp_path: Path) -> None:
    frame = pd.DataFrame({"body": task.test.texts, "row": range(len(task.test))})
    frame.to_csv(tmp_path / "new.csv", index=False)
    done = run.predict_file(
        tmp_path / "new.csv", tmp_path / "out.parquet", "tfidf_logreg", text_column="body", progress=False, offline=True
    )
    assert (done.strategy, done.n_rows, done.n_without_text) == ("tfidf_logreg", len(frame), 0)
    written, classifier = pd.read_parquet(tmp_path / "out.parquet"), run.classifier("tfidf_logreg")
    assert written["prediction"].tolist() == classifier.predict(frame["body"]).tolist()
    names = [f"probability_{name}" for name in classifier.classes_]
    np.testing.assert_array_equal(written[names].to_numpy(), classifier.predict_proba(frame["body"]))


def test_by_default_the_recommended_strategy_predicts(run: RunResult, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("a lake\n\na crowd\n")
    done = run.predict_file(tmp_path / "new.txt", tmp_path / "out.csv", progress=False, offline=True)
    assert (done.strategy, done.n_rows, done.n_without_text) == (run.recommended, 3, 1)
    assert "without a prediction: 1" in done.notes[-1]
    assert pd.read_csv(tmp_path / "out.csv", skip_blank_lines=False)["prediction"].isna().tolist() == [
        False,
        True,
        False,
    ]


def test_the_file_that_is_read_is_not_written(run: RunResult, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("text\na lake\n")
    with pytest.raises(UserError, match="is the file that is read"):
        run.predict_file(tmp_path / "new.csv", tmp_path / "new.csv", progress=False)


@dataclass(frozen=True)
class Hesitant:
    """A classifier that warns of each text that it does not like."""

    n_classes: int

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if disliked := sum("?" in text for text in texts):
            warnings.warn(f"{disliked} questions were not understood", stacklevel=2)
        return np.full((len(texts), self.n_classes), 1 / self.n_classes, np.float32)

    def save(self, directory: Path) -> None:
        (directory / "classes.json").write_text(json.dumps(self.n_classes))


@dataclass(frozen=True)
class Hesitating:
    """Answer all classes alike."""

    name: ClassVar[str] = "hesitating"
    uses_model: ClassVar[bool] = False

    def fit(self, train: Split, validation: Split, context: RunContext) -> Hesitant:
        return Hesitant(len(context.label_names))

    def load(self, directory: Path, context: RunContext) -> Hesitant:
        return Hesitant(json.loads((directory / "classes.json").read_text()))


def test_what_a_classifier_warns_of_is_a_note_with_the_rows(task: Task, tmp_path: Path) -> None:
    run = harness.compare(task, strategies=[Hesitating()], output_dir=tmp_path, progress=False)
    (tmp_path / "new.txt").write_text("a lake\nwhy?\n")
    done = run.predict_file(tmp_path / "new.txt", tmp_path / "out.csv", "hesitating", progress=False, offline=True)
    told = [note for note in done.notes if "1 questions were not understood" in note]
    assert len(told) == 1
    assert "rows 1 to 2" in told[0]


def test_where_the_answer_recommends_none_no_classifier_is_taken_unnamed(task: Task, tmp_path: Path) -> None:
    strategies = "majority,stratified_random"
    run = harness.compare(task, strategies=strategies, output_dir=tmp_path, progress=False)
    assert (run.recommended, run.answer.split(":")[0]) == (None, "Take none of these")
    with pytest.raises(UserError, match="recommends none of its strategies"):
        run.classifier()
    assert set(run.classifier("majority").predict(["so be it"])) <= set(task.label_names)
