"""A disk that is full, in whatever words a library says so: one sentence, exit code 4, and nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import main
from harness.system.process import restored_globals

from ..packages import skip_without
from ..small_disk import files_of_at_most, needs_limit_of_files
from .commands import FEWER_STEPS, Harness

pytestmark = needs_limit_of_files


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_data: Path, tiny_model: Path) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    known = ("-d", str(tiny_data), "-m", str(tiny_model), "-s", "logreg_probe,tfidf_logreg,full_finetune")
    with restored_globals():
        assert main(["run", *known, "-o", str(folder), "--offline", "-q", *FEWER_STEPS]) == 0
    return folder


@pytest.mark.parametrize(
    ("strategy", "form"),
    [("logreg_probe", "onnx"), ("tfidf_logreg", "onnx"), ("full_finetune", "transformers"), ("full_finetune", "onnx")],
)
@pytest.mark.parametrize("largest", [10, 2000, 8000])
def test_an_export_says_what_the_disk_refused_and_leaves_nothing(
    strategy: str, form: str, largest: int, harness: Harness, runs: Path, tmp_path: Path
) -> None:
    skip_without(*{"onnx": ("onnx", "onnxruntime"), "transformers": ()}[form])
    folder = tmp_path / "new" / "model"
    with files_of_at_most(largest):
        outcome = harness(
            "export", "latest", "-s", strategy, "--to", form, "-o", str(folder), "--output-dir", str(runs),
            "--offline", "-q",
        )  # fmt: skip
    assert outcome.code == 4, outcome.err
    assert f"Cannot write to {folder}: File too large. Name another folder with -o." in " ".join(outcome.err.split())
    assert list(tmp_path.glob("new*")) == []


def test_features_leave_no_empty_folder(harness: Harness, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("quiet lake\nlate crowd\n")
    folder = tmp_path / "new" / "features"
    with files_of_at_most(10):
        outcome = harness("encode", str(tmp_path / "texts.txt"), "-m", str(tiny_model), "-o", str(folder), "-q")
    assert outcome.code == 4, outcome.err
    assert not (tmp_path / "new").exists()


def test_a_run_leaves_no_empty_folder(harness: Harness, tmp_path: Path) -> None:
    with files_of_at_most(10):
        outcome = harness("run", "-d", "sample", "-s", "majority", "-q", "-o", str(tmp_path / "new" / "runs"))
    assert outcome.code == 4, outcome.err
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("buffered", [True, False])
def test_standard_output_is_named_where_it_is_full(buffered: bool, tmp_path: Path) -> None:
    unbuffered = {} if buffered else {"PYTHONUNBUFFERED": "1"}
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "harness", "cache", "list", "--cache-dir", str(tmp_path)],
            stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ | unbuffered, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert done.stderr.startswith("Error: Cannot write to standard output")
