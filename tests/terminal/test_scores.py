"""The table of scores and costs: its layouts, its order, its marks, its seeds."""

import io

import pytest

from harness import UserError
from harness.analysis.ranking import SORT_KEYS
from harness.terminal import make_console, print_run

from .factory import BOLD, EXAMPLE, a_run, block, coloured, line_with, order_of, scored, table_of


def test_a_wide_page_holds_scores_and_costs_in_one_table() -> None:
    assert table_of(EXAMPLE, 140) == block(
        """
        data set  reviews: 100 train / 100 validation / 100 test rows, 2 classes
        model     tiny-encoder, at most 512 tokens a text, truncated texts: 3 train, 1 test
        device    cpu, float32
        seed      0

                                   validation                        test                    seconds            parameters     peak
        strategy         accuracy f1_macro f1_weighted  accuracy f1_macro f1_weighted  encode   fit predict  trainable total  memory
        ───────────────  ─────────────────────────────  ─────────────────────────────  ────────────────────  ───────────────  ──────
        full ★             0.9000   0.8900      0.8800    0.8800   0.8700      0.8600       - 1,912    0.25      67.0M 67.0M  1.2 GB
        probe              0.7000   0.6900      0.6800    0.6800   0.6700      0.6600   85.30  5.10    0.25       4.6k 66.4M  1.2 GB
        lazy ≤ majority    0.6000   0.5900      0.5800    0.6000   0.5900      0.5800   85.30  5.10    0.25       4.6k 66.4M  1.2 GB
        majority           0.6000   0.5900      0.5800    0.6000   0.5900      0.5800       -  5.10    0.25          0     2  512 MB

        ★ best validation f1_macro
        ≤ majority: validation accuracy no better than the 0.6000 of always answering the largest class

        not scored
        strategy  seed  stopped in  reason
        lora      0     fit         CUDA out of memory

        Best by validation f1_macro: full, with test accuracy 0.8800 and test f1_macro 0.8700; the best on frozen features, probe, is 0.2000 behind
        in test accuracy.
        """  # noqa: E501
    )


def test_eighty_columns_hold_two_tables() -> None:
    _, scores, costs, *_ = table_of(EXAMPLE, 80).split("\n\n")
    assert f"{scores}\n\n{costs}" == block(
        """
                                   validation                        test
        strategy         accuracy f1_macro f1_weighted  accuracy f1_macro f1_weighted
        ───────────────  ─────────────────────────────  ─────────────────────────────
        full ★             0.9000   0.8900      0.8800    0.8800   0.8700      0.8600
        probe              0.7000   0.6900      0.6800    0.6800   0.6700      0.6600
        lazy ≤ majority    0.6000   0.5900      0.5800    0.6000   0.5900      0.5800
        majority           0.6000   0.5900      0.5800    0.6000   0.5900      0.5800

                               seconds            parameters     peak
        strategy         encode   fit predict  trainable total  memory
        ───────────────  ────────────────────  ───────────────  ──────
        full ★                - 1,912    0.25      67.0M 67.0M  1.2 GB
        probe             85.30  5.10    0.25       4.6k 66.4M  1.2 GB
        lazy ≤ majority   85.30  5.10    0.25       4.6k 66.4M  1.2 GB
        majority              -  5.10    0.25          0     2  512 MB
        """
    )


def test_forty_columns_hold_a_few_short_lines_a_strategy() -> None:
    assert block(
        """
        full ★
          valid. acc .9000 F1m .8900 F1w .8800
          test   acc .8800 F1m .8700 F1w .8600
          cost   fit 1,912 s, predict 0.25 s,
                 trains 67.0M of 67.0M, 1.2 GB
        probe
          valid. acc .7000 F1m .6900 F1w .6800
          test   acc .6800 F1m .6700 F1w .6600
          cost   encode 85.30 s, fit 5.10 s,
                 predict 0.25 s,
                 trains 4.6k of 66.4M, 1.2 GB
        lazy ≤ majority
        """
    ) in table_of(EXAMPLE, 40)
    assert block(
        """
        not scored
        lora  seed 0  fit
          CUDA out of memory
        """
    ) in table_of(EXAMPLE, 40)


def test_strategies_are_ordered_by_validation_though_test_says_the_opposite() -> None:
    run = a_run(scored("modest", 0.7, 0.99), scored("best", 0.9, 0.65), scored("middle", 0.8, 0.8))
    text = table_of(run, 140)
    assert order_of(text, "modest ", "best ★", "middle ") == ["best ★", "middle ", "modest "]
    assert "Best by validation f1_macro: best, with test accuracy 0.6500 and test f1_macro 0.6400." in text


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
def test_rows_can_be_sorted_otherwise_and_the_best_keeps_its_star(sort: str, order: list[str]) -> None:
    run = a_run(
        scored("slow", 0.9, 0.1, fit_seconds=9, predict_seconds=2, total_parameters=None),
        scored("quick", 0.7, 0.9, fit_seconds=1, predict_seconds=None, total_parameters=20),
        scored("mean", 0.8, 0.5, fit_seconds=5, predict_seconds=1, total_parameters=10),
    )
    text = table_of(run, 140, sort=sort)
    table = text[text.index("───") : text.index("best validation")]
    assert order_of(table, "slow", "quick", "mean") == order
    assert "slow ★" in table


