"""Progress on a terminal, in a log and not at all."""

import io
import re

import pytest

from harness import RunRecord
from harness.runs.reporter import RunProgress
from harness.terminal import make_console, progress_display

from .factory import failed, scored

ESCAPES = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]|\r")


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_on_a_pipe_is_a_line_every_five_seconds_at_most() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        display.stage("encode", 1, 3)
        for second in range(13):
            clock.now = second
            for _ in range(100):
                display.progress("encode", 234 * second, 20_000)
        display.stage("full_finetune seed 0", 2, 3)
    assert stream.getvalue().splitlines() == [
        "[1/3] encode",
        "encode 1,170/20,000 texts, 234/s, 1:20 left",
        "encode 2,340/20,000 texts, 234/s, 1:15 left",
        "[2/3] full_finetune seed 0",
    ]


def test_the_rate_survives_a_change_of_epoch_and_starts_anew_with_another_count() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        display.stage("full_finetune seed 0", 1, 1)
        for second in range(11):
            clock.now = second
            display.progress(f"epoch {1 + second // 4}, step", 2 * second, 40)
        clock.now = 15
        display.progress("predict", 0, 900)
    assert stream.getvalue().splitlines()[1:] == [
        "epoch 2, step 10/40, 2.0/s, 0:15 left",
        "epoch 3, step 20/40, 2.0/s, 0:10 left",
        "predict 0/900",
    ]


def test_a_finished_trial_is_told_with_its_score_or_its_failure() -> None:
    stream = io.StringIO()
    with progress_display(make_console(stream)) as display:
        display.finished(scored("probe", 0.9, 0.1, seed=3))
        display.finished(failed("lora", "no [/] adapter\nin sight"))
        display.finished(RunRecord(strategy="late", plugin="p", status="skipped"))
    assert stream.getvalue().splitlines() == [
        "probe seed 3: validation f1_macro 0.8900, 5.3 s",
        "lora seed 0: failed in fit: no [/] adapter↵in sight",
        "late seed 0: skipped",
    ]


RUNNING = {"full_finetune-seed0": (10, 40), "setfit-seed0": (0, 0)}


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (100, ["[3/14]", "full_finetune-seed0 25 %, setfit-seed0", "12:30 left"]),
        (60, ["[3/14] full_fi", "25 %, setfit", "12:30 left"]),
        (40, ["[3/14] 2 running", "12:30 left"]),
    ],
)
def test_trials_that_run_at_the_same_time_share_one_bar(
    width: int, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream, width=width), clock=clock) as display:
        display.stage("setfit seed 0", 5, 14)
        clock.now = 1.0
        display.run_progress(RunProgress(3, 14, RUNNING, at_a_time=2, seconds_left=750))
    shown = stream.getvalue()
    assert [part for part in expected if part not in shown] == []


def test_on_a_pipe_the_run_as_a_whole_is_a_line_now_and_then_and_the_time_left_once_it_is_known() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        for second in range(13):
            clock.now = second
            left = None if second < 8 else 750 - second
            display.run_progress(RunProgress(3, 14, RUNNING, at_a_time=2, seconds_left=left))
    assert stream.getvalue().splitlines() == [
        "3 of 14 trials done; running: full_finetune-seed0 25 %, setfit-seed0",
        "3 of 14 trials done, 12:20 left; running: full_finetune-seed0 25 %, setfit-seed0",
    ]


def test_where_trials_wait_for_memory_that_is_told() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        for second in (0, 6):
            clock.now = second
            display.run_progress(RunProgress(3, 14, {"setfit-seed0": (0, 0)}, at_a_time=2, waits_for_memory=True))
    told = "3 of 14 trials done; running: setfit-seed0; others wait for memory"
    assert told in stream.getvalue().splitlines()


def test_of_one_trial_at_a_time_the_time_left_in_all_stands_behind_its_own() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        display.stage("full_finetune seed 1", 2, 3)
        display.run_progress(RunProgress(1, 3, {"full_finetune-seed1": (0, 0)}, seconds_left=100))
        for second in (0, 6):
            clock.now = second
            display.progress("step", 10 * second, 120)
    assert stream.getvalue().splitlines()[1:] == ["step 60/120, 10/s, 0:06 left, 1:40 in all"]


def test_quiet_progress_prints_nothing() -> None:
    stream = io.StringIO()
    with progress_display(make_console(stream), quiet=True) as display:
        display.stage("encode", 1, 1)
        display.progress("encode", 1, 2)
        display.finished(scored("probe", 0.9, 0.9))
    assert stream.getvalue() == ""


