"""Encoders and strategies of a suite: which, whether one depends on the other, and which combination."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness import open_suite
from harness.analysis.encoder_study import EncoderStudy
from harness.analysis.suite_study import open_suite_study
from harness.cli import main
from harness.document.model import Report
from harness.document.sections.suite import compose_suite
from harness.evaluation.ranks import unequal_p
from harness.results.suite_record import SuiteDirectory
from harness.wording.languages import translator

from ..suites import a_suite
from .documents import paragraphs, rows, table

STRATEGIES = ("tfidf_logreg", "logreg_probe", "knn_probe")


def alike(strategy: str, encoder: str, number: int) -> float:
    """Strategies in one order with each encoder, the second encoder better for all."""
    base = {"tfidf_logreg": 0.5, "logreg_probe": 3.0, "knn_probe": 1.0}[strategy]
    return base + 1.0 * (encoder == "bee") + 0.05 * number


def crossed(strategy: str, encoder: str, number: int) -> float:
    """Each probe the best with an encoder of its own."""
    best = {"ant": "logreg_probe", "bee": "knn_probe"}[encoder]
    return 4.0 if strategy == best else 0.8 if strategy == "tfidf_logreg" else 0.5


def composed(folder: Path, skill: Callable[[str, str, int], float], data_sets: int, encoders: int = 2) -> Report:
    a_suite(folder, skill, STRATEGIES, data_sets=data_sets, encoders=("ant", "bee")[:encoders])
    return compose_suite(open_suite_study(SuiteDirectory(folder)), translator("en"), "en")


def answer(report: Report) -> str:
    return " ".join(paragraphs(report, "answer")).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return composed(tmp_path_factory.mktemp("ordered") / "suite", alike, 6)


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    folder = tmp_path_factory.mktemp("turned") / "suite"
    return folder, composed(folder, crossed, 8)


def test_an_encoder_that_is_better_on_every_data_set_is_told_from_the_other(ordered: Report) -> None:
    assert "Encoder bee scores best" in answer(ordered)
    assert "and can be told from it" in answer(ordered)
    assert [row[0] for row in rows(table(ordered, "encoders", "Encoders"))] == ["ant", "bee"]


def test_an_order_that_is_the_same_with_each_encoder_is_called_so(ordered: Report) -> None:
    assert "With each encoder the strategies rank in the same order." in answer(ordered)


def test_an_order_that_turns_with_the_encoder_is_called_so(turned: tuple[Path, Report]) -> None:
    assert "1 of 1 pairs of strategies rank in another order with another encoder, 1 of them" in answer(turned[1])
    assert "What an encoder brings depends on the strategy (p .008)." in answer(turned[1]), "8 of 8, twice 1 in 256"


def test_combinations_are_ranked_together_with_what_reads_no_encoder(ordered: Report) -> None:
    found = [(row[0], row[1]) for row in rows(table(ordered, "combinations", "Strategies with"))]
    probes = {(name, encoder) for name in STRATEGIES[1:] for encoder in ("ant", "bee")}
    assert set(found) == {("tfidf_logreg", "no encoder"), *probes}
    assert found[0] == ("logreg_probe", "bee")
    assert "Of 5 combinations of strategy and encoder, logreg_probe (bee) has the best mean rank" in answer(ordered)


def test_stars_mark_what_cannot_be_told_from_the_first_combination(turned: tuple[Path, Report]) -> None:
    found = rows(table(turned[1], "combinations", "Strategies with"))
    starred = {(row[0], row[1]) for row in found if "*" in row[2]}
    assert starred == {("logreg_probe", "ant"), ("knn_probe", "bee")}
    assert "1 of the others cannot be told from it" in answer(turned[1])


def test_a_suite_of_few_data_sets_claims_nothing_of_encoders(tmp_path: Path) -> None:
    report = composed(tmp_path / "suite", crossed, 3)
    assert "3 data sets carry no claim" in answer(report)
    assert "1 of 1 pairs of strategies rank in another order with another encoder." in answer(report)
    assert "depends on the strategy" not in answer(report)
    assert "told from it" not in answer(report)
    assert not any("*" in row[2] for row in rows(table(report, "combinations", "Strategies with")))


def test_a_suite_of_one_encoder_has_no_word_of_encoders(tmp_path: Path) -> None:
    report = composed(tmp_path / "suite", alike, 2, encoders=1)
    assert not {"encoders", "combinations"} & {section.name for section in report.sections}
    assert "ncoder" not in answer(report)


def test_every_door_has_the_combinations(
    turned: tuple[Path, Report], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = turned
    table = open_suite(folder).combinations()
    assert table["tied"].tolist() == [True, True, False, False, False]
    assert main(["show", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [sorted(pair) for pair in found["encoders"]["order_reversed"]] == [["knn_probe", "logreg_probe"]]
    assert [each["mean_rank"] for each in found["combinations"]["ranks"]] == table["mean_rank"].tolist()
    for ending in ("html", "md", "tex"):
        file = tmp_path / f"suite.{ending}"
        assert main(["report", str(folder), "-o", str(file)]) == 0
        assert "combinations of strategy and encoder" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", ["80", "40"])
def test_a_terminal_shows_the_combinations_in_its_width(
    turned: tuple[Path, Report], width: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert main(["show", str(turned[0])]) == 0
    shown = capsys.readouterr().out
    assert "Strategies with encoders" in shown
    assert all(len(line.rstrip()) <= int(width) for line in shown.splitlines())


def test_equal_gains_are_seldom_called_different() -> None:
    rng, times = np.random.default_rng(0), 200
    for k in (2, 4):
        wrong = sum(unequal_p(rng.normal(size=(8, k))) < 0.05 for _ in range(times))
        assert wrong / times < 0.09  # a rate of 5 % is above that in 200 draws once in 130


def test_of_several_encoders_the_smallest_p_is_corrected_for_their_pairs(tmp_path: Path) -> None:
    a_suite(tmp_path / "suite", lambda s, e, _: 3.0 * (s == "knn_probe") * (e == "cat"), STRATEGIES, data_sets=8,
            encoders=("ant", "bee", "cat"))  # fmt: skip
    study = EncoderStudy(open_suite_study(SuiteDirectory(tmp_path / "suite")))
    assert study.gains_differ_p == pytest.approx(3 * 2 / 2**8), "three pairs of encoders, eight wins of eight"
