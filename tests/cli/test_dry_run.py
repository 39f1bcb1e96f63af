"""`harness run --dry-run`: what a run will take is told by timed steps, and by earlier runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import FitForecast, hookimpl

from .commands import Harness


@dataclass(frozen=True)
class Foretold:
    """Says what it will take, and is never fitted here."""

    name = "foretold"
    uses_model = False
    takes: float = 1000.0

    def forecast(self, train: Any, validation: Any, context: Any) -> FitForecast:
        return FitForecast(seconds=self.takes, seconds_a_text=1.0)

    def fit(self, train: Any, validation: Any, context: Any) -> Any:
        raise NotImplementedError

    def load(self, directory: Path, context: Any) -> Any:
        raise NotImplementedError


@dataclass(frozen=True)
class Failing(Foretold):
    """Cannot say what it will take."""

    name = "failing"

    def forecast(self, train: Any, validation: Any, context: Any) -> FitForecast:
        raise OSError("no clock")


class Offering:
    def __init__(self, *strategies: Any) -> None:
        self._strategies = strategies

    @hookimpl
    def harness_strategies(self) -> list[Any]:
        return [*self._strategies]


def forecast_of(outcome: Any) -> tuple[dict[str, float | None], dict[str, Any]]:
    """Return strategy -> seconds, and what is forecast of the whole run."""
    told = json.loads(outcome.out)
    return {trial["strategy"]: trial["seconds"] for trial in told["trials"]}, told["forecast"]


def test_a_training_is_forecast_by_timed_steps_in_proportion_to_its_epochs(run: Harness) -> None:
    strategies = "full_finetune(epochs=2),full_finetune(epochs=20000),majority"
    seconds, whole = forecast_of(run("--dry-run", "--json", strategies=strategies))
    few, many = seconds["full_finetune(epochs=2)"], seconds["full_finetune(epochs=20000)"]
    assert few
    assert many
    assert few < many  # ten thousand times as many steps: no slow moment of a machine makes up for that
    assert seconds["majority"] is None
    assert whole["unknown"] == ["majority-seed0"]
    assert len(whole["timed"]) == 2
    assert whole["seconds"] == pytest.approx(few + many)
    assert min(whole["memory_bytes"], whole["disk_bytes"]) > 0


def test_what_a_strategy_says_of_itself_counts_and_what_fails_at_it_is_unknown(run: Harness) -> None:
    plugin = Offering(Foretold(), Failing())
    seconds, whole = forecast_of(run("--dry-run", "--json", strategies="foretold,failing", plugins=[plugin]))
    assert seconds["failing"] is None
    assert (seconds["foretold"] or 0) > 1000
    assert whole["encode_seconds"] == 0


def test_encoding_is_forecast_where_features_are_missing_and_earlier_runs_tell_what_fits_take(run: Harness) -> None:
    seconds, whole = forecast_of(run("--dry-run", "--json"))
    assert seconds == {"majority": None, "logreg_probe": None}
    assert whole["encode_seconds"] > 0
    assert run().code == 0
    seconds, whole = forecast_of(run("--dry-run", "--json"))
    assert all(value is not None for value in seconds.values())
    assert (whole["encode_seconds"], whole["unknown"]) == (0, [])
    other, _ = forecast_of(run("--dry-run", "--json", "--set", "logreg_probe.C=7"))
    assert other["logreg_probe"] is None


def test_configurations_take_what_all_of_them_take(run: Harness) -> None:
    seconds, _ = forecast_of(
        run("--dry-run", "--json", strategies="foretold(takes=10|30)", plugins=[Offering(Foretold())])
    )
    predicting = 24 + 24  # rows of validation and test, a second each
    assert seconds["foretold(takes=10|30)"] == 10 + 30 + predicting
