"""`class_weight=balanced`: each class counts the same in the loss, as in scikit-learn."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight

from harness import Task, class_weights, open_run, sklearn_class_weight
from harness.cli import main
from harness.plugin_system.manager import PluginManager
from harness.strategies.class_weights import ClassWeight
from harness.strategies.forward import add_gradient
from harness.strategies.linear_path import LinearPath, Loss
from harness.strategies.training import prior_loss

PROBES = ("logreg_probe", "linear_svm_probe", "ridge_probe")
WEIGHTED = (*PROBES, "layerwise_probe", "mlp_probe", "tfidf_logreg", "last_layers_finetune")


def unequal(k: int = 3) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Draw features of classes that overlap, the first of them six times as large as the last."""
    rng = np.random.default_rng(k)
    y = np.repeat(np.arange(k), [120, *([60] * (k - 2)), 20])
    return rng.normal(size=(len(y), 4)) + np.eye(k, 4)[y], y


def test_weights_are_those_of_scikit_learn_and_average_1_over_the_rows() -> None:
    labels = np.array([0, 0, 0, 0, 2, 2, 3])
    weights = class_weights(labels, 5, "balanced")
    assert weights is not None
    assert weights[[0, 2, 3]].tolist() == compute_class_weight("balanced", classes=np.unique(labels), y=labels).tolist()
    assert weights[labels].mean() == pytest.approx(1)
    assert weights[1] == weights[4] == 1
    assert class_weights(labels, 5, "none") is None


@pytest.mark.parametrize("choice", ["none", "balanced"])
def test_an_estimator_of_scikit_learn_weighs_classes_as_the_loss_does(choice: ClassWeight) -> None:
    x, y = unequal()
    weights = class_weights(y, 3, choice)
    told = LogisticRegression(class_weight=sklearn_class_weight(choice)).fit(x, y)
    weighed = LogisticRegression().fit(x, y, sample_weight=None if weights is None else weights[y])
    assert told.coef_ == pytest.approx(weighed.coef_, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3])
def test_a_weighted_path_ends_where_scikit_learn_does(k: int) -> None:
    x, y = unequal(k)
    head = LinearPath(x, y, "log", exact=True, weights=class_weights(y, k, "balanced")).fit(0.5, 1e-8, 1000)
    plain = LogisticRegression(C=0.5, class_weight="balanced", solver="newton-cg", tol=1e-10).fit(x, y)
    assert np.abs(head.probabilities(x) - plain.predict_proba(x)).max() < 1e-4


@pytest.mark.parametrize("loss", ["log", "squared_hinge"])
def test_a_row_of_weight_3_is_three_rows(loss: Loss) -> None:
    x, y = unequal(2)
    times = np.where(y == 1, 3, 1)
    weighted = LinearPath(x, y, loss, exact=True, weights=np.array([1.0, 3.0])).fit(0.5, 1e-9, 2000)
    repeated = LinearPath(np.repeat(x, times, axis=0), np.repeat(y, times), loss, exact=True).fit(0.5, 1e-9, 2000)
    assert np.abs(weighted.coef - repeated.coef).max() < 1e-4


@pytest.mark.parametrize("name", PROBES)
def test_what_a_search_tries_is_what_is_fitted(name: str) -> None:
    x, y = unequal()
    probe: Any = replace(PluginManager().offers[name].strategy, class_weight="balanced")  # type: ignore[type-var]
    strength = 100.0 if name == "ridge_probe" else 0.1
    ((_, answer),) = probe.path(x.astype(np.float32), y, [strength])
    tried, kept = answer(x.astype(np.float32)).argmax(axis=1), probe.fitted(x, y, strength, 0).predict(x)
    plain = replace(probe, class_weight="none").fitted(x, y, strength, 0).predict(x)
    assert (tried == kept).mean() > 0.98
    assert (kept == 2).sum() > (plain == 2).sum()  # the rare class is answered more often


def test_the_gradient_of_fine_tuning_counts_classes_alike() -> None:
    labels, logits = np.array([0, 0, 0, 1]), torch.zeros((4, 2), requires_grad=True)
    ids = [np.array([i]) for i in range(4)]
    weights = class_weights(labels, 2, "balanced")
    loss = add_gradient(lambda some: logits[[int(i[0]) for i in some]], ids, labels, np.arange(4), 3, weights)
    assert float(loss) / 4 == pytest.approx(prior_loss(labels, "balanced"))
    assert logits.grad is not None
    assert logits.grad.sum(dim=0).tolist() == pytest.approx([0, 0], abs=1e-6)  # neither class is preferred


@pytest.mark.slow
def test_it_is_a_setting_of_strategies_and_the_audit_suggests_it(
    task: Task, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("train", "validation", "test"):
        rows = getattr(task, split)
        rare = np.flatnonzero(rows.labels == 2)[3:].tolist() if split == "train" else []
        with (tmp_path / f"{split}.jsonl").open("w") as file:
            for i, (text, label) in enumerate(zip(rows.texts, rows.labels.tolist(), strict=True)):
                if i not in rare:
                    file.write(json.dumps({"text": text, "label": task.label_names[label]}) + "\n")
    usual = ["-d", str(tmp_path), "-m", str(tiny_model), "-s", ",".join(WEIGHTED), "--offline", "-q", "--on", "here"]
    usual += ["--no-save-models", "--set", "last_layers_finetune.epochs=2"]
    balanced = [word for name in WEIGHTED for word in ("--set", f"{name}.class_weight=balanced")]
    digests = {}
    for folder, more in (("none", []), ("balanced", balanced)):
        assert main(["run", *usual, *more, "-o", str(tmp_path / folder)]) == 0
        records = open_run("latest", tmp_path / folder).run.records
        assert {record.params["class_weight"] for record in records} == {folder}
        digests[folder] = {record.strategy: record.predictions_sha256 for record in records}
    assert all(digests["none"][name] != digests["balanced"][name] for name in WEIGHTED)
    told = "has 5 times the rows of the smallest: --set STRATEGY.class_weight=balanced lets each class count the same"
    assert told in " ".join(capsys.readouterr().out.split())
