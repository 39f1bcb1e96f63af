"""Fine-tuning of a part of the weights, and from a probe: what is trained, what stays, and where it begins."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness import FineTunedClassifier, RunContext, Split
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

QUICK = {"epochs": 1, "batch_size": 16, "learning_rate": 5e-3}


def offered(name: str) -> Any:
    offer = PluginManager().offers[name]
    if offer.not_installed:
        pytest.skip(offer.not_installed)
    return replace(offer.strategy, **QUICK)  # type: ignore[type-var]


@pytest.fixture
def last_layers() -> Any:
    return replace(offered("last_layers_finetune"), n_blocks=1)


@pytest.fixture
def lp_ft() -> Any:
    return offered("probe_then_finetune")


@pytest.fixture
def lora() -> Any:
    return offered("lora_finetune")


def fit(strategy: Any, bench: Bench) -> Any:
    with bench.fitted(strategy) as (classifier, _):
        return classifier


def before_training(strategy: Any, bench: Bench) -> tuple[FineTunedClassifier, RunContext]:
    """Return the model that training would begin with."""
    with bench.fitted(replace(strategy, learning_rate=1e-30)) as (_, context):
        torch.manual_seed(context.seed)
        untrained = FineTunedClassifier.pretrained(context.model, context)
        strategy.prepare(untrained, bench.task.train, context)
        return untrained, context


def changed(classifier: Any, bench: Bench) -> set[str]:
    """Return the names of the encoder's weights that are no longer those of the checkpoint."""
    pretrained: Mapping[str, torch.Tensor] = bench.encoder.model.state_dict()  # type: ignore[attr-defined]
    found = classifier.model.base_model.state_dict()
    names = {name: name.replace(".base_layer", "") for name in found}
    assert set(pretrained) <= set(names.values())
    return {
        names[name]
        for name, weight in found.items()
        if names[name] in pretrained and not torch.equal(weight, pretrained[names[name]])
    }


def test_only_the_last_blocks_and_the_head_are_trained(last_layers: Any, bench: Bench) -> None:
    classifier = fit(last_layers, bench)
    in_last_block = {
        name for name in classifier.model.base_model.state_dict() if name.startswith("transformer.layer.1.")
    }
    assert changed(classifier, bench) <= in_last_block
    assert {name for name in changed(classifier, bench) if name.endswith("weight")}
    n_trained = sum(
        weight.numel() for name, weight in classifier.model.named_parameters() if not name.startswith("distilbert.")
    ) + sum(weight.numel() for weight in classifier.model.base_model.transformer.layer[1].parameters())
    assert classifier.trainable_parameters == n_trained < classifier.own_parameters


def test_with_all_blocks_only_the_embeddings_stay(last_layers: Any, bench: Bench) -> None:
    classifier = fit(replace(last_layers, n_blocks=2), bench)
    assert not {name for name in changed(classifier, bench) if name.startswith("embeddings.")}
    assert {name.split(".")[2] for name in changed(classifier, bench)} == {"0", "1"}


def test_more_blocks_than_there_are_is_an_error(last_layers: Any, bench: Bench) -> None:
    with pytest.raises(Exception, match=r"n_blocks=3, but the encoder has 2"):
        fit(replace(last_layers, n_blocks=3), bench)


def plain_probe(untrained: FineTunedClassifier, train: Split, texts: tuple[str, ...]) -> np.ndarray:
    """Fit scikit-learn's pipeline on what the last layer reads and return its probabilities (n, seen classes)."""
    read: list[torch.Tensor] = []
    hook = untrained.model.classifier.register_forward_pre_hook(lambda module, inputs: read.append(inputs[0]))
    try:
        tables = []
        for split in (train.texts, texts):
            for text in split:
                untrained.logits([text])
            tables.append(torch.cat(read).numpy())
            read.clear()
    finally:
        hook.remove()
    return (
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        .fit(tables[0], train.labels)
        .predict_proba(tables[1])
    )


