"""LaTeX of wide tables: they go below one another, and no line leaves the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.cli import main

from ..suites import a_suite

pytestmark = pytest.mark.slow  # it starts processes
PDFLATEX = shutil.which("pdflatex")
ENCODERS = ("distilbert-base-uncased", "all-MiniLM-L6-v2")
MORE = ("balanced_accuracy", "mcc", "cohen_kappa", "roc_auc_ovr", "average_precision_macro", "log_loss", "brier", "ece")


@pytest.fixture
def wide_suite(tmp_path: Path) -> Path:
    """LaTeX of five data sets with two encoders of long names."""
    strategies = ("majority", "tfidf_logreg", "logreg_probe", "last_layers_finetune")
    (folder := tmp_path / "suite").mkdir()
    a_suite(folder, lambda name, encoder, number: len(name) / 8, strategies, encoders=ENCODERS)
    assert main(["report", str(folder), "-o", str(tmp_path / "suite.tex")]) == 0
    return tmp_path / "suite.tex"


def tables(text: str) -> list[str]:
    return re.findall(r"\\begin{tabular}.*?\\end{tabular}", text, re.DOTALL)


def test_data_sets_that_do_not_fit_beside_one_another_go_below_with_the_strategies_again(wide_suite: Path) -> None:
    scores = [table for table in tables(wide_suite.read_text("utf-8")) if "{set" in table]
    assert len(scores) > 1
    named = [number for table in scores for number in re.findall(r"{set(\d)}", table)]
    assert named == ["0", "1", "2", "3", "4"]
    assert all(r"last\_layers\_finetune & " in table for table in scores)


def test_no_line_of_a_suite_leaves_the_page(wide_suite: Path) -> None:
    assert_fits(wide_suite)


def test_metrics_that_do_not_fit_beside_one_another_go_below(tmp_path: Path) -> None:
    asked = ["-s", "majority,stratified_random", "--metrics", ",".join(MORE), "-o", str(tmp_path / "runs")]
    assert main(["run", "-d", "sample", "-n", "60", "-q", "--offline", *asked]) == 0
    (run,) = (tmp_path / "runs").glob("2*")
    assert main(["report", str(run), "-o", str(tmp_path / "report.tex")]) == 0
    found = tables((tmp_path / "report.tex").read_text("utf-8"))
    assert len(found) > 1
    assert [sum(name.replace("_", r"\_") in table for table in found) for name in MORE] == [1] * len(MORE)
    assert ["trained weights" in table for table in found] == [False] * (len(found) - 1) + [True]
    assert_fits(tmp_path / "report.tex")


def assert_fits(file: Path) -> None:
    if not PDFLATEX:
        pytest.skip("needs pdflatex: apt-get install texlive-latex-recommended")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", file.name]
    done = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
