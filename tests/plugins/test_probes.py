"""Probes on frozen features: what they are fitted on, with how many threads, and what importing them costs."""

import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from safetensors.numpy import load_file
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from harness import Candidate, Features, SklearnProbe, Strategy, select_candidate
from harness.features.cache import FeatureCache
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

OURS = (
    *("majority", "stratified_random", "tfidf_logreg", "logreg_probe", "mlp_probe"),
    *("knn_probe", "linear_svm_probe", "ridge_probe", "layerwise_probe"),
    *("full_finetune", "last_layers_finetune", "probe_then_finetune", "lora_finetune", "setfit"),
    *("static_probe", "catboost_probe", "nli_zero_shot", "prompt", "blend"),
)
HEAVY = ("torch", "transformers", "datasets", "sklearn", "scipy", "safetensors", "peft", "sentence_transformers")


@pytest.fixture(scope="module")
def strategies() -> dict[str, Strategy]:
    return {name: offer.strategy for name, offer in PluginManager().offers.items()}


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


class Recorder(DummyClassifier):
    """Answers with the class shares, notes what `fit` was given and then spoils it."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__(strategy="prior")
        self.seen = seen

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Recorder":
        self.seen.append((X.copy(), blas_threads()))
        X[:] = np.nan
        super().fit(X, y, sample_weight)
        return self


@dataclass(frozen=True)
class RecordingProbe(SklearnProbe):
    name: ClassVar[str] = "recording_probe"
    seen: list[Any] = field(default_factory=list)

    def estimator(self, seed: int) -> Any:
        return Recorder(self.seen)


@dataclass(frozen=True)
class OneThreadedProbe(RecordingProbe):
    blas_threads: ClassVar[int | None] = 1


def given_to(probe: RecordingProbe, bench: Bench) -> list[Any]:
    with bench.fitted(probe):
        return probe.seen


def test_the_linear_probe_predicts_like_a_plain_pipeline(strategies: dict[str, Strategy], bench: Bench) -> None:
    plain = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cg", tol=1e-10))
    with bench.fitted(replace(strategies["logreg_probe"], C=1.0)) as (classifier, context):
        train, test = (context.encode(s.texts, Features()) for s in (bench.task.train, bench.task.test))
        expected = plain.fit(train.astype(np.float64), bench.task.train.labels).predict_proba(test.astype(np.float64))
        assert np.abs(classifier.predict_proba(bench.task.test.texts) - expected).max() < 1e-4


def test_a_probe_is_fitted_on_features_of_mean_0_and_deviation_1(bench: Bench) -> None:
    probe = RecordingProbe(pooling="mean")
    with bench.fitted(probe) as (_, context):
        raw = context.encode(bench.task.train.texts, Features(pooling="mean")).astype(np.float64)
    ((given, _),) = probe.seen
    assert given.dtype == np.float32
    assert np.abs(given - (raw - raw.mean(axis=0)) / raw.std(axis=0)).max() < 1e-4


def test_a_probe_that_spoils_what_it_was_given_spoils_it_for_nobody_else(bench: Bench) -> None:
    probe, features = RecordingProbe(), FeatureCache(bench.encoder)
    features.fill([bench.task.train.texts], probe.features)
    with bench.fitted(RecordingProbe()) as (_, own):
        context = replace(own, encode=features.encode, standardised=features.standardised)
    for _ in range(2):
        probe.fit(bench.task.train, bench.task.validation, context)
    (first, _), (second, _) = probe.seen
    assert np.isfinite(second).all()
    assert np.array_equal(first, second)


def test_a_probe_may_say_how_many_threads_its_products_take(bench: Bench) -> None:
    with threadpool_limits(2, user_api="blas"):
        ((_, free),) = given_to(RecordingProbe(), bench)
        ((_, limited),) = given_to(OneThreadedProbe(), bench)
        after = blas_threads()
    assert free == after
    assert limited == {1}


def test_the_mlp_saves_the_statistics_of_train_beside_its_weights(
    strategies: dict[str, Strategy], bench: Bench, tmp_path: Path
) -> None:
    with bench.fitted(replace(strategies["mlp_probe"], epochs=1)) as (classifier, context):  # type: ignore[type-var]
        classifier.save(tmp_path)
        train = context.encode(bench.task.train.texts, Features()).astype(np.float64)
    (file,) = tmp_path.iterdir()
    saved = load_file(file)
    assert set(saved) == {"mean", "scale", "hidden.weight", "hidden.bias", "output.weight", "output.bias"}
    assert saved["mean"] == pytest.approx(train.mean(axis=0), abs=1e-5)
    assert saved["scale"] == pytest.approx(train.std(axis=0), rel=1e-4, abs=1e-6)


def test_where_train_holds_fewer_rows_than_neighbours_all_of_them_vote(
    strategies: dict[str, Strategy], bench: Bench
) -> None:
    rows = bench.task.train.rows(np.array([0, 1, 2, 3]))
    few = replace(bench.task, train=rows)
    with bench.fitted(replace(strategies["knn_probe"], n_neighbors=20), few) as (classifier, _):
        assert classifier.estimator[-1].n_neighbors == 4  # type: ignore[attr-defined]
        probabilities = classifier.predict_proba(rows.texts)
    assert np.array_equal(probabilities.argmax(axis=1), rows.labels)


def test_near_neighbours_weigh_more_and_angles_count_not_lengths(strategies: dict[str, Strategy]) -> None:
    neighbours = strategies["knn_probe"].estimator(0)  # type: ignore[attr-defined]
    towards = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]])
    neighbours.set_params(n_neighbors=3).fit(towards * [[1.0], [9.0], [9.0]], [0, 1, 1])
    found = neighbours.predict_proba([[5.0, 0.1]])
    assert found[0, 0] > 0.9
    assert np.allclose(found, neighbours.predict_proba([[50.0, 1.0]]))


@pytest.mark.parametrize("name", ["linear_svm_probe", "ridge_probe"])
def test_a_head_without_probabilities_gives_the_softmax_of_its_scores(
    strategies: dict[str, Strategy], bench: Bench, name: str
) -> None:
    with bench.fitted(strategies[name]) as (classifier, context):
        scores = classifier.estimator.decision_function(  # type: ignore[attr-defined]
            context.encode(bench.task.test.texts, Features())
        )
        powers = np.exp(scores)
        expected = powers / powers.sum(axis=1, keepdims=True)
        assert np.abs(classifier.predict_proba(bench.task.test.texts) - expected).max() < 1e-6


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("logreg_probe", "C", 0.1),
        ("linear_svm_probe", "C", 0.01),
        ("ridge_probe", "alpha", 30.0),
        ("knn_probe", "n_neighbors", 3),
        ("mlp_probe", "weight_decay", 0.1),
    ],
)
def test_a_value_that_is_set_means_one_fit_and_what_was_chosen_gives_the_same_where_it_is_set(
    strategies: dict[str, Any], bench: Bench, name: str, field: str, value: float
) -> None:
    test = bench.task.test.texts
    with bench.fitted(replace(strategies[name], **{field: value})) as (alone, _):
        assert alone.configurations_tried == 1  # type: ignore[attr-defined]
        assert alone.params[field] == value  # type: ignore[attr-defined]
        assert alone.params.get("scaling", "standard") == "standard"  # type: ignore[attr-defined]
    with bench.fitted(strategies[name]) as (chosen, _):
        assert chosen.configurations_tried == len(chosen.history) > 1  # type: ignore[attr-defined]
        found = chosen.predict_proba(test)
        kept = {key: value for key, value in chosen.params.items() if key in (field, "scaling")}  # type: ignore[attr-defined]
    with bench.fitted(replace(strategies[name], **kept)) as (again, _):
        assert again.configurations_tried == 1  # type: ignore[attr-defined]
        assert np.array_equal(again.predict_proba(test), found)


def test_of_what_is_nearly_the_best_the_lowest_log_loss_is_chosen_and_of_equal_ones_the_first() -> None:
    candidates = [
        Candidate({"C": 0.01}, 0.50, 0.9),
        Candidate({"C": 0.1}, 0.60, 0.8),
        Candidate({"C": 1.0}, 0.59, 0.7),
        Candidate({"C": 10.0}, 0.59, 0.7),
        Candidate({"C": 100.0}, 0.61, 2.0),
    ]
    assert select_candidate(candidates, 100) is candidates[2]
    assert select_candidate(candidates, 1_000_000) is candidates[4]


def test_importing_the_strategies_imports_no_heavy_library() -> None:
    code = (
        "import sys; from importlib.metadata import entry_points\n"
        f"for name in {OURS}: entry_points(group='harness')[name].load().harness_strategies()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
