"""Intervals, letters, pairs and cost on the screen, in every width and encoding."""

import io
import re

import pytest
from rich.cells import cell_len

from harness import Run
from harness.document.numbers import DASH, MINUS
from harness.evaluation.calibration import Calibration
from harness.evaluation.conclusion import Comparison, Conclusion, Difference
from harness.evaluation.evidence import Evidence, Letters, PairEvidence
from harness.evaluation.intervals import Interval
from harness.evaluation.trial_evidence import TrialEvidence, UnseenScores
from harness.terminal import make_console, print_run

from .factory import a_run, line_with, scored, shown

NAMES = ("full", "probe", "majority")


def interval(middle: float) -> Interval:
    return Interval(low=middle - 0.02, high=middle + 0.02)


def trial(name: str, score: float, unseen: int | None = None) -> TrialEvidence:
    return TrialEvidence(
        strategy=name,
        seed=0,
        accuracy=interval(score),
        f1_macro=interval(score - 0.01),
        f1_weighted=interval(score - 0.02),
        calibration=Calibration(ece=0.0, bins=[]),
        unseen=None
        if unseen is None
        else UnseenScores(n_rows=unseen, accuracy=score - 0.001, f1_macro=score - 0.011, f1_weighted=score),
    )


def difference(value: float, p: float) -> Difference:
    return Difference(value=value, interval=interval(value), p=p / 3, p_holm=p)


def pair(first: str, second: str, value: float, p: float) -> PairEvidence:
    both = {metric: difference(value, p) for metric in ("accuracy", "f1_macro")}
    return PairEvidence(first=first, second=second, only_first_right=9, only_second_right=4, **both)


def evidence(names: tuple[str, str, str] = NAMES, unseen: int | None = 100, **fields: object) -> Evidence:
    full, probe, majority = names
    defaults = {
        "n_rows": 100,
        "trials": [trial(full, 0.88, unseen), trial(probe, 0.86, unseen), trial(majority, 0.6, unseen)],
        "pairs": [pair(full, probe, 0.02, 0.4), pair(full, majority, 0.28, 0.0004), pair(probe, majority, 0.26, 0.002)],
        "letters": {
            full: Letters(accuracy="a", f1_macro="a"),
            probe: Letters(accuracy="ab", f1_macro="a"),
            majority: Letters(accuracy="b", f1_macro="b"),
        },
        "conclusion": Conclusion(best=full, tied=[probe], cheapest=probe),
    }
    return Evidence(**(defaults | fields))  # type: ignore[arg-type]


def three(names: tuple[str, str, str] = NAMES, found: Evidence | None = None) -> Run:
    full, probe, majority = names
    records = (
        scored(full, 0.9, 0.88, fit_seconds=1912.2, trainable_parameters=66_958_086),
        scored(probe, 0.7, 0.86, encode_seconds=85.3),
        scored(majority, 0.6, 0.6, fit_seconds=0.0, predict_seconds=0.0, trainable_parameters=None),
    )
    return a_run(*records, evidence=found or evidence(names))


def section(run: Run, width: int, **options: object) -> str:
    """What stands under the heading of the scores."""
    return shown(run, width, confusion=False, per_class=False, **options).split("\nScores\n")[1]


@pytest.mark.parametrize("width", [40, 80, 140, 180])
def test_every_width_holds_scores_intervals_and_letters_and_bars(width: int) -> None:
    text = section(three(), width)
    assert "●" in text
    for fact in ("0.8800", f"0.860{DASH}0.900", "0.8700", f"0.850{DASH}0.890"):
        assert fact in text
    assert re.search(r"0.8600.*(ab)", text)  # letters of accuracy, beside it
    assert "Strategies that share a rank letter cannot be told apart" in " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80, 140, 180])
