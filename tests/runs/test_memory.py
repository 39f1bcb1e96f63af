"""Trials that run beside others: only as many as the memory that is left holds."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from harness.encoding.encoder import Features
from harness.plugin_system.offers import Offer, Plugin
from harness.runs.memory import MemoryForecast
from harness.runs.session import Trial

GB = 1_000_000_000
SMALL: Any = SimpleNamespace(max_length=256, n_layers=6, width=384, n_parameters=22_713_216)  # sizes of MiniLM


@dataclass(frozen=True)
class Named:
    """A strategy of which only what it reads matters."""

    name: str
    uses_model: bool = False
    features: tuple[Features, ...] = ()


def trial(name: str, seed: int = 0, **tags: Any) -> Trial:
    return Trial(Offer(Named(name, **tags), Plugin("of_the_test")), seed)  # type: ignore[arg-type]


TRAINED = [trial("full", seed, uses_model=True) for seed in range(3)]
PROBE = trial("probe", uses_model=True, features=(Features(),))


def test_training_the_encoder_is_taken_to_need_its_weights_four_times_and_what_its_blocks_keep() -> None:
    forecast = MemoryForecast(SMALL, lambda: GB)
    assert 4.3 * GB < forecast.need(TRAINED[0]) < 4.9 * GB  # one step of 32 texts of 256 tokens held 4.3 GB
    assert MemoryForecast(SMALL, lambda: GB, longest=80).need(TRAINED[0]) < 1.8 * GB
    assert forecast.need(PROBE) == forecast.need(trial("floor")) == GB / 2


def test_one_that_would_not_fit_waits_while_others_run_and_starts_once_none_does() -> None:
    forecast = MemoryForecast(SMALL, lambda: 6 * GB)
    assert forecast.fitting(TRAINED, []) == TRAINED
    assert forecast.fitting([*TRAINED[1:], PROBE], TRAINED[:1]) == [PROBE]
    assert not forecast.is_short
    assert forecast.note is None
    assert forecast.fitting(TRAINED[1:], TRAINED[:1]) == []
    assert forecast.is_short
    assert forecast.note is not None
    assert "full-seed1" in forecast.note
    assert forecast.fitting(TRAINED[1:], []) == TRAINED[1:]


def test_what_an_earlier_trial_held_counts_in_place_of_the_estimate() -> None:
    forecast = MemoryForecast(SMALL, lambda: 3 * GB)
    forecast.held(TRAINED[0], GB)
    forecast.held(TRAINED[0], GB // 2)
    assert forecast.fitting(TRAINED[1:], []) == TRAINED[1:]
    assert forecast.fitting(TRAINED[2:], TRAINED[1:2]) == TRAINED[2:]


def test_what_somebody_else_took_meanwhile_is_not_there() -> None:
    left = iter([8 * GB, GB])
    forecast = MemoryForecast(SMALL, lambda: next(left))
    forecast.fitting(TRAINED, [])
    assert forecast.fitting(TRAINED[1:], TRAINED[:1]) == []
