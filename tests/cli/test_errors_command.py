"""harness errors: where a strategy of a finished run fails."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness.results.row_facts import FILE
from harness.results.run_directory import find_run

from .commands import Harness

RAISES = Path(__file__).parents[1] / "wrong_plugins" / "raises_in_fit.py"


@pytest.fixture
def runs(full: Path, tmp_path: Path) -> Path:
    """A folder of runs, with one of all strategies, that a test may damage."""
    return shutil.copytree(full, tmp_path / "reports")


@pytest.fixture
def folder_of_run(runs: Path) -> Path:
    return find_run("latest", runs).path


def test_the_best_strategy_by_validation_is_the_default(harness: Harness, folder_of_run: Path) -> None:
    outcome = harness("errors")
    assert outcome.code == 0
    records = json.loads((folder_of_run / "run.json").read_text())["records"]
    best = max(records, key=lambda record: record["validation"]["f1_macro"])["strategy"]
    assert f"strategy  {best}, seed 0, best by validation f1_macro" in outcome.out
    assert harness("errors", "--strategy", best).out == outcome.out


def test_any_strategy_and_any_way_to_name_the_run_will_do(harness: Harness, folder_of_run: Path) -> None:
    shown = {harness("errors", run, "-s", "majority").out for run in ("latest", folder_of_run.name, str(folder_of_run))}
    assert len(shown) == 1
    text = shown.pop()
    assert text.splitlines()[1].rstrip() == "strategy  majority, seed 0"
    assert "Not compared, as they guess or predict the same class for every row: majority" in text
    assert "best by validation" not in text


def test_the_number_of_rows_shown_can_be_chosen(harness: Harness, runs: Path) -> None:
    del runs
    few, many = (harness("errors", "-s", "majority", "--top", n).out for n in ("1", "8"))
    worst = [text.split("Rows with the highest loss")[1].split("\n\n")[0] for text in (few, many)]
    assert [len(re.findall(r"^ *\d+ ", rows, re.MULTILINE)) for rows in worst] == [1, 8]
    assert harness("errors", "-k", "0").code == 2


def test_json_holds_rows_from_0_with_their_texts(harness: Harness, runs: Path) -> None:
    del runs
    found = json.loads(harness("errors", "-s", "majority", "--json").out)
    assert found["strategy"] == "majority"
    assert "majority" in found["joint"]["left_out"]
    assert found["n_right"] / found["n"] == pytest.approx(1 / 3)
    assert set(found["texts"]) >= {str(error["row"]) for error in found["highest_loss"]}
    first = found["highest_loss"][0]["row"]
    text = found["texts"][str(first)]
    shown = harness("errors", "-s", "majority").out.split("Rows with the highest loss")[1]
    assert re.match(rf".*?^ *{first + 1}  [^\n]*\n  {re.escape(text)}", shown, re.MULTILINE | re.DOTALL)


def test_a_strategy_that_the_run_has_not_is_refused_with_the_closest(harness: Harness, runs: Path) -> None:
    del runs
    outcome = harness("errors", "--strategy", "logreg_prob")
    assert outcome.code == 2
    assert "This run has no strategy 'logreg_prob'. Did you mean 'logreg_probe'?" in outcome.err


def test_a_strategy_that_failed_is_refused_with_its_reason(run: Harness, harness: Harness) -> None:
    assert run("--plugin", str(RAISES), strategies="majority,raises_in_fit").code == 1
    outcome = harness("errors", "-s", "raises_in_fit")
    assert outcome.code == 2
    assert "'raises_in_fit' has no scores in this run, it is failed: ValueError: " in outcome.err


def test_a_run_without_scores_is_refused(run: Harness, harness: Harness) -> None:
    assert run("--plugin", str(RAISES), strategies="raises_in_fit").code == 1
    outcome = harness("errors")
    assert outcome.code == 2
    assert "No strategy of this run was scored" in outcome.err


def test_one_of_several_seeds_can_be_chosen(run: Harness, harness: Harness) -> None:
    assert run("--seeds", "3,1", strategies="majority,mlp_probe").code == 0
    assert "strategy  mlp_probe, seed 1, best" in harness("errors").out
    assert "strategy  mlp_probe, seed 3, best" in harness("errors", "--seed", "3").out
    outcome = harness("errors", "--seed", "0")
    assert outcome.code == 2
    assert "'mlp_probe' has no scores with seed 0 in this run. There are: 1, 3." in outcome.err


def test_a_run_that_kept_no_texts_shows_rows_and_says_how_to_see_them(run: Harness, harness: Harness) -> None:
    assert run("--no-save-texts").code == 0
    outcome = harness("errors")
    assert outcome.code == 0
    assert "row " in outcome.out
    assert "run again with --save-texts" in outcome.out
    assert "friend" not in outcome.out
    assert json.loads(harness("errors", "--json").out)["texts"] == {}


def test_a_run_of_before_facts_were_kept_is_still_shown(harness: Harness, folder_of_run: Path) -> None:
    (folder_of_run / FILE).unlink()
    outcome = harness("errors")
    assert outcome.code == 0
    assert "This run kept no facts of its test rows" in outcome.out


def test_a_run_without_its_predictions_is_refused(harness: Harness, folder_of_run: Path) -> None:
    shutil.rmtree(folder_of_run / "predictions")
    outcome = harness("errors")
    assert outcome.code == 2
    assert "holds no predictions of" in outcome.err
    assert "Traceback" not in outcome.err


def test_damaged_facts_are_named(harness: Harness, folder_of_run: Path) -> None:
    (folder_of_run / FILE).write_bytes(b"PAR1")
    outcome = harness("errors")
    assert outcome.code == 2
    assert FILE in outcome.err


def test_where_there_is_no_run_it_says_so(harness: Harness) -> None:
    outcome = harness("errors")
    assert outcome.code == 2
    assert "There is no finished run" in outcome.err


def test_calibration_is_told_as_an_error_and_as_a_curve(harness: Harness, full: Path) -> None:
    folder = str(find_run("latest", full).path)
    shown = harness("errors", folder, "-s", "tfidf_logreg").out
    content = json.loads(harness("errors", folder, "-s", "tfidf_logreg", "--json").out)["calibration"]
    assert f"expected calibration error {content['ece']:.4f}" in shown
    assert sum(each["n"] for each in content["bins"]) == 24
    curve = shown.split("Reliability curve")[1]
    assert all(f"{each['confidence']:.4f}" in curve and "●" in curve for each in content["bins"])
