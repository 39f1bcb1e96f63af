"""The strategies that train in epochs keep their best one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from harness import Split, Strategy, evaluate
from harness.plugin_system.manager import PluginManager
from harness.results.records import RunRecord
from harness.runs.trial import run_trial
from harness.testing import Bench


@pytest.fixture(scope="module")
def strategies() -> dict[str, Strategy]:
    return {name: offer.strategy for name, offer in PluginManager().offers.items()}


def fit(strategy: Any, bench: Bench, **parameters: object) -> Any:
    with bench.fitted(replace(strategy, **parameters)) as (classifier, _):
        return classifier


def validation_loss(classifier: Any, bench: Bench) -> float:
    probabilities = torch.from_numpy(classifier.predict_proba(bench.task.validation.texts))
    return float(torch.nn.functional.nll_loss(probabilities.log(), torch.tensor(bench.task.validation.labels)))


def test_the_mlp_keeps_the_epoch_with_the_lowest_validation_loss(strategies: dict[str, Strategy], bench: Bench) -> None:
    classifier = fit(strategies["mlp_probe"], bench, weight_decay=0.01, learning_rate=0.05, epochs=30, patience=30)
    losses = [epoch["validation_loss"] for epoch in classifier.history]
    assert len(losses) == 30
    assert min(losses) < losses[-1]
    assert validation_loss(classifier, bench) == pytest.approx(min(losses), rel=1e-4)


def test_the_mlp_stops_when_the_validation_loss_stops_falling(strategies: dict[str, Strategy], bench: Bench) -> None:
    classifier = fit(strategies["mlp_probe"], bench, weight_decay=0.01, learning_rate=0.05, epochs=100, patience=2)
    losses = [epoch["validation_loss"] for epoch in classifier.history]
    assert len(losses) < 100
    assert len(losses) - 1 - int(np.argmin(losses)) == 2


def test_fine_tuning_keeps_the_epoch_with_the_best_f1_weighted(strategies: dict[str, Strategy], bench: Bench) -> None:
    others = Split(bench.task.validation.texts, (bench.task.validation.labels + 1) % 3)  # what is learnt is wrong here
    misled = replace(bench, task=replace(bench.task, validation=others))
    classifier = fit(strategies["full_finetune"], misled, learning_rate=2e-3, epochs=6, batch_size=8, patience=6)
    scores = [epoch["validation_f1_weighted"] for epoch in classifier.history]
    assert len(scores) == 6
    assert scores[-1] < max(scores)
    kept = evaluate(others.labels, classifier.predict_proba(others.texts))
    assert kept.f1_weighted == pytest.approx(max(scores))
    assert 0 < classifier.optimism < max(scores), "labels that nothing can learn: the best state is luck alone"
    assert fit(strategies["full_finetune"], misled, epochs=1).optimism is None, "there was nothing to choose among"


def test_fine_tuning_that_learns_nothing_says_so_and_its_record_is_marked(
    strategies: dict[str, Strategy], bench: Bench
) -> None:
    def record(**parameters: Any) -> RunRecord:
        return run_trial(*bench.prepare(replace(strategies["full_finetune"], **parameters)))

    still = record(learning_rate=1e-9, epochs=2)
    (said,) = still.degradations
    assert "1.10 at the end (answering each class's share: 1.10)" in said  # ln 3
    assert still.undertrained
    learnt = record(learning_rate=2e-3, epochs=10, batch_size=8)
    assert learnt.degradations == []
    assert not learnt.undertrained


def test_fine_tuning_that_is_no_better_than_the_largest_class_is_marked_although_its_loss_fell(
    strategies: dict[str, Strategy], bench: Bench
) -> None:
    train = bench.task.train
    shuffled = Split(train.texts, np.random.default_rng(1).permutation(train.labels))
    largest = np.bincount(shuffled.labels).argmax()
    validation = Split(train.texts[:9], np.where(np.arange(9) < 8, largest, (largest + 1) % 3))
    task = replace(bench.task, train=shuffled, validation=validation)
    strategy = replace(strategies["full_finetune"], learning_rate=2e-3, epochs=30, batch_size=8, patience=10)  # type: ignore[type-var]
    record = run_trial(*bench.prepare(strategy, task))
    assert record.history[-1]["train_loss"] < 0.9 * record.history[0]["train_loss"]
    assert record.undertrained


def test_training_stops_when_validation_no_longer_rises_but_not_before_it_has_learnt_anything(
    strategies: dict[str, Strategy], bench: Bench
) -> None:
    quick = fit(strategies["full_finetune"], bench, learning_rate=2e-3, epochs=10, batch_size=4, patience=1)
    scores = [entry["validation_f1_weighted"] for entry in quick.history]
    assert len(scores) < 10
    assert scores[-1] <= max(scores[:-1])
    slow = fit(strategies["full_finetune"], bench, learning_rate=1e-9, epochs=10, batch_size=24, patience=1)
    assert [entry["epoch"] for entry in slow.history] == list(range(1, 11))


def test_more_than_ten_epochs_are_evaluated_ten_times_at_most(strategies: dict[str, Strategy], bench: Bench) -> None:
    classifier = fit(strategies["full_finetune"], bench, learning_rate=1e-9, epochs=25, batch_size=48)
    assert [entry["epoch"] for entry in classifier.history] == [3, 6, 9, 12, 15, 18, 21, 24, 25]
    assert [entry["step"] for entry in classifier.history] == [entry["epoch"] for entry in classifier.history]


def test_fine_tuning_learns_from_few_rows(strategies: dict[str, Strategy], bench: Bench) -> None:
    classifier = fit(strategies["full_finetune"], bench, learning_rate=2e-3, epochs=20, batch_size=8)
    scores = evaluate(bench.task.test.labels, classifier.predict_proba(bench.task.test.texts))
    assert scores.accuracy > 0.8


@pytest.mark.parametrize(("min_steps", "epochs"), [(0, 4), (24, 4), (25, 5), (60, 10)])
def test_min_steps_makes_more_epochs_of_a_small_train_split(
    strategies: dict[str, Strategy], bench: Bench, min_steps: int, epochs: int
) -> None:
    steps: list[tuple[int, int]] = []

    def note(what: str, done: int, total: int) -> None:
        steps.append((done, total))

    strategy = replace(strategies["full_finetune"], epochs=4, batch_size=8, min_steps=min_steps, patience=10)  # type: ignore[type-var]
    with bench.in_context(*bench.prepare(strategy)) as context:
        train, validation = bench.task.train, bench.task.validation
        classifier = strategy.fit(train, validation, replace(context, progress=note))
    n_steps = epochs * -(-len(train) // 8)
    assert steps == [(step, n_steps) for step in range(1, n_steps + 1)]
    assert [epoch["epoch"] for epoch in classifier.history] == list(range(1, epochs + 1))  # type: ignore[attr-defined]


def test_fine_tuning_that_diverges_says_what_to_do(strategies: dict[str, Strategy], bench: Bench) -> None:
    with pytest.raises(Exception, match=r"loss became NaN or infinite. Lower learning_rate"):
        fit(strategies["full_finetune"], bench, learning_rate=1e30, epochs=2, batch_size=8)
