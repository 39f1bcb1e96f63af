"""What is kept when saving, the disk or the user gets in the way, and which rows predictions belong to."""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.dummy import DummyClassifier

from harness import Encoder, RunConfig, RunContext, SklearnClassifier, SklearnStrategy, Split, Task, hookimpl
from harness.huggingface import harness_load_encoder
from harness.testing import tiny_task

from .commands import Harness


@dataclass(frozen=True)
class Unsaveable(SklearnClassifier):
    error: Exception = field(default_factory=OSError)

    def save(self, directory: Path) -> None:
        (directory / "half").write_text("a half-written file")
        raise self.error


@dataclass(frozen=True)
class SavesBadly(SklearnStrategy):
    name: ClassVar[str] = "saves_badly"
    error: Any = None

    def estimator(self, seed: int) -> Any:
        return DummyClassifier(strategy="prior", random_state=seed)

    def fit(self, train: Split, validation: Split, context: RunContext) -> Unsaveable:
        fitted = super().fit(train, validation, context)
        return Unsaveable(fitted.estimator, fitted.inputs, fitted.n_classes, error=self.error)


def module_with(**hooks: Callable[..., Any]) -> ModuleType:
    module = ModuleType("a_plugin")
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook))
    return module


def offering(strategy: SklearnStrategy) -> ModuleType:
    return module_with(harness_strategies=lambda: [strategy])


def test_a_strategy_that_cannot_save_fails_but_its_scores_are_kept_and_no_half_model(run: Harness) -> None:
    strategy = SavesBadly(ValueError("no such format"))
    outcome = run(plugins=[offering(strategy)], strategies="saves_badly")
    [record] = outcome.run.records
    assert outcome.code == 1
    assert record.error is not None
    assert (record.error.stage, record.error.message) == ("save", "ValueError: no such format")
    assert record.test is not None
    assert not any("models/" in file for file in outcome.run.files)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        Exception("No space left on device (os error 28)"),  # as tokenizers and safetensors raise it
        OSError("500000 requested and 25584 written"),  # as numpy does
    ],
)
def test_a_full_disk_is_exit_4_and_not_the_strategys_fault(error: Exception, run: Harness) -> None:
    outcome = run(plugins=[offering(SavesBadly(error))], strategies="saves_badly")
    assert outcome.code == 4
    assert "No space left on device. Free space or name another folder with --output-dir." in outcome.err


def test_predictions_name_the_rows_of_the_file_also_where_rows_were_limited(run: Harness, tiny_data: Path) -> None:
    outcome = run("--limit", "9", strategies="majority")
    [file] = outcome.folder.glob("*/predictions/*.parquet")
    table = pq.ParquetFile(file).read().to_pylist()
    rows = [row["row"] for row in table if row["split"] == "test"]
    labels = tiny_task().test.labels
    assert len(rows) == 9
    assert max(rows) > 9
    assert [row["label"] for row in table if row["split"] == "test"] == _ids_by_name(labels[rows], tiny_task())


def _ids_by_name(labels: Sequence[int], task: Task) -> list[int]:
    names = sorted(task.label_names)
    return [names.index(task.label_names[label]) for label in labels]


class _Stopping:
    """An encoder in whose pass the user presses Ctrl-C."""

    def __init__(self, encoder: Encoder) -> None:
        self.__dict__.update(encoder.__dict__)
        self.count_truncated = encoder.count_truncated

    def encode(self, *args: object) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_while_encoding_keeps_what_needs_no_features_and_skips_the_rest(run: Harness) -> None:
    def stopping(name: str, config: RunConfig, device: str, dtype: str) -> Any:
        return _Stopping(harness_load_encoder(name, config, device, dtype))

    outcome = run(plugins=[module_with(harness_load_encoder=stopping)], strategies="all")
    assert outcome.code == 130
    statuses = {record.strategy: record.status for record in outcome.run.records}
    assert statuses["majority"] == statuses["tfidf_logreg"] == "ok"
    assert {statuses[name] for name in ("logreg_probe", "mlp_probe", "full_finetune")} == {"skipped"}


def test_a_folder_named_like_the_default_data_set_never_stands_in_for_it(
    harness: Harness, tmp_path: Path, tiny_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "emotion").symlink_to(tiny_data)
    monkeypatch.chdir(tmp_path)
    outcome = harness("run", "-s", "majority", "--offline", "-d", "emotion")
    assert outcome.code == 4
    assert "'dair-ai/emotion' is not on this machine" in outcome.err


def test_a_misspelt_parameter_is_an_error_even_where_its_strategy_does_not_run(run: Harness) -> None:
    outcome = run("--set", "full_finetune.lerning_rate=1", strategies="majority")
    assert outcome.code == 2
    assert "Did you mean 'learning_rate'?" in outcome.err


def test_a_hub_name_may_hold_dots(harness: Harness) -> None:
    outcome = harness("run", "-s", "majority", "--offline", "-d", "owner/name.v2:config@v1.0")
    assert outcome.code == 4
    assert "'owner/name.v2'" in outcome.err


def test_a_split_remembers_its_source_rows_through_every_choice() -> None:
    split = Split(("a", "b", "c", "d"), np.array([0, 1, 0, 1]))
    again = split.rows(np.array([3, 1, 0])).rows(np.array([0, 2]))
    assert again.texts == ("d", "a")
    assert again.rows_in_source().tolist() == [3, 0]
