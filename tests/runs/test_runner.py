"""Trials and runs without a command line: what pickles, what is asked for once, what a strategy may use."""

import os
import pickle
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier

from harness import (
    Encoder,
    Features,
    RunConfig,
    RunContext,
    RunRecord,
    SklearnProbe,
    SklearnStrategy,
    Split,
    Task,
    UserError,
)
from harness.encoding.encoder import Progress
from harness.executors.executor import Here
from harness.executors.local import Local
from harness.plugin_system.manager import PluginManager
from harness.runs.planning import Plan
from harness.runs.reporter import RunProgress
from harness.runs.runner import execute
from harness.runs.trial import run_trial
from harness.testing import Bench

from ..letters import LetterEncoder


@dataclass
class Noted:
    """A reporter that writes down what it is told."""

    stages: list[tuple[str, int, int]] = field(default_factory=list)
    records: list[RunRecord] = field(default_factory=list)
    told: list[RunProgress] = field(default_factory=list)
    epochs: list[tuple[str, dict[str, float]]] = field(default_factory=list)

    def stage(self, name: str, number: int, total: int) -> None:
        self.stages.append((name, number, total))

    def progress(self, what: str, done: int, total: int) -> None:
        assert 0 <= done <= total

    def run_progress(self, progress: RunProgress) -> None:
        self.told.append(progress)

    def epoch(self, trial: str, entry: Mapping[str, float]) -> None:
        self.epochs.append((trial, dict(entry)))

    def finished(self, record: RunRecord) -> None:
        self.records.append(record)


class Counting:
    """An encoder that counts its passes and can refuse a layer."""

    def __init__(self, encoder: Encoder, refused: int | None = None) -> None:
        self.encoder, self.refused = encoder, refused
        self.passes: list[tuple[int, list[Features]]] = []
        self.n_layers = encoder.n_layers
        self.name, self.revision, self.directory = encoder.name, encoder.revision, encoder.directory
        self.width, self.max_length, self.n_parameters = encoder.width, encoder.max_length, encoder.n_parameters

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> Mapping[Features, NDArray[np.float32]]:
        self.passes.append((len(texts), list(wanted)))
        if any(features.layer == self.refused for features in wanted):
            raise UserError("not that layer")
        return self.encoder.encode(texts, wanted, progress)

    def count_truncated(self, texts: Sequence[str]) -> int:
        return self.encoder.count_truncated(texts)


@pytest.fixture(scope="module")
def manager() -> PluginManager:
    return PluginManager()


def plan_of(manager: PluginManager, task: Task, encoder: Encoder, folder: Path, **config: Any) -> Plan:
    asked = RunConfig(output_dir=str(folder), save_models=False, **config)
    offers, broken = manager.select(asked)
    return Plan(asked, task, encoder, offers, broken, "cpu", "float32")


def test_a_trial_in_another_process_would_predict_the_same(manager: PluginManager, bench: Bench) -> None:
    mlp = replace(manager.offers["mlp_probe"].strategy, epochs=2)  # type: ignore[type-var]
    for strategy in (manager.offers["logreg_probe"].strategy, mlp):
        prepared = bench.prepare(strategy)
        here, there = run_trial(*prepared), run_trial(*pickle.loads(pickle.dumps(prepared)))
        assert here.status == "ok"
        assert here.predictions_sha256 == there.predictions_sha256
        assert pickle.loads(pickle.dumps(here)) == here


def test_every_strategy_and_seed_has_one_stage_and_the_encoder_one_before_who_reads_it(
    manager: PluginManager, task: Task, encoder: Encoder, tmp_path: Path
) -> None:
    noted = Noted()
    plan = plan_of(manager, task, encoder, tmp_path, strategies="majority,logreg_probe", seeds="0,1")
    run, path, interrupt = execute(plan, noted, ["harness", "run"])
    names = ["majority seed 0", "majority seed 1", "features", "logreg_probe seed 0", "logreg_probe seed 1"]
    assert noted.stages == [(name, number, 5) for number, name in enumerate(names, start=1)]
    assert noted.records == [record.model_copy(update={"fingerprint": None}) for record in run.records]
    assert interrupt is None
    assert (path / "run.json").is_file()


@pytest.mark.parametrize("executor", [Here, pytest.param(Local, marks=pytest.mark.slow)])
def test_whoever_watches_a_training_is_told_each_epoch(
    executor: type[Here | Local], manager: PluginManager, task: Task, encoder: Encoder, tmp_path: Path
) -> None:
    noted, settings = Noted(), {"full_finetune": {"epochs": 2, "batch_size": 16}}
    plan = plan_of(manager, task, encoder, tmp_path, strategies="full_finetune", set=settings)
    (record,) = execute(replace(plan, executor=executor()), noted, [])[0].records
    assert noted.epochs == [(record.trial, entry) for entry in record.history]
    assert [entry["epoch"] for _, entry in noted.epochs] == [1, 2]


def test_all_probes_share_one_pass_over_every_text(
    manager: PluginManager, task: Task, encoder: Encoder, tmp_path: Path
) -> None:
    counting = Counting(encoder)
    settings = {"mlp_probe": {"pooling": "mean", "epochs": 2}}
    plan = plan_of(manager, task, counting, tmp_path, strategies="logreg_probe,mlp_probe", seeds="0,1", set=settings)
    run, _, _ = execute(plan, Noted(), [])
    unique = {text for split in (task.train, task.validation, task.test) for text in split.texts}
    shared = [each for each in counting.passes if each[0] > 1]  # single texts are timed
    assert sum(texts for texts, _ in shared) == len(unique)
    assert all(wanted == [Features(-1, "cls"), Features(-1, "mean")] for _, wanted in shared)
    assert {record.status for record in run.records} == {"ok"}


