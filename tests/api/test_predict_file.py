"""RunResult.predict_file: `harness predict` as a method."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness import RunResult, Task, UserError


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
