"""The table of scores and costs: its layouts, its order, its marks, its seeds."""

import io
import re

import pytest

from harness import UserError
from harness.analysis.ranking import SORT_KEYS
from harness.document import numbers
from harness.terminal import make_console, print_run

from .factory import BOLD, EXAMPLE, a_run, coloured, line_with, order_of, scored, table_of


@pytest.mark.parametrize("width", [40, 80, 140, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_every_width_holds_scores_costs_marks_and_failures(width: int, encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_run(EXAMPLE, make_console(stream, width=width), confusion=False, per_class=False)
    stream.flush()
    text = " ".join(stream.buffer.getvalue().decode(encoding).split())  # type: ignore[attr-defined]
    for facts in (
        ("0.8900", "0.8800", "0.8700", "0.8600"),  # of full: validation f1_macro, then test
        ("1,912", "85.3", "0.25", "67.0M", "4.6k", "66.4M", "512 MB"),
        ("best by validation", "no better than the larg"),
        ("lora (seed 0): failed in fit: CUDA out of memory",),
    ):
        assert [fact for fact in facts if fact not in text] == []


def test_a_wide_page_holds_scores_and_costs_in_one_table() -> None:
    text = table_of(EXAMPLE, 140)
    assert text.count("─┬─") == text.count("strategy  ") - 1 == 0
    assert line_with(text.split("\nScores\n")[1], "full ").split()[-4:] == ["67.0M", "67.0M", "1.2", "GB"]


def test_eighty_columns_part_the_table_between_groups_and_repeat_the_names() -> None:
    text = table_of(EXAMPLE, 80)
    scores, costs = (part for part in text.split("\n\n") if "\nmajority " in part)
    assert "f1_weighted" in scores
    assert "memory" in costs
    names = ["full", "probe", "majority", "lazy"]
    for part in (scores, costs):
        assert order_of(part, *(f"\n{name} " for name in names)) == [f"\n{name} " for name in names]


def test_strategies_are_ordered_by_validation_though_test_says_the_opposite() -> None:
    run = a_run(scored("modest", 0.7, 0.99), scored("best", 0.9, 0.65), scored("middle", 0.8, 0.8))
    text = table_of(run, 140)
    assert order_of(text, "\nmodest ", "\nbest ", "\nmiddle ") == ["\nbest ", "\nmiddle ", "\nmodest "]
    assert text.startswith("Best by validation f1_macro: best (test f1_macro 0.64).")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("f1_macro", ["slow", "mean", "quick"]),
        ("accuracy", ["slow", "mean", "quick"]),
        ("f1_weighted", ["slow", "mean", "quick"]),
        ("fit_seconds", ["quick", "mean", "slow"]),
        ("predict_seconds", ["mean", "slow", "quick"]),
        ("total_parameters", ["mean", "quick", "slow"]),
        ("name", ["mean", "quick", "slow"]),
    ],
)
def test_rows_can_be_sorted_otherwise_and_the_best_keeps_its_mark(sort: str, order: list[str]) -> None:
    run = a_run(
        scored("slow", 0.9, 0.1, fit_seconds=9, predict_seconds=2, total_parameters=None),
        scored("quick", 0.7, 0.9, fit_seconds=1, predict_seconds=None, total_parameters=20),
        scored("mean", 0.8, 0.5, fit_seconds=5, predict_seconds=1, total_parameters=10),
    )
    text = table_of(run, 140, sort=sort)
    table = text[text.index("───") : text.index("95 % intervals")]
    assert order_of(table, "slow", "quick", "mean") == order
    lines = table.splitlines()
    marked = next(i for i, line in enumerate(lines) if "best by validation" in line)
    assert "slow" in lines[marked] + lines[marked - 1]


def test_every_sort_key_is_known_and_none_reads_a_test_score() -> None:
    assert all("test" not in key for key in SORT_KEYS)
    with pytest.raises(UserError, match=r"Cannot sort by 'test_accuracy'\..*f1_macro"):
        table_of(EXAMPLE, 80, sort="test_accuracy")


def test_the_best_row_alone_is_bold(monkeypatch: pytest.MonkeyPatch) -> None:
    text = coloured(EXAMPLE, monkeypatch, confusion=False, per_class=False)
    rows = [line_with(text, f"{name} ") for name in ("full", "probe", "lazy")]
    assert [BOLD in row for row in rows] == [True, False, False]


def test_only_those_no_better_than_the_majority_are_marked_and_the_baseline_itself_is_not() -> None:
    validation = {"worse": 0.4, "equal": 0.5, "better": 0.51, "majority": 0.5}
    text = table_of(a_run(*(scored(name, score, 0.9) for name, score in validation.items())), 40)
    marked = [name for name in validation if re.search(rf"^{name} \(.*no better", text, re.MULTILINE)]
    assert marked == ["worse", "equal"]
    assert "no better" not in table_of(a_run(scored("better", 0.61, 0.9)), 160)


def test_several_seeds_get_their_mean_and_sample_sd_then_their_rows() -> None:
    records = [
        scored(
            "full",
            0.9 - 0.1 * seed,
            0.8 - 0.1 * seed,
            seed=seed,
            fit_seconds=10 + seed,
            predictions_sha256=f"{seed}",
        )
        for seed in (0, 1, 2)
    ]
    text = table_of(a_run(*records, seeds=(0, 1, 2)), 140)
    assert {"0.7900", "0.7000", "0.6900", "0.6800", "11.0"} <= {
        *line_with(text.split("\nScores\n")[1], "full (").split()
    }
    assert line_with(text, "sd over 3 seeds").split()[-4:] == ["0.1000"] * 4
    every_seed = text[text.index("Scores of every seed") :].split("\n\n")[0]
    rows = [line.split()[:3] for line in every_seed.splitlines() if line.startswith("full ")]
    assert rows == [["full", "0", "0.8900"], ["full", "1", "0.7900"], ["full", "2", "0.6900"]]
    assert line_with(text, "seeds ").split(maxsplit=1) == ["seeds", "0, 1, 2"]


def test_strategies_with_seeds_are_ordered_by_their_mean() -> None:
    steady = [scored("steady", 0.8, 0.8, seed=seed, predictions_sha256=f"{seed}") for seed in (0, 1)]
    lucky = [
        scored("lucky", score, 0.8, seed=seed, predictions_sha256=f"{seed}") for seed, score in ((0, 0.95), (1, 0.5))
    ]
    text = table_of(a_run(*lucky, *steady, seeds=(0, 1)), 140)
    assert order_of(text, "lucky ", "steady ") == ["steady ", "lucky "]


def test_equal_predictions_of_all_seeds_are_one_row_called_deterministic() -> None:
    records = [scored("probe", 0.9, 0.9, seed=seed, predictions_sha256="same") for seed in (0, 1, 2)]
    text = table_of(a_run(*records, seeds=(0, 1, 2)), 140)
    assert "deterministic" in text
    assert "over 3 seeds" not in text
    assert (
        len(
            [
                line
                for line in text.split("Scores of every seed")[1].split("\n\n")[0].splitlines()
                if line.startswith("probe")
            ]
        )
        == 1
    )


def test_one_seed_is_named_in_the_heading_and_takes_no_column() -> None:
    text = table_of(a_run(scored("probe", 0.9, 0.9, seed=7), seeds=(7,)), 140)
    assert line_with(text, "seed ").split() == ["seed", "7"]
    assert line_with(text, "strategy").split()[:2] == ["strategy", "f1_macro"]


@pytest.mark.parametrize("width", [40, 80, 140])
def test_it_is_said_where_seconds_are_of_features_that_were_read_from_the_cache(width: int) -> None:
    cached = a_run(scored("probe", 0.7, 0.68, encode_seconds=85.3, features="cached"), scored("full", 0.9, 0.88))
    told = "also where they were cached"
    assert told in " ".join(table_of(cached, width).split())
    assert told not in " ".join(table_of(EXAMPLE, width).split())


def test_a_text_costs_its_share_of_encoding_and_of_predicting() -> None:
    run = a_run(scored("probe", 0.7, 0.68, encode_seconds=85.3, predict_seconds=0.4), scored("full", 0.9, 0.88))
    probe, n_rows = run.records[0], {split: run.task.n_rows(split) for split in run.task.class_counts}
    expected = 1000 * (85.3 / sum(n_rows.values()) + 0.4 / n_rows["test"])
    assert run.milliseconds_per_text(probe) == pytest.approx(expected)
    assert numbers.milliseconds(expected) in table_of(run, 140)
