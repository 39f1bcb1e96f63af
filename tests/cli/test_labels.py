"""harness labels: how many more labelled rows a score takes."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness as package
from harness import Split
from harness.analysis.label_forecast import MeasuredCurve, forecast
from harness.cli import main
from harness.document.sections.labels import told_of, two_digits
from harness.evaluation.power_law import fit_power_laws
from harness.runs.out_of_fold import fold_of_rows

from ..studies import Contestant, a_run, a_task

SIZES = (50, 100, 200, 400)
SKILLS = (0.4, 1.4, 2.4, 3.1)


def a_curve(name: str, skills: tuple[float, ...], sizes: tuple[int, ...], **fields: Any) -> list[Contestant]:
    return [
        Contestant(name, skill, (0, 1, 2), fields={"train_size": size, **fields})
        for skill, size in zip(skills, sizes, strict=True)
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, with one of learning curves: one rises, one is flat, one is a floor."""
    folder = tmp_path_factory.mktemp("reports")
    contestants = a_curve("rising", SKILLS, SIZES) + a_curve("flat", (1.0,) * 4, SIZES)
    contestants += a_curve("floor", (0.0,) * 4, SIZES, groups=("floors",))
    a_run(folder / "2026-11-30T00-00-00Z-curves", contestants, task=a_task(n_rows=600), states=())
    return folder


def told(runs: Path, capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    capsys.readouterr()
    assert main(["labels", "latest", "--output-dir", str(runs), *argv]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_the_best_strategy_is_told_in_more_rows_and_with_a_band(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(runs, capsys, "--target", "0.85", "--metric", "accuracy")
    assert found.startswith("rising: ")
    assert "more rows of train take test accuracy from 0.8" in found
    assert "Train has 1,200 rows" in found
    (each,) = package.open_run("latest", runs).labels(0.85, metric="accuracy")
    assert each.verdict == "between"
    assert each.low is not None
    assert each.high is not None
    assert each.n_rows <= each.low < each.high
    low, high = two_digits(each.low - 400, up=False), two_digits(each.high - 400, up=True)
    assert found.startswith(f"rising: {low} to {high} more rows of train")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["-s", "flat", "--target", "0.9"], "flat: the curve is flat."),
        (["-s", "flat", "--target", "0.2"], "flat is there: test f1_macro"),
        (["-s", "rising", "--target", "1"], "rising: "),
    ],
)
def test_what_cannot_be_told_is_said(
    runs: Path, capsys: pytest.CaptureFixture[str], argv: list[str], said: str
) -> None:
    assert told(runs, capsys, *argv).startswith(said)


