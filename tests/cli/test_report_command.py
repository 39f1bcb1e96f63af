"""harness report: one run or several as a file, by the ending of its name."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.results.run_directory import find_run

from .commands import Harness


@pytest.fixture
def runs(full: Path, tmp_path: Path) -> Path:
    """A folder of runs with one finished run of all strategies."""
    return shutil.copytree(full, tmp_path / "reports")


@pytest.fixture
def report(harness: Harness, runs: Path) -> Harness:
    """`harness report` on the test's own folder of runs."""
    return lambda *argv: harness("report", "--output-dir", str(runs), *argv)


@pytest.mark.parametrize(
    ("ending", "holds"),
    [
        (".html", "<!DOCTYPE html>"),
        (".md", " strategies on tiny"),
        (".tex", r"\begin{tabular}"),
        (".csv", "logreg_probe"),
        (".json", '"schema_version": 1'),
    ],
)
def test_the_ending_decides_the_format(report: Harness, tmp_path: Path, ending: str, holds: str) -> None:
    file = tmp_path / "new folder" / f"report{ending}"
    outcome = report("latest", "-o", str(file))
    assert outcome.code == 0
    assert outcome.out == ""
    assert outcome.err == f"Saved in {file}\n"
    assert holds in file.read_text(encoding="utf-8")
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_report_on_a_real_run_has_all_sections(report: Harness, tmp_path: Path) -> None:
    assert report("-o", str(tmp_path / "report.html")).code == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    names = re.findall(r'<section id="(\w+)"', text)
    assert names == [
        *("answer", "scores", "cost", "differences", "confusion", "classes", "learning", "features", "calibration"),
        *("errors", "data", "remarks", "reproduction"),
    ]


def test_the_run_itself_stays_as_it_is(report: Harness, harness: Harness, runs: Path, tmp_path: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in runs.rglob("*")}
    report("latest", "-o", str(tmp_path / "report.html"))
    assert {file: file.stat().st_mtime_ns for file in runs.rglob("*")} == before
    assert harness("verify", "--output-dir", str(runs)).code == 0


def test_an_ending_that_is_none_is_refused_with_a_hint(report: Harness, tmp_path: Path) -> None:
    outcome = report("latest", "-o", str(tmp_path / "report.pdf"))
    assert outcome.code == 2
    assert ".csv, .html, .json, .md, .tex" in " ".join(outcome.err.split())
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["latest"], "Missing option '-o'"),
        (["nothing", "-o", "x.html"], "There is no run 'nothing'"),
        (["latest", "-o", "x.html", "--lang", "fr"], "'fr' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(report: Harness, argv: list[str], message: str) -> None:
    outcome = report(*argv)
    assert outcome.code == 2
    assert message in " ".join(outcome.err.split())
    assert not Path("x.html").exists()


def test_texts_can_be_left_out(report: Harness, tmp_path: Path) -> None:
    report("latest", "-o", str(tmp_path / "with.md"))
    report("latest", "--no-texts", "-o", str(tmp_path / "without.md"))
    assert "Texts are left out of this report." in (tmp_path / "without.md").read_text(encoding="utf-8")
    assert "Texts are left out" not in (tmp_path / "with.md").read_text(encoding="utf-8")


def test_the_language_can_be_chosen(report: Harness, tmp_path: Path) -> None:
    assert report("latest", "--lang", "zh-TW", "-o", str(tmp_path / "report.html")).code == 0
    assert '<html lang="zh-TW">' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_several_runs_make_one_report_unless_they_cannot_be_compared(
    report: Harness, run: Harness, runs: Path, tmp_path: Path
) -> None:
    first = find_run("latest", runs).path.name
    limited = run("--limit", "12").folder
    second = find_run("latest", limited).path.name
    assert limited == runs
    file = tmp_path / "report.json"
    refused = report(first, second, "-o", str(file))
    assert refused.code == 2
    assert "cannot be compared" in " ".join(refused.err.split())
    assert not file.exists()
    assert report(first, second, "--force", "-o", str(file)).code == 0
    content = json.loads(file.read_text(encoding="utf-8"))
    assert len(content["runs"]) == 2
    assert "limit" in content["watermark"]
    assert report(first, second, "--force", "-o", str(tmp_path / "two.md")).code == 0
    assert "logreg\\_probe" not in (tmp_path / "two.md").read_text(encoding="utf-8")
    assert "logreg_probe (2)" in (tmp_path / "two.md").read_text(encoding="utf-8")
