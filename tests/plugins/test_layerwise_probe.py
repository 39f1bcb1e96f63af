"""The layerwise probe: every layer from one pass, and the one that validation prefers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from harness import Features, RunContext, RunRecord, Strategy
from harness.features.cache import FeatureCache
from harness.plugin_system.manager import PluginManager
from harness.runs.planning import Plan
from harness.runs.trial import run_trial
from harness.testing import Bench


@pytest.fixture(scope="module")
def strategies() -> dict[str, Strategy]:
    return {name: offer.strategy for name, offer in PluginManager().offers.items()}


@pytest.fixture
def strategy(strategies: dict[str, Strategy]) -> Any:
    return replace(strategies["layerwise_probe"], pooling="mean", C=1.0)  # type: ignore[type-var]


def told(strategy: Any, bench: Bench) -> RunRecord:
    record = run_trial(*bench.prepare(strategy))
    assert record.error is None, record.error.traceback
    return record


@contextmanager
def knowing_only(layer: int, bench: Bench, strategy: Strategy) -> Iterator[RunContext]:
    """Give features that are zero in all layers but one."""
    with bench.fitted(strategy) as (_, context):

        def encode(texts: Any, features: Features) -> np.ndarray:
            return context.encode(texts, features) * np.float32(features.layer == layer)

        def standardised(texts: Any, features: Features) -> tuple[Any, np.ndarray]:
            scaler = StandardScaler().fit(encode(texts, features))
            return scaler, scaler.transform(encode(texts, features))

        yield replace(context, encode=encode, standardised=standardised)


@pytest.mark.parametrize("layer", [-3, -2, -1])
def test_the_layer_that_validation_prefers_is_kept(strategy: Any, bench: Bench, layer: int) -> None:
    task = bench.task
    with knowing_only(layer, bench, strategy) as context:
        classifier = strategy.fit(task.train, task.validation, context)
    scores = [entry["validation_f1_macro"] for entry in classifier.history]
    assert [entry["layer"] for entry in classifier.history] == [-3, -2, -1]
    assert classifier.history[int(np.argmax(scores))]["layer"] == layer
    assert classifier.state == Features(layer, "mean")


def test_the_curve_over_layers_and_their_number_are_in_the_record(strategy: Any, bench: Bench) -> None:
    record = told(strategy, bench)
    assert [entry["layer"] for entry in record.history] == [-3, -2, -1]
    assert record.configurations_tried == 3
    assert record.validation is not None
    assert record.validation.f1_macro in [entry["validation_f1_macro"] for entry in record.history]


def test_each_layer_scores_what_the_linear_probe_scores_on_it(
    strategy: Any, strategies: dict[str, Any], bench: Bench
) -> None:
    history = told(strategy, bench).history
    assert len(history) > 1
    for entry in history:
        alone = told(replace(strategies["logreg_probe"], layer=int(entry["layer"]), pooling="mean", C=1.0), bench)
        assert alone.validation is not None
        assert entry["validation_f1_macro"] == pytest.approx(alone.validation.f1_macro, abs=1e-9)


def test_a_run_encodes_all_layers_in_its_one_pass(strategy: Any, bench: Bench) -> None:
    offer = replace(PluginManager().offers["layerwise_probe"], strategy=strategy)
    plan = Plan(None, bench.task, bench.encoder, [offer], [], "cpu", "float32")  # type: ignore[arg-type]
    assert plan.wanted_features == [Features(layer, "mean") for layer in (-3, -2, -1)]
    features = FeatureCache(bench.encoder)
    features.fill([bench.task.train.texts, bench.task.validation.texts, bench.task.test.texts], plan.wanted_features)
    record = run_trial(*bench.prepare(strategy, features=features))
    assert record.features == "computed"
    assert record.encode_seconds is not None


@pytest.mark.parametrize(("lowest", "layers"), [(0, [-3, -2, -1]), (1, [-2, -1]), (2, [-1]), (-2, [-2, -1])])
def test_layers_are_tried_from_the_lowest_asked_for(
    strategy: Any, bench: Bench, lowest: int, layers: list[int]
) -> None:
    history = told(replace(strategy, lowest=lowest), bench).history
    assert [entry["layer"] for entry in history] == layers


@pytest.mark.parametrize("lowest", [3, -4])
def test_a_layer_that_the_encoder_does_not_have_is_an_error(strategy: Any, bench: Bench, lowest: int) -> None:
    record = run_trial(*bench.prepare(replace(strategy, lowest=lowest)))
    assert record.error is not None
    assert "has layers 0..2" in record.error.message


def test_what_is_loaded_reads_the_layer_that_was_chosen(strategy: Any, bench: Bench, tmp_path: Path) -> None:
    with knowing_only(-2, bench, strategy) as context:
        fitted = strategy.fit(bench.task.train, bench.task.validation, context)
        fitted.save(tmp_path)
        loaded = strategy.load(tmp_path, context)
        texts = bench.task.test.texts
        assert loaded.state == fitted.state == Features(-2, "mean")
        assert np.array_equal(loaded.predict_proba(texts), fitted.predict_proba(texts))
