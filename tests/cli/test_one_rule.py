"""What stands in several places is decided in one: the table, the sentence, the errors and the report agree."""

import json
import shutil
from pathlib import Path

import pytest

from .commands import Harness, Outcome

SAME_TWICE = "tfidf_logreg(C=10.0),tfidf_logreg,majority"  # 10 is the default: two rows of equal scores


@pytest.fixture
def tied(run: Harness) -> Outcome:
    """A run of two strategies with the same scores, one of them a variant."""
    return run(strategies=SAME_TWICE)


def report(harness: Harness, tied: Outcome, file: Path, *runs: str) -> str:
    assert harness("report", *(runs or ("latest",)), "--output-dir", str(tied.folder), "-o", str(file)).code == 0
    return file.read_text(encoding="utf-8")


def line_with(text: str, *parts: str) -> str:
    return next(line for line in text.splitlines() if all(part in line for part in parts))


def with_seconds(outcome: Outcome, seconds: dict[str, float]) -> None:
    """Write into a run how long each strategy took to fit, and that it took no time to predict."""
    file = next(outcome.folder.glob("*/run.json"))
    content = json.loads(file.read_text(encoding="utf-8"))
    for record in content["records"]:
        record |= {"fit_seconds": seconds[record["strategy"]], "predict_seconds": 0.0}
    file.write_text(json.dumps(content), encoding="utf-8")


def test_of_equal_strategies_the_first_by_name_is_best_everywhere(
    harness: Harness, tied: Outcome, tmp_path: Path
) -> None:
    assert "rows cannot tell tfidf_logreg (test f1_macro 1.00) from" in " ".join(tied.out.split())
    assert "strategy  tfidf_logreg, seed 0, best by validation f1_macro" in harness("errors").out
    found = report(harness, tied, tmp_path / "report.md")
    assert "best by validation" in line_with(found, "| **tfidf_logreg** ")


def test_majority_is_never_called_no_better_than_itself(harness: Harness, tied: Outcome, tmp_path: Path) -> None:
    assert "no better than the largest class" not in tied.out
    first = next(tied.folder.glob("*/run.json")).parent
    names = first.name, shutil.copytree(first, first.with_name("again")).name
    found = report(harness, tied, tmp_path / "report.md", *names)
    for number in (1, 2):
        assert "no better than the largest class" not in line_with(found, f"| majority ({number}) ")
    shown = harness("compare", *names, "--output-dir", str(tied.folder)).out
    assert "majority (1)" in shown
    assert "no better than the largest class" not in shown


@pytest.mark.parametrize(
    ("seconds", "efficient"),
    [
        ((0.002, 0.009), {"tfidf_logreg"}),  # faster than the smallest cost that is drawn
        ((0.009, 0.002), {"tfidf_logreg(C=10.0)"}),
        ((0.5, 0.5), {"tfidf_logreg", "tfidf_logreg(C=10.0)"}),
    ],
)
def test_the_terminal_and_the_report_call_the_same_strategies_efficient(
    harness: Harness, tied: Outcome, tmp_path: Path, seconds: tuple[float, float], efficient: set[str]
) -> None:
    with_seconds(tied, {"tfidf_logreg": seconds[0], "tfidf_logreg(C=10.0)": seconds[1], "majority": 0.0})
    legend = harness("show").out.split("Cost against quality on the test split")[1]
    marked = {line.split()[-1] for line in legend.splitlines() if line[2:3] == "◆" and line[0].isdigit()}
    assert marked == efficient | {"majority"}
    found = line_with(report(harness, tied, tmp_path / "report.md"), "seconds to encode", "Efficient")
    assert {name for name in ("tfidf_logreg", "tfidf_logreg(C=10.0)") if f"{name} (" in found} == efficient