def test_where_one_state_cannot_be_computed_the_others_keep_their_numbers(
    manager: PluginManager, task: Task, encoder: Encoder, tmp_path: Path
) -> None:
    def digest(encoder: Encoder, **config: Any) -> str | None:
        run, _, _ = execute(plan_of(manager, task, encoder, tmp_path, **config), Noted(), [])
        (record,) = (record for record in run.records if record.strategy == "logreg_probe")
        assert bool(run.notes) == (len(run.records) > 1)
        return record.predictions_sha256

    counting = Counting(encoder, refused=1)
    alone = digest(encoder, strategies="logreg_probe")
    beside = digest(counting, strategies="mlp_probe,logreg_probe", set={"mlp_probe": {"layer": 1, "epochs": 2}})
    assert alone == beside
    assert alone is not None
    everything = counting.passes[0][0]
    assert (everything, [Features(-1, "cls")]) in counting.passes, "expected one pass over all texts, as without it"


def test_an_interrupt_while_encoding_ends_the_run_at_once_and_costs_one_shard(
    manager: PluginManager, task: Task, tmp_path: Path
) -> None:
    def press_control_c(number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt

    asked = {"strategies": "logreg_probe", "cache_dir": str(tmp_path / "cache")}
    plan = plan_of(manager, task, LetterEncoder(before=press_control_c), tmp_path, **asked)
    run, _, interrupt = execute(plan, Noted(), [])
    assert interrupt is not None
    assert run.status == "interrupted"
    assert run.model is not None
    assert run.model.truncated_texts == {"train": 0}, "counting the others would keep the user waiting"
    plan = plan_of(manager, task, encoder := LetterEncoder(), tmp_path, **asked)
    again, _, _ = execute(plan, Noted(), [])
    missing = list(dict.fromkeys(task.validation.texts + task.test.texts))
    assert encoder.texts_encoded[: len(missing)] == missing  # the others are timed one by one
    assert [record.features for record in again.records] == ["partly cached"]


def test_a_strategy_that_clears_the_cache_harms_nobody(manager: PluginManager, task: Task, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Clears(SklearnProbe):
        name: ClassVar[str] = "clears"

        def estimator(self, seed: int) -> Any:
            shutil.rmtree(tmp_path / "cache")
            os.chdir("/")
            return DummyClassifier()

    plan = plan_of(
        manager, task, LetterEncoder(), tmp_path, strategies="logreg_probe", cache_dir=str(tmp_path / "cache")
    )
    undisturbed, _, _ = execute(plan, Noted(), [])
    offers = [replace(plan.offers[0], strategy=Clears()), *plan.offers]
    run, _, _ = execute(replace(plan, offers=offers), Noted(), [])
    assert [record.status for record in run.records] == ["ok", "ok"]
    assert run.records[1].predictions_sha256 == undisturbed.records[0].predictions_sha256
    (note,) = run.notes
    assert "removed" in note


def test_a_strategy_that_declares_no_model_gets_none(manager: PluginManager, bench: Bench) -> None:
    with bench.in_context(*bench.prepare(manager.offers["majority"].strategy)) as context:
        assert context.model == ""
        with pytest.raises(UserError, match="declares uses_model = False"):
            context.encode(["a text"], Features())


def test_a_strategy_gets_an_empty_folder_that_is_gone_afterwards(bench: Bench) -> None:
    folders: list[Path] = []

    class Writes(SklearnStrategy):
        name: ClassVar[str] = "writes"

        def estimator(self, seed: int) -> Any:
            return DummyClassifier()

        def fit(self, train: Split, validation: Split, context: RunContext) -> Any:
            assert list(context.workdir.iterdir()) == []
            (context.workdir / "cache").write_text("much")
            folders.append(context.workdir)
            return super().fit(train, validation, context)

    assert run_trial(*bench.prepare(Writes())).status == "ok"
    assert [folder.exists() for folder in folders] == [False]


def test_a_record_tells_what_a_library_warned_of(manager: PluginManager, bench: Bench) -> None:
    hasty = replace(manager.offers["logreg_probe"].strategy, max_iter=1)  # type: ignore[type-var]
    record = run_trial(*bench.prepare(hasty))
    assert record.status == "ok"
    assert [line.partition(":")[0] for line in record.degradations] == ["ConvergenceWarning"]


def test_a_class_absent_from_train_is_scored_all_the_same(manager: PluginManager, bench: Bench) -> None:
    train = bench.task.train.rows(np.flatnonzero(bench.task.train.labels != 0))
    task = replace(bench.task, train=train, allow_unseen=True)
    record = run_trial(*bench.prepare(manager.offers["tfidf_logreg"].strategy, task))
    assert record.test is not None
    assert record.test.per_class[0].recall == 0.0
    assert record.test.per_class[0].support == 8


def test_what_a_strategy_names_as_imports_is_loaded_before_it_is_fitted(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_heavy_library.py").write_text("loaded = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    class Heavy(SklearnStrategy):
        name: ClassVar[str] = "heavy"
        imports: ClassVar[tuple[str, ...]] = ("a_heavy_library",)

        def estimator(self, seed: int) -> Any:
            assert "a_heavy_library" in sys.modules
            return DummyClassifier()

    class Missing(Heavy):
        imports: ClassVar[tuple[str, ...]] = ("no_such_library",)

    assert run_trial(*bench.prepare(Heavy())).error is None
    error = run_trial(*bench.prepare(Missing())).error
    assert error is not None
    assert (error.stage, error.message) == ("fit", "ModuleNotFoundError: No module named 'no_such_library'")
