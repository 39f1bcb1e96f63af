"""What any honest comparison must show: nothing learnt where nothing can be, all of it where the answer is given."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from harness import Run, RunConfig, Split, Task
from harness.evaluation.intervals import wilson
from harness.plugin_system.manager import PluginManager
from harness.runs.planning import Plan
from harness.runs.runner import execute
from harness.testing import Bench, tiny_task

LEARNERS = ("tfidf_logreg", "logreg_probe", "mlp_probe", "full_finetune")
SETTINGS = {"full_finetune": {"epochs": "5", "learning_rate": "3e-3", "batch_size": "16"}}


class Silent:
    def stage(self, *args: object) -> None: ...

    def progress(self, *args: object) -> None: ...

    def run_progress(self, *args: object) -> None: ...

    def epoch(self, *args: object) -> None: ...

    def finished(self, *args: object) -> None: ...


@pytest.fixture(scope="module")
def manager() -> PluginManager:
    return PluginManager()


def compared(task: Task, bench: Bench, manager: PluginManager, strategies: Sequence[str] = LEARNERS) -> Run:
    config = RunConfig(
        strategies=tuple(strategies), set=SETTINGS, output_dir=str(bench.folder / "runs"), save_models=False
    )
    offers, _ = manager.select(config)
    return execute(Plan(config, task, bench.encoder, offers, [], "cpu", "float32"), Silent(), ["harness"])[0]


def with_labels(split: Split, labels: np.ndarray) -> Split:
    return Split(split.texts, labels)


def test_test_labels_change_no_prediction_and_so_no_digest(bench: Bench, manager: PluginManager) -> None:
    turned = replace(bench.task, test=with_labels(bench.task.test, (bench.task.test.labels + 1) % 3))
    before, after = (compared(task, bench, manager) for task in (bench.task, turned))
    assert [r.predictions_sha256 for r in before.records] == [r.predictions_sha256 for r in after.records]
    assert [r.test for r in before.records] != [r.test for r in after.records]


def test_labels_that_were_shuffled_in_train_teach_nothing(bench: Bench, manager: PluginManager) -> None:
    task = tiny_task(rows_per_class=100)
    rng = np.random.default_rng(0)
    shuffled = {
        s: with_labels(getattr(task, s), rng.permutation(getattr(task, s).labels)) for s in ("train", "validation")
    }
    run = compared(replace(task, **shuffled), bench, manager)
    for record in run.records:
        assert record.test is not None, record.error
        chance = wilson(round(record.test.accuracy * len(task.test)), len(task.test), level=0.999)
        assert chance.low <= 1 / 3 <= chance.high, record.strategy


def test_labels_that_stand_in_the_texts_are_all_learnt(bench: Bench, manager: PluginManager) -> None:
    task = tiny_task(rows_per_class=60)
    words = ("lake", "rush", "dance")

    def leaking(split: Split) -> Split:
        rows = zip(split.labels, split.texts, strict=True)
        return Split(tuple(f"{words[y]} {words[y]} {text}" for y, text in rows), split.labels)

    leaked = replace(task, **{split: leaking(getattr(task, split)) for split in ("train", "validation", "test")})
    run = compared(leaked, bench, manager)
    assert {record.strategy: record.test.accuracy for record in run.records if record.test} == dict.fromkeys(
        LEARNERS, 1.0
    )
    assert run.evidence is not None
    assert {run.evidence.letters[name].f1_macro for name in LEARNERS} == {"a"}


def test_a_comparison_says_how_many_test_texts_stand_in_train(bench: Bench, manager: PluginManager) -> None:
    task = bench.task
    seen = Split((*task.test.texts[:-1], task.train.texts[0]), task.test.labels)
    run = compared(replace(task, test=seen), bench, manager, ["tfidf_logreg"])
    assert run.evidence is not None
    unseen = run.evidence.trials[0].unseen
    in_train = sum(text in set(task.train.texts) for text in seen.texts)
    assert unseen is not None
    assert unseen.n_rows == len(seen) - in_train < len(seen)