def test_every_strategy_that_reads_texts_can_be_asked_for_at_once(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(told(runs, capsys, "-s", "all", "--target", "0.9", "--rows", "1000", "--json"))["forecasts"]
    assert [each["strategy"] for each in found] == ["rising", "flat"]
    assert found[1]["verdict"] == "flat"
    (expected,) = found[0]["expected"]
    assert expected["n_rows"] == 1000
    assert 0.6 < expected["low"] < expected["high"] <= 1


def test_traditional_chinese_is_written_throughout(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(runs, capsys, "--target", "0.85", "-s", "all", "--lang", "zh-TW")
    assert "more rows" not in found
    assert "筆" in found


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--target", "85"], "Write a fraction, such as 0.85"),
        (["--metric", "f1_macr"], "Did you mean 'f1_macro'?"),
        (["-s", "risin"], "Did you mean 'rising'?"),
        (["--rows", "10"], "A forecast is of more rows than were measured"),
    ],
)
def test_what_is_misspelt_ends_it(runs: Path, capsys: pytest.CaptureFixture[str], argv: list[str], said: str) -> None:
    assert main(["labels", "latest", "--output-dir", str(runs), *argv]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_lower_is_better_where_the_metric_says_so(runs: Path) -> None:
    (each,) = package.open_run("latest", runs).labels(0.2, metric="log_loss")
    assert each.score > 0.2
    assert each.verdict in {"between", "at least", "too far", "above the ceiling"}
    assert all(more.low < each.score for more in each.expected)


def test_a_power_law_is_found_again_and_its_rows_are_those_of_its_inverse() -> None:
    sizes = [100, 200, 400, 800, 1600]
    errors = np.array([[0.1 + 2 * n**-0.4 for n in sizes]])
    laws = fit_power_laws(sizes, errors, np.full(5, 1e8))
    assert laws.errors([6400])[0, 0] == pytest.approx(0.1 + 2 * 6400**-0.4, abs=1e-3)
    assert laws.errors([float(laws.rows(0.15)[0])])[0, 0] == pytest.approx(0.15)
    assert np.isinf(laws.rows(0.05)).all()
    assert not laws.began_slowly


def test_a_curve_that_still_began_slowly_is_no_plain_power_law() -> None:
    sizes = [100, 200, 400, 800, 1600]
    errors = np.array([[2000 * (n + 1500) ** -1.0 - 0.5 for n in sizes]])
    laws = fit_power_laws(sizes, np.maximum(errors, 0), np.full(5, 1e6))
    assert laws.began_slowly
    steady, fast = laws.errors([6400])[:, 0]
    assert fast < steady


def test_what_lies_farther_than_ten_times_the_rows_is_not_told() -> None:
    sizes = (100, 200, 400, 800)
    scores = np.array([[1 - 2 * n**-0.1 for n in sizes]])
    rng = np.random.default_rng(0)
    curve = MeasuredCurve(sizes, scores, rng.normal(0, 1e-6, (200, 1, 4)), 1.0, 1)
    found = forecast("slow", "accuracy", curve, 0.5)
    assert (found.verdict, found.low, found.high) == ("too far", None, None)


def test_why_nobody_knows_how_many_rows_at_most_is_said_as_it_is() -> None:
    sizes = (100, 200, 400, 800)
    scores = np.array([[1 - 3 * n**-0.3 for n in sizes]])
    rng = np.random.default_rng(0)
    noisy = MeasuredCurve(sizes, scores, rng.normal(0, 1e-4, (200, 1, 4)), 1.0, 1)
    found = forecast("slow", "accuracy", noisy, 0.746)
    assert (found.verdict, found.high) == ("perhaps far", None)
    said = told_of(found, lambda phrase: phrase)
    assert "more than {farthest}" in said.pattern
    assert "level off" not in said.pattern


def test_a_score_above_where_the_curve_levels_off_takes_no_number_of_rows() -> None:
    sizes = (100, 200, 400, 800)
    scores = np.array([[0.7 - 20 * n**-1.0 for n in sizes]])
    rng = np.random.default_rng(0)
    curve = MeasuredCurve(sizes, scores, rng.normal(0, 1e-6, (200, 1, 4)), 1.0, 1)
    found = forecast("level", "accuracy", curve, 0.9)
    assert found.verdict == "above the ceiling"
    assert found.ceiling == pytest.approx((0.7, 0.7), abs=0.02)


def test_three_sizes_are_too_few() -> None:
    curve = MeasuredCurve((100, 200, 400), np.array([[0.5, 0.6, 0.7]]), np.zeros((200, 1, 3)), 1.0, 1)
    found = forecast("short", "accuracy", curve, 0.9)
    assert found.verdict == "few sizes"
    assert "measured: 3" in str(told_of(found, lambda phrase: phrase))


WORDS = {"good": ("fine", "great", "lovely", "bright"), "bad": ("awful", "dull", "grim", "poor")}
WRONG = (3, 18, 40)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes that words tell apart, with three wrong labels in train, one of them on a text twice."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("data")
    for split, n in (("train", 60), ("validation", 20), ("test", 20)):
        names = ["good", "bad"] * (n // 2)
        texts = [" ".join(rng.choice(WORDS[name], 7)) for name in names]
        if split == "train":
            texts[WRONG[0]] = texts[WRONG[0]].upper()
            names = [{"good": "bad", "bad": "good"}[name] if i in WRONG else name for i, name in enumerate(names)]
        rows = [{"text": text, "label": name} for text, name in zip(texts, names, strict=True)]
        (folder / f"{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def of_words(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, with one of tfidf_logreg on these data."""
    folder = tmp_path_factory.mktemp("reports")
    argv = ["run", "-d", str(data), "-s", "tfidf_logreg,majority", "-o", str(folder), "-q", "--on", "here"]
    assert main([*argv, "--no-save-models"]) == 0
    return folder


def test_wrong_labels_of_train_are_the_first_that_are_doubted(
    of_words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "doubtful.jsonl"
    found = told(of_words, capsys, "--doubtful", "3", "-q", "-o", str(file))
    assert "rows of train are missed by all that did not see them: tfidf_logreg." in found
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {row["row"] for row in rows} == set(WRONG)
    assert all(row["label"] != row["answer"] for row in rows)
    assert told(of_words, capsys, "--doubtful", "3", "-q").count("great") > 0


def test_data_that_have_changed_are_refused(
    of_words: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(data, tmp_path / "data")
    lines = (other / "train.jsonl").read_text().splitlines()
    (other / "train.jsonl").write_text("\n".join(lines[1:]))
    argv = ["labels", "latest", "--output-dir", str(of_words), "--doubtful", "3", "-q", "-d", str(other)]
    assert main(argv) == 3
    assert "does not hold the data of the run" in capsys.readouterr().err


def test_a_file_without_rows_to_write_is_refused(of_words: Path, tmp_path: Path) -> None:
    assert main(["labels", "latest", "--output-dir", str(of_words), "-o", str(tmp_path / "x.csv")]) == 2


def test_equal_texts_stand_in_one_fold_and_classes_are_spread() -> None:
    texts = (*(f"text {i // 2}" for i in range(40)), "Alone", "alone")
    labels = np.array([i // 2 % 2 for i in range(40)] + [2, 2])
    fold = fold_of_rows(Split(texts, labels), 5)
    assert (fold[:40:2] == fold[1:40:2]).all()
    assert [np.bincount(fold[:40][labels[:40] == k]).tolist() for k in (0, 1)] == [[4] * 5] * 2
    assert fold[40:].tolist() == [-1, -1]  # of this class a fold would leave nothing to learn
