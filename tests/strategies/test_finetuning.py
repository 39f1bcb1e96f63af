"""Fine-tuning of encoders of several families: what every strategy on the base `FineTuning` does alike."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import FineTuning
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

from ..encoders import loaded, write_family

FAMILIES = ("bert", "deberta-v2", "modernbert", "roberta")  # the kit runs on DistilBERT
OFFERS = {name: offer for name, offer in PluginManager().offers.items() if isinstance(offer.strategy, FineTuning)}


def quick(name: str) -> Any:
    if OFFERS[name].not_installed:
        pytest.skip(OFFERS[name].not_installed or "")
    return replace(OFFERS[name].strategy, epochs=1, batch_size=24, learning_rate=5e-3)  # type: ignore[type-var]


def on(family: str, bench: Bench, folder: Path) -> Bench:
    return replace(bench, encoder=loaded(write_family(folder / family, family)))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", OFFERS)
def test_encoders_of_other_families_are_trained_saved_and_loaded(
    name: str, family: str, bench: Bench, tmp_path: Path
) -> None:
    strategy = quick(name)
    folder = tmp_path / "saved"
    folder.mkdir()
    with on(family, bench, tmp_path).fitted(strategy) as (classifier, context):
        classifier.save(folder)
        texts = bench.task.test.texts
        again = strategy.load(folder, context).predict_proba(texts)
        assert np.abs(again - classifier.predict_proba(texts)).max() < 1e-6
        assert np.ptp(again, axis=0).max() > 0
        assert classifier.trainable_parameters is not None
        assert 0 < classifier.trainable_parameters <= classifier.own_parameters


def test_blocks_that_share_their_weights_cannot_be_trained_apart(bench: Bench, tmp_path: Path) -> None:
    with (
        pytest.raises(Exception, match=r"\(albert\) does not hold its 2 blocks one by one"),
        on("albert", bench, tmp_path).fitted(quick("last_layers_finetune")),
    ):
        pass


def test_that_blocks_share_their_weights_is_known_before_anything_is_trained(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "albert", "albert")
    assert "(albert) does not hold its 2 blocks one by one" in quick("last_layers_finetune").refusal(str(folder), 2, [])


def test_every_fine_tuning_strategy_stands_on_the_one_base() -> None:
    assert set(OFFERS) == {"full_finetune", "last_layers_finetune", "probe_then_finetune", "lora_finetune"}


def test_of_states_with_the_same_score_the_one_with_the_lowest_loss_is_kept(bench: Bench) -> None:
    easy = bench.task.train.rows(np.arange(6))  # the texts that are trained on, which soon are all right
    strategy = replace(quick("full_finetune"), epochs=10, batch_size=2, learning_rate=1e-2)
    with bench.fitted(strategy) as (_, context):
        classifier = strategy.fit(easy, easy, context)
    history = classifier.history
    best = max(entry["validation_f1_weighted"] for entry in history)
    losses = [entry["validation_loss"] for entry in history if entry["validation_f1_weighted"] == best]
    found = classifier.predict_proba(easy.texts)[np.arange(6), easy.labels]
    assert len(losses) > 1
    assert -np.log(found).mean() == pytest.approx(min(losses), rel=1e-4)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_a_text_that_comes_alone_is_one_pass_of_the_encoder(family: str, bench: Bench, tmp_path: Path) -> None:
    passes: list[int] = []
    with on(family, bench, tmp_path).fitted(quick("full_finetune")) as (classifier, _):
        classifier.predict_proba(["the first looks at how the model is built"])
        classifier.model.base_model.register_forward_hook(lambda *given: passes.append(1))
        classifier.predict_proba(["one text"])
    assert len(passes) == 1