@pytest.mark.parametrize("score", [0.01, 0.5, 1.0])
def test_a_score_outside_of_its_interval_is_drawn_at_the_edge(width: int, score: float) -> None:
    best = three().records[0]
    off = best.model_copy(update={"test": best.test and best.test.model_copy(update={"f1_macro": score})})
    text = section(a_run(off, *three().records[1:], evidence=evidence()), width)
    assert "●" in text
    assert max(map(cell_len, text.splitlines())) <= width


def test_the_answer_is_the_first_line_and_what_it_rests_on_stands_below_the_table() -> None:
    compared = Comparison(
        other="probe",
        verdict="worse",
        f1_macro=difference(0.02, 0.01),
        accuracy=difference(0.02, 0.01),
        p_margin=0.9,
        detectable=0.03,
    )
    conclusion = Conclusion(best="full", tied=[], cheapest="full", margin=0.01, comparisons=[compared])
    text = shown(three(found=evidence(conclusion=conclusion)), 200, confusion=False)
    assert text.startswith("Take it (full): test f1_macro 0.87 against 0.85 for the next best (probe).\n")
    assert "The smallest difference in f1_macro that 100 rows show in four of five cases: 0.030." in text


def test_scores_without_the_rows_that_stand_in_train_are_shown_where_there_are_such_rows() -> None:
    title = "test rows not in train"
    assert title not in section(three(), 80)
    text = " ".join(section(three(found=evidence(unseen=96)), 80).split())
    assert "Test rows not in train: the 96 of 100 test rows whose text train does not hold." in text
    assert "full 0.8790 0.8690" in text


def test_spread_over_seeds_is_named() -> None:
    assert "over 2 seeds" not in section(three(), 100)
    seeds = [scored("full", 0.9, 0.88 + seed / 100, seed=seed, predictions_sha256=str(seed)) for seed in (0, 1)]
    text = section(a_run(*seeds, seeds=(0, 1), evidence=evidence()), 100)
    assert "over 2 seeds" in text
    assert "chance in training" in " ".join(text.split())


@pytest.mark.parametrize("width", [36, 80, 140])
def test_all_pairs_are_shown_on_demand_with_p_values_and_a_star_where_they_differ(width: int) -> None:
    text = section(three(), width, pairs=True).split("Difference in test f1_macro")[1]
    for fact in ("+0.020", "p .400", "+0.280", "p < .001 *", f"{MINUS}0.280", "p .002 *"):
        assert fact in text
    assert "Difference in test f1_macro" not in section(three(), width)


def test_cost_against_quality_marks_what_no_other_beats_in_both() -> None:
    text = section(three(), 80).split("Cost against quality on the test split\n")[1]
    starred = [line.split()[-1] for line in text.splitlines()[12:15] if "◆" in line]
    assert starred == ["full", "probe", "majority"]
    dearer = three().records[0].model_copy(update={"strategy": "dearer", "fit_seconds": 4000.0})
    text = section(a_run(*three().records, dearer, evidence=evidence()), 80)
    assert "◆" not in line_with(text.split("Cost against quality")[1], "dearer")


@pytest.mark.parametrize("width", [40, 64, 80, 100, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_no_line_is_longer_than_the_page(width: int, encoding: str, language: str) -> None:
    names = ("中文" * 20, "b" * 50, "\x1b[31m[/]\u202e")
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_run(three(names), make_console(stream, width=width), pairs=True, language=language)
    stream.flush()
    printed = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert max(map(cell_len, printed.splitlines())) <= width
    assert "\x1b" not in printed


def test_chinese_headings_keep_the_columns_aligned() -> None:
    lines = shown(three(), 80, confusion=False, language="zh-TW").splitlines()
    start = max(number for number, line in enumerate(lines[:40]) if line.startswith("策略"))  # the costs
    heading, rule, *rows = lines[start : start + 5]
    assert [row.split()[0] for row in rows] == list(NAMES)
    assert {cell_len(line) for line in (heading, *rows)} == {cell_len(rule)}  # the last column stands right
