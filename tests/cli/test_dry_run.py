"""`harness run --dry-run`: what a run will take is told by timed steps, and by earlier runs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import FitForecast, hookimpl

from .commands import Harness


@dataclass(frozen=True)
class Silent:
    """Does not say what it will take; answers with the labels' shares."""

    name = "silent"
    uses_model = False
    takes: float = 1000.0

    def fit(self, train: Any, validation: Any, context: Any) -> Any:
        return Shares(np.bincount(train.labels, minlength=context.n_classes) / len(train))

    def load(self, directory: Path, context: Any) -> Any:
        return Shares(np.load(directory / "shares.npy"))


@dataclass(frozen=True)
class Foretold(Silent):
    """Says what it will take."""

    name = "foretold"

    def forecast(self, train: Any, validation: Any, context: Any) -> FitForecast:
        return FitForecast(seconds=self.takes, seconds_a_text=1.0)


@dataclass(frozen=True)
class Failing(Silent):
    """Cannot say what it will take."""

    name = "failing"

    def forecast(self, train: Any, validation: Any, context: Any) -> FitForecast:
        raise OSError("no clock")


@dataclass(frozen=True)
class Shares:
    """Answers with the same probabilities for every text."""

    shares: Any

    def predict_proba(self, texts: Any) -> Any:
        return np.tile(self.shares, (len(texts), 1)).astype(np.float32)

    def save(self, directory: Path) -> None:
        np.save(directory / "shares.npy", self.shares)


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
    assert (seconds["majority"] or few) < few
    assert whole["unknown"] == []
    assert len(whole["timed"]) == 2
    assert whole["seconds"] == pytest.approx(sum(filter(None, seconds.values())))
    assert min(whole["memory_bytes"], whole["disk_bytes"]) > 0


def test_what_a_strategy_says_of_itself_counts_and_what_fails_at_it_is_unknown(run: Harness) -> None:
    plugin = Offering(Foretold(), Failing())
    seconds, whole = forecast_of(run("--dry-run", "--json", strategies="foretold,failing", plugins=[plugin]))
    assert seconds["failing"] is None
    assert (seconds["foretold"] or 0) > 1000
    assert whole["encode_seconds"] == 0


def test_what_a_strategy_does_not_say_earlier_runs_tell_and_cached_features_take_no_time(run: Harness) -> None:
    plugin = Offering(Silent())
    seconds, whole = forecast_of(run("--dry-run", "--json", strategies="silent,logreg_probe", plugins=[plugin]))
    assert seconds["silent"] is None
    assert whole["unknown"] == ["silent-seed0"]
    assert whole["encode_seconds"] > 0
    assert run(strategies="silent,logreg_probe", plugins=[plugin]).code == 0
    seconds, whole = forecast_of(run("--dry-run", "--json", strategies="silent,logreg_probe", plugins=[plugin]))
    assert all(value is not None for value in seconds.values())
    assert (whole["encode_seconds"], whole["unknown"]) == (0, [])
    other, _ = forecast_of(run("--dry-run", "--json", "--set", "silent.takes=7", strategies="silent", plugins=[plugin]))
    assert other["silent"] is None


def test_heads_are_forecast_by_fits_on_a_few_rows_of_which_nothing_is_kept(cached_run: Harness, folder: Path) -> None:
    heads = "knn_probe,layerwise_probe,linear_svm_probe,logreg_probe,mlp_probe,ridge_probe,tfidf_logreg,majority"
    seconds, whole = forecast_of(cached_run("--dry-run", "--json", strategies=f"{heads},stratified_random"))
    assert all(value is not None for value in seconds.values())
    assert (whole["unknown"], whole["timed"]) == ([], [])
    assert not list(folder.glob("**/*.npy"))


def test_configurations_take_what_all_of_them_take(run: Harness) -> None:
    seconds, _ = forecast_of(
        run("--dry-run", "--json", strategies="foretold(takes=10|30)", plugins=[Offering(Foretold())])
    )
    predicting = 24 + 24  # rows of validation and test, a second each
    assert seconds["foretold(takes=10|30)"] == 10 + 30 + predicting
