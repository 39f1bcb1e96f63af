"""The order of trials that run beside others, and the time left of a run, by what earlier trials took."""

from dataclasses import dataclass
from typing import Any

import pytest

from harness.encoding.encoder import Features
from harness.plugin_system.offers import Offer, Plugin
from harness.runs.forecast import TimeForecast
from harness.runs.session import Trial


@dataclass(frozen=True)
class Named:
    """A strategy of which only what it reads matters."""

    name: str
    uses_model: bool = False
    features: tuple[Features, ...] = ()


def trial(name: str, seed: int = 0, rows: int | None = None, **tags: Any) -> Trial:
    return Trial(Offer(Named(name, **tags), Plugin("of_the_test")), seed, rows)  # type: ignore[arg-type]


def long(name: str, seed: int = 0) -> Trial:
    return trial(name, seed, uses_model=True)


def test_nothing_is_said_of_the_time_left_before_each_strategy_was_seen() -> None:
    forecast = TimeForecast(1000)
    waiting = [trial("a", 1), trial("b", 0)]
    assert forecast.left([], waiting, 1) is None
    forecast.took(trial("a"), 10.0)
    assert forecast.left([], waiting, 1) is None
    forecast.took(trial("b", 1), 30.0)
    assert forecast.left([], waiting, 1) == pytest.approx(40.0)


def test_what_runs_counts_with_what_is_left_of_it_and_no_run_is_over_before_its_longest_trial() -> None:
    forecast = TimeForecast(1000)
    forecast.took(trial("a"), 10.0)
    forecast.took(trial("b"), 60.0)
    assert forecast.left([(trial("a", 1), 4.0)], [trial("a", 2)], 1) == pytest.approx(16.0)
    assert forecast.left([(trial("a", 1), 40.0)], [], 1) == 0.0
    assert forecast.left([(trial("a", 1), 0.0)], [trial("b", 2)], 2) == pytest.approx(60.0)


def test_more_rows_take_more_in_proportion_fewer_never_less() -> None:
    forecast = TimeForecast(1000)
    forecast.took(trial("a", rows=100), 10.0)
    assert forecast.seconds(trial("a")) == pytest.approx(100.0)
    assert forecast.seconds(trial("a", rows=50)) == pytest.approx(10.0)
    forecast.took(trial("a"), 40.0)
    assert forecast.seconds(trial("a", 1)) == pytest.approx(40.0)


def test_the_longest_comes_first_but_one_place_is_for_what_is_cheap() -> None:
    forecast = TimeForecast(1000)
    majority, probe, short, tuned = trial("majority"), trial("probe"), long("lora"), long("full")
    forecast.took(long("lora", 1), 20.0)
    forecast.took(long("full", 1), 90.0)
    waiting = [majority, probe, short, tuned]
    assert forecast.next_of(waiting, []) == tuned
    assert forecast.next_of([majority, probe, short], [tuned]) == majority
    assert forecast.next_of([probe, short], [tuned, majority]) == short
    assert forecast.next_of([short], [tuned]) == short
    assert forecast.next_of([short, long("unknown")], [tuned]).offer.name == "unknown"
