"""The rules of fine-tuning: enough steps for any number of rows, the tutorial's recipe where it was made."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from harness.plugin_system.manager import PluginManager
from harness.runs.trial import run_trial
from harness.strategies.finetuning import FineTuning
from harness.strategies.recipe import TUTORIAL, suited
from harness.testing import Bench

OFFERS = {name: offer for name, offer in PluginManager().offers.items() if isinstance(offer.strategy, FineTuning)}
SIZES = (100, 300, 600, 1000, 1001, 2000, 5000, 9999, 10_000, 16_000, 100_000)
WIDTHS = (128, 384, 768, 1024)


def steps(n_rows: int, width: int, n_classes: int = 6) -> int:
    recipe = suited(n_rows, width, n_classes)
    return recipe.epochs * -(-n_rows // recipe.batch_size)


def test_distilbert_on_the_tutorials_rows_gets_the_tutorials_recipe() -> None:
    assert suited(16_000, 768, 6) == TUTORIAL
    assert (
        asdict(TUTORIAL).items()
        >= {
            "learning_rate": 2e-5,
            "epochs": 2,
            "batch_size": 64,
            "weight_decay": 0.01,
            "warmup": 0.0,
        }.items()
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_every_size_gets_enough_steps_and_none_more_passes_than_are_published(width: int) -> None:
    for n_rows in SIZES:
        recipe = suited(n_rows, width, 6)
        assert steps(n_rows, width) >= 200
        assert 2 <= recipe.epochs <= 30
        assert recipe.epochs * n_rows <= max(20_000, 4 * n_rows) + n_rows


@pytest.mark.parametrize("width", WIDTHS)
def test_each_of_many_classes_is_read_as_often_as_one_of_twenty(width: int) -> None:
    for n_rows in SIZES:
        recipe = suited(n_rows, width, 77)
        assert recipe.epochs <= 30
        assert recipe.epochs == 30 or recipe.epochs * n_rows >= 77 * 1000
        assert steps(n_rows, width, 20) == steps(n_rows, width, 2)


def test_narrow_encoders_take_larger_steps_within_bounds() -> None:
    rates = [suited(600, width, 6).learning_rate for width in (1024, 768, 384, 128, 32)]
    assert rates == sorted(rates)
    assert 2e-5 <= rates[1] <= 5e-5  # Devlin et al. for BERT base
    assert max(rates) <= 5e-4
    assert suited(16_000, 1024, 6).learning_rate < TUTORIAL.learning_rate


@pytest.mark.parametrize("name", OFFERS)
def test_what_is_set_wins_over_the_rule_and_the_preset(name: str) -> None:
    strategy: Any = replace(OFFERS[name].strategy, epochs=7)  # type: ignore[type-var]
    assert strategy.recipe_for(600, 384, 6) == replace(suited(600, 384, 6, strategy.rate_factor), epochs=7)
    tutorial = replace(strategy, recipe="tutorial", warmup=0.2)
    assert tutorial.recipe_for(100, 384, 6) == replace(TUTORIAL, epochs=7, warmup=0.2)


def test_the_record_holds_what_the_rule_came_to(bench: Bench) -> None:
    strategy: Any = replace(OFFERS["full_finetune"].strategy, epochs=1, recipe="tutorial")  # type: ignore[type-var]
    params = run_trial(*bench.prepare(strategy)).params
    assert params == {**asdict(strategy), **asdict(replace(TUTORIAL, epochs=1)), "pooling": "cls"}
    assert "auto" not in params.values()


@pytest.mark.parametrize("name", OFFERS)
def test_a_new_linear_layer_takes_larger_steps_than_the_encoder_whatever_is_trained_of_it(name: str) -> None:
    strategy: Any = OFFERS[name].strategy
    recipe = strategy.recipe_for(600, 384, 6, is_new_layer=True)
    whole = suited(600, 384, 6).learning_rate
    assert recipe.head_factor * recipe.learning_rate == pytest.approx(10 * whole)
    assert strategy.recipe_for(600, 384, 6).head_factor == 1
