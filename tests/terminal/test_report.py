"""A whole run on the page: failures, notes, the sentence, the matrices, hostile names."""

import io

import pytest
from rich.cells import cell_len

from harness import RunRecord
from harness.terminal import make_console, print_run

from .factory import RED, a_run, coloured, failed, line_with, order_of, scored, shown, table_of

HOSTILE = [
    "[/]",
    ":smile:",
    "\x1b[31mred",
    "中文标签",
    "\u202eevil\nlabel",
    "surprisingly long name of a class",
]


@pytest.mark.parametrize("width", [40, 64, 80, 100, 140, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_longer_than_the_page(width: int, encoding: str) -> None:
    scores = [
        scored(
            name,
            score,
            score,
            6,
            seed=seed,
            predictions_sha256=f"{seed % spread}",
            degradations=["smaller batch"],
        )
        for name, score, spread in (("中文" * 20, 0.9, 3), ("b" * 50, 0.1, 1))
        for seed in (0, 1, 2)
    ]
    run = a_run(*scores, failed("c" * 90, "x" * 200), names=HOSTILE, seeds=(0, 1, 2), fallback="y" * 150)
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_run(run, make_console(stream, width=width))
    stream.flush()
    lines = stream.buffer.getvalue().decode(encoding).splitlines()  # type: ignore[attr-defined]
    assert max(map(cell_len, lines)) <= width


def test_a_failed_strategy_is_a_red_row_sorted_last(monkeypatch: pytest.MonkeyPatch) -> None:
    run = a_run(
        failed("aardvark", "no such layer"),
        RunRecord(strategy="bumblebee", plugin="p", status="interrupted"),
        scored("zebra", 0.9, 0.9),
        RunRecord(strategy="cicada", plugin="p", status="skipped"),
    )
    text = coloured(run, monkeypatch, confusion=False, per_class=False)
    assert order_of(text, "zebra", "aardvark", "bumblebee", "cicada") == [
        "zebra",
        "aardvark",
        "bumblebee",
        "cicada",
    ]
    for name in ("aardvark", "bumblebee", "cicada"):
        assert RED in line_with(text, name)
    assert "fit" in line_with(text, "aardvark")
    assert "no such layer" in line_with(text, "aardvark")
    assert "interrupted" in line_with(text, "bumblebee")
    assert "skipped" in line_with(text, "cicada")
    assert RED not in line_with(text, "zebra")


def test_a_run_in_which_all_failed_says_so_and_shows_no_score() -> None:
    text = shown(a_run(failed("lora", seed=0), failed("probe", seed=0)), 80)
    assert "No strategy was scored." in text
    assert "0.0000" not in text
    assert "lora" in text
    assert "probe" in text


def test_a_record_that_claims_success_without_scores_is_not_scored() -> None:
    run = a_run(RunRecord(strategy="hollow", plugin="p", status="ok"), scored("probe", 0.9, 0.9))
    assert "the record holds no scores" in line_with(table_of(run, 100), "hollow")


def test_fallback_notes_and_degradations_are_all_told() -> None:
    record = scored("full", 0.9, 0.9, degradations=["batch 32 -> 16 after out-of-memory", "ran on cpu"])
    run = a_run(record, fallback="The bundled sample stands in.", notes=["labels from the card", "two rows dropped"])
    text = shown(run, 80)
    assert text.splitlines()[1] == "│ The bundled sample stands in. │"
    for line in (
        "note      labels from the card",
        "note      two rows dropped",
        "full, seed 0: batch 32 -> 16 after out-of-memory",
        "full, seed 0: ran on cpu",
    ):
        assert line in text.splitlines()


def test_a_run_without_model_says_none() -> None:
    assert "model     none" in table_of(a_run(scored("tfidf", 0.9, 0.9), model=None), 80).splitlines()


def test_matrices_stand_side_by_side_best_first_and_name_their_seed() -> None:
    probe = scored("probe", 0.7, 0.7, predictions_sha256="same")
    records = [probe, probe.model_copy(update={"seed": 1})]
    records += [
        scored("full", score, 0.8, seed=seed, predictions_sha256=f"{seed}") for seed, score in ((0, 0.9), (1, 0.8))
    ]
    text = shown(a_run(*records, seeds=(0, 1)), 80, per_class=False)
    titles = text[text.index("Confusion on the test split") :].splitlines()[1]
    assert titles.split() == ["full,", "seed", "0", "probe"]


def test_the_report_by_class_is_of_the_best_strategy() -> None:
    text = shown(a_run(scored("probe", 0.7, 0.9), scored("full", 0.9, 0.8)), 80, confusion=False)
    table = text[text.index("Test scores of each class, full") :]
    assert line_with(table, "yes").split() == ["yes", "0.5000", "0.2500", "0.3333", "11"]


def test_hostile_names_reach_every_place_unharmed() -> None:
    name = "[/]\x1b[31m:smile:"
    record = scored(name, 0.9, 0.9, degradations=[name])
    run = a_run(record, failed(name + "2", name), names=["[/]", "\x1b[31mred"], fallback=name, notes=[name])
    text = shown(run, 140)
    assert "\x1b" not in text
    assert text.count(r"[/]\x1b[31m:smile:") >= 7
    assert r"\x1b[31mred" in text
