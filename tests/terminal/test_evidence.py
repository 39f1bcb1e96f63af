"""Intervals, letters, pairs and cost on the screen, in every width and encoding."""

import io

import pytest
from rich.cells import cell_len

from harness import Run
from harness.evaluation.calibration import Calibration
from harness.evaluation.conclusion import Conclusion, Difference
from harness.evaluation.evidence import Evidence, Letters, PairEvidence, TrialEvidence, UnseenScores
from harness.evaluation.intervals import Interval
from harness.terminal import make_console, print_run

from .factory import a_run, block, line_with, scored, shown

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
    """What stands under the heading of the intervals."""
    return shown(run, width, confusion=False, per_class=False, **options).split("Test scores with 95 % intervals\n")[1]


def test_eighty_columns_hold_scores_intervals_letters_and_bars() -> None:
    assert section(three(), 80).split("\n95 %")[0] == block(
        """
                          accuracy                 f1_macro
        strategy   score        95 % rank   score        95 % rank
        ────────  ───────────────────────  ───────────────────────  ────────────────────
        full      0.8800 .8600-.9000 a     0.8700 .8500-.8900 a                      ├●┤
        probe     0.8600 .8400-.8800 ab    0.8500 .8300-.8700 a                    ├─●┤
        majority  0.6000 .5800-.6200 b     0.5900 .5700-.6100 b     ├●┤
        """
    )


def test_forty_columns_hold_the_same_below_each_other() -> None:
    text = section(three(), 40)
    assert text.startswith(
        block(
            """
            full
              acc .8800 .8600-.9000 a
              F1m .8700 .8500-.8900 a
            """
        )
    )
    assert "●" in text


def test_the_main_table_carries_the_rank_letters_of_f1_macro() -> None:
    text = shown(three(), 100, confusion=False)
    assert "0.8800 0.8700 a      0.8600" in line_with(text, "full ★")
    assert "do not differ in test f1_macro beyond chance" in text


def test_the_answer_names_the_best_what_is_tied_with_it_and_the_cheapest_with_their_cost() -> None:
    answer = " ".join(shown(three(), 200, confusion=False).split())
    assert (
        "Best by validation f1_macro: full (test f1_macro 0.8700, 1,912 s, 67.0M trained weights). Tied with it in "
        "test f1_macro: probe. The cheapest of these: probe (test f1_macro 0.8500, 90.65 s, 4.6k trained weights)."
    ) in answer


@pytest.mark.parametrize(
    ("conclusion", "told"),
    [
        (Conclusion(best="full", tied=[], cheapest="full"), "No other strategy is tied with it in test f1_macro."),
        (Conclusion(best="full", tied=["probe"], cheapest="full"), "It is the cheapest of these."),
    ],
)
def test_the_answer_says_so_where_the_best_stands_alone_or_is_the_cheapest(conclusion: Conclusion, told: str) -> None:
    text = " ".join(shown(three(found=evidence(conclusion=conclusion)), 200, confusion=False).split())
    assert told in text


def test_scores_without_the_rows_that_stand_in_train_are_shown_where_there_are_such_rows() -> None:
    title = "Test scores without rows whose text also stands in train"
    assert title not in section(three(), 80)
    text = section(three(found=evidence(unseen=96)), 80)
    assert f"{title} (4 / 100)" in text
    assert "0.8790    0.8690" in line_with(text.split(title)[1], "full")


def test_scores_of_several_seeds_are_means_and_their_intervals_hold_the_chance_of_training() -> None:
    assert "chance of the test rows and of training" not in section(three(), 100)
    seeds = [scored("full", 0.9, 0.88 + seed / 100, seed=seed, predictions_sha256=str(seed)) for seed in (0, 1)]
    text = section(a_run(*seeds, seeds=(0, 1), evidence=evidence()), 100)
    assert "chance of the test rows and of training; scores are means over seeds" in text
    assert "0.8850" in line_with(text, "full")


def test_all_pairs_are_a_matrix_of_differences_and_p_values_where_it_fits() -> None:
    text = section(three(), 80, pairs=True).split("Differences in test f1_macro, row minus column\n")[1]
    assert text.split("\n*")[0] == block(
        """
        strategy           1         2         3
        ──────────  ────────  ────────  ────────
        1 full                +0.0200   +0.2800*
                                p.400    p<.001
        2 probe     -0.0200             +0.2600*
                      p.400               p.002
        3 majority  -0.2800*  -0.2600*
                     p<.001     p.002
        """
    )


def test_all_pairs_are_a_list_where_the_matrix_does_not_fit() -> None:
    text = section(three(), 36, pairs=True)
    assert "full   probe     +0.0200    p.400" in text


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
    lines = shown(three(), 140, confusion=False, language="zh-TW").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("策略"))
    heading, rule, *rows = lines[start : start + 5]
    assert [row.split()[0] for row in rows] == list(NAMES)
    assert {cell_len(line) for line in (heading, *rows)} == {cell_len(rule)}  # the last column stands right