def test_every_sort_key_is_known_and_none_reads_a_test_score() -> None:
    assert all("test" not in key for key in SORT_KEYS)
    with pytest.raises(UserError, match=r"Cannot sort by 'test_accuracy'\..*f1_macro"):
        table_of(EXAMPLE, 80, sort="test_accuracy")


def test_the_best_row_alone_is_bold_and_starred(monkeypatch: pytest.MonkeyPatch) -> None:
    text = coloured(EXAMPLE, monkeypatch, confusion=False, per_class=False)
    rows = [line_with(text, name) for name in ("full ★", "probe  ", "lazy ≤ majority")]
    assert [BOLD in row for row in rows] == [True, False, False]


def test_only_those_no_better_than_the_majority_are_marked_and_the_baseline_itself_is_not() -> None:
    validation = {"worse": 0.5, "equal": 0.6, "better": 0.61, "majority": 0.6}
    text = table_of(a_run(*(scored(name, score, 0.9) for name, score in validation.items())), 160)
    assert [name for name in validation if f"\n{name} ≤ majority" in text] == ["worse", "equal"]
    assert "≤" not in table_of(a_run(scored("better", 0.61, 0.9)), 160)


def test_several_seeds_get_their_rows_then_mean_and_sample_sd() -> None:
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
    table = [line.split() for line in text.splitlines() if line.startswith("full")]
    assert [" ".join(row[:4]) for row in table] == [
        "full 0 0.9000 0.8900",
        "full 1 0.8000 0.7900",
        "full 2 0.7000 0.6900",
        "full ★ mean 0.8000",
        "full sd 0.1000 0.1000",
    ]
    assert table[3][-2:] == ["11.00", "0.25"]
    assert table[4][-2:] == ["1.00", "0.00"]
    assert "full (mean of 3 seeds), with test accuracy 0.7000" in text
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
    (row,) = [line for line in text.splitlines() if line.startswith("probe")]
    assert row.split()[:4] == ["probe", "★", "deterministic", "0.9000"]
    assert "mean" not in text


def test_one_seed_is_named_in_the_heading_and_takes_no_column() -> None:
    text = table_of(a_run(scored("probe", 0.9, 0.9, seed=7), seeds=(7,)), 140)
    assert line_with(text, "seed ").split() == ["seed", "7"]
    assert line_with(text, "strategy").split()[:2] == ["strategy", "accuracy"]


CACHED = a_run(
    scored("probe", 0.7, 0.68, encode_seconds=85.3, features="cached"),
    scored("other", 0.65, 0.6, encode_seconds=170.6, features="partly cached"),
    scored("fresh", 0.62, 0.6, encode_seconds=9.0, features="computed"),
    scored("full", 0.9, 0.88),
)
LEGEND = "features read from the cache; what computing them took once"


def test_seconds_of_features_that_were_read_from_the_cache_are_marked() -> None:
    _, _, costs, *_ = table_of(CACHED, 80).split("\n\n")
    assert costs == block(
        """
                        seconds            parameters     peak
        strategy   encode  fit predict  trainable total  memory
        ────────  ────────────────────  ───────────────  ──────
        full ★         -  5.10    0.25       4.6k 66.4M  1.2 GB
        probe      85.30† 5.10    0.25       4.6k 66.4M  1.2 GB
        other     170.60† 5.10    0.25       4.6k 66.4M  1.2 GB
        fresh       9.00  5.10    0.25       4.6k 66.4M  1.2 GB
        """
    )


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_mark_is_explained_where_there_is_one(width: int) -> None:
    assert f"† {LEGEND}" in " ".join(table_of(CACHED, width).split())
    assert "†" not in table_of(EXAMPLE, width)


def test_at_forty_columns_the_mark_stands_behind_the_seconds() -> None:
    assert "  cost   encode 85.30 s†, fit 5.10 s,\n" in table_of(CACHED, 40)
    assert "  cost   encode 9.00 s, fit 5.10 s,\n" in table_of(CACHED, 40)


def test_a_stream_of_ascii_gets_the_mark_in_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_run(CACHED, make_console(stream, width=80))
    stream.flush()
    text = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert "85.30^" in text
    assert f"^ {LEGEND}" in text


def test_the_mean_over_seeds_is_marked_as_its_rows_are() -> None:
    records = [
        scored(
            "p", 0.7 + seed / 10, 0.6, seed=seed, encode_seconds=8.0, features="cached", predictions_sha256=f"{seed}"
        )
        for seed in (0, 1)
    ]
    rows = [line for line in table_of(a_run(*records, seeds=(0, 1)), 140).splitlines() if line.startswith("p ")]
    assert ["8.00†" in row for row in rows] == [True, True, True, False]