@pytest.mark.parametrize("seen", [(0, 1, 2), (0, 2)])
def test_lp_ft_begins_with_the_predictions_of_the_probe(lp_ft: Any, bench: Bench, seen: tuple[int, ...]) -> None:
    train = bench.task.train.rows(np.flatnonzero(np.isin(bench.task.train.labels, seen)))
    few = replace(bench, task=replace(bench.task, train=train, allow_unseen=True))
    untrained, _ = before_training(lp_ft, few)
    texts = bench.task.test.texts
    found = untrained.predict_proba(texts)
    assert np.abs(found[:, seen] - plain_probe(untrained, train, texts)).max() < 1e-4
    assert found.sum(axis=1) == pytest.approx(1)


def test_lp_ft_tells_the_probes_scores_and_keeps_it_where_training_makes_it_no_better(lp_ft: Any, bench: Bench) -> None:
    still = replace(lp_ft, learning_rate=1e-30)
    classifier = fit(still, bench)
    assert [entry["epoch"] for entry in classifier.history] == [0, 1]
    assert "train_loss" not in classifier.history[0]
    scores = [entry["validation_f1_weighted"] for entry in classifier.history]
    assert scores[0] == scores[1]
    untrained, _ = before_training(lp_ft, bench)
    texts = bench.task.test.texts
    assert np.array_equal(classifier.predict_proba(texts), untrained.predict_proba(texts))


def test_lp_ft_trains_every_weight_from_there(lp_ft: Any, bench: Bench) -> None:
    classifier = fit(replace(lp_ft, epochs=10, batch_size=8, learning_rate=2e-3), bench)
    scores = [entry["validation_f1_weighted"] for entry in classifier.history]
    assert max(scores[1:]) > scores[0]
    assert len(changed(classifier, bench)) > 20
    assert classifier.trainable_parameters == classifier.own_parameters


def test_lora_trains_the_adapters_and_the_head_and_nothing_else(lora: Any, bench: Bench) -> None:
    classifier = fit(lora, bench)
    assert changed(classifier, bench) == set()
    head = sum(part.numel() for name in ("pre_classifier", "classifier") for part in _head_part(bench, name))
    layers = [m for m in bench.encoder.model.modules() if isinstance(m, torch.nn.Linear)]  # type: ignore[attr-defined]
    adapters = sum(lora.r * (layer.in_features + layer.out_features) for layer in layers)
    assert classifier.trainable_parameters == head + adapters
    assert classifier.own_parameters == bench.encoder.n_parameters + head + adapters
    adapted = [weight for name, weight in classifier.model.named_parameters() if "lora_B" in name]
    assert len(adapted) == len(layers)
    assert all(weight.abs().max() > 0 for weight in adapted)  # they begin at 0


def _head_part(bench: Bench, name: str) -> Any:
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(bench.encoder.directory, num_labels=3)
    return getattr(model, name).parameters()


def test_lora_saves_its_adapters_and_not_the_encoder(lora: Any, bench: Bench, tmp_path: Path) -> None:
    with bench.fitted(lora) as (classifier, context):
        classifier.save(tmp_path)
        weights = [file.name for file in tmp_path.iterdir() if file.suffix == ".safetensors"]
        assert weights == ["adapter_model.safetensors"]
        loaded_again = lora.load(tmp_path, context)
        texts = ["tea", *bench.task.test.texts]
        assert np.array_equal(loaded_again.predict_proba(texts), classifier.predict_proba(texts))


def test_the_strategies_are_told_apart_by_what_they_train(
    last_layers: Any, lp_ft: Any, lora: Any, bench: Bench
) -> None:
    sizes: list[int] = [fit(strategy, bench).trainable_parameters for strategy in (lp_ft, last_layers, lora)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


def test_every_extra_that_a_strategy_requires_is_offered_by_the_distribution() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = [offer.strategy for offer in PluginManager().offers.values()]
    required: list[Mapping[str, str]] = [strategy.requires for strategy in ours if hasattr(strategy, "requires")]
    assert {extra for each in required for extra in each.values()} <= set(project["optional-dependencies"])
    assert {module for each in required for module in each} == {"catboost", "model2vec", "peft", "setfit"}