@pytest.mark.parametrize("width", [40, 120])
def test_a_terminal_gets_a_bar_with_stage_amount_and_rate(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream, width=width), clock=clock) as display:
        display.stage("[/]", 1, 3)
        display.progress("encode", 0, 1000)
        clock.now = 2.0
        display.progress("encode", 500, 1000)
        display.finished(scored("probe", 0.9, 0.9))
    text = stream.getvalue()
    assert "[1/3] [/]" in text
    assert "500/1,000" in text
    assert ("250 texts/s" in text) == (width == 120)
    assert "0:02 left" in text
    told = "probe 0 0.8900 5.3" if width == 120 else "probe seed 0: validation f1_macro 0.8900"
    assert told in " ".join(ESCAPES.sub("", text).split())


def test_a_terminal_shows_the_trials_that_are_over_as_a_table_with_one_heading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    with progress_display(make_console(stream, width=80)) as display:
        for seed in (0, 1):
            display.finished(scored("probe", 0.9, 0.1, seed=seed))
        display.finished(failed("lora", "no adapter"))
    rows = [
        line
        for line in ESCAPES.sub("", stream.getvalue()).splitlines()
        if "probe" in line or "strategy" in line or "lora" in line
    ]
    assert rows[0].split() == ["strategy", "seed", "validation", "f1_macro", "seconds"]
    assert [row.index("0.8900") for row in rows[1:3]] == [rows[0].index("seconds") - 8] * 2
    assert rows[3] == "lora seed 0: failed in fit: no adapter"


def an_epoch(number: int) -> dict[str, float]:
    return {"epoch": number, "train_loss": 1 / number, "validation_accuracy": 0.5, "validation_f1_macro": 0.25}


@pytest.mark.parametrize("width", [40, 100])
def test_a_terminal_shows_the_last_epochs_of_the_training_that_goes_on(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = io.StringIO()
    with progress_display(make_console(stream, width=width), clock=Clock()) as display:
        display.stage("full_finetune seed 0", 1, 2)
        for number in range(1, 8):
            display.epoch("full_finetune-seed0", an_epoch(number))
        display.epoch("full_finetune-seed0", {"entries": 3.0})
    last = stream.getvalue().rpartition("full_finetune-seed0")[2]
    rows = [" ".join(line.split()) for line in ESCAPES.sub("\n", last).splitlines() if line.strip()]
    assert rows[rows.index("epoch loss accuracy f1_macro") :] == [
        "epoch loss accuracy f1_macro",
        *(f"{number} {1 / number:.4f} 0.5000 0.2500" for number in range(3, 8)),
    ]


def test_a_training_that_is_over_leaves_no_epochs_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    with progress_display(make_console(stream, width=100), clock=Clock()) as display:
        display.epoch("probe-seed0", an_epoch(1))
        display.finished(scored("probe", 0.9, 0.9))
        begun = len(stream.getvalue())
        display.stage("other seed 0", 2, 2)
    assert "loss on train" not in stream.getvalue()[begun:]


def test_on_a_pipe_an_epoch_is_a_line_every_five_seconds_at_most() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        for number in range(1, 13):
            clock.now = number
            display.epoch("lora-seed0", an_epoch(number))
    assert stream.getvalue().splitlines() == [
        f"lora-seed0: epoch {number}, loss on train {1 / number:.4f}, validation accuracy 0.5000, f1_macro 0.2500"
        for number in (5, 10)
    ]


def test_waiting_for_what_nobody_can_foretell_is_told_at_once_and_once() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream), clock=clock) as display:
        display.stage("features", 1, 2)
        display.progress("encode", 0, 100)
        for _ in range(3):
            display.progress("waiting for another run", 0, 0)
        clock.now = 60
        display.progress("encode", 0, 100)
        clock.now = 70
        display.progress("encode", 50, 100)
        display.stage("features", 2, 2)
        display.progress("waiting for another run", 0, 0)
    assert stream.getvalue().splitlines() == [
        "[1/2] features",
        "waiting for another run",
        "encode 0/100 texts",
        "encode 50/100 texts, 5.0/s, 0:10 left",
        "[2/2] features",
        "waiting for another run",
    ]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_shows_for_what_it_waits(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    stream, clock = io.StringIO(), Clock()
    with progress_display(make_console(stream, width=width), clock=clock) as display:
        display.stage("features", 1, 3)
        display.progress("encode", 0, 1000)
        display.progress("waiting for another run", 0, 0)
    assert "waiting for" in stream.getvalue()
