"""Runs on disk as a run leaves them, made of random predictions, and the studies that are opened from them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import Run, RunConfig, RunRecord, Split, Task
from harness.analysis.study import Study, evidence_of, open_study, studied_strategies
from harness.data.audit import audit_task
from harness.data.task import Provenance
from harness.encoding.encoder import Features
from harness.evaluation.metrics import METRIC_VERSION, evaluate
from harness.results.feature_sample import write_feature_samples
from harness.results.records import Failure, Fingerprint, ModelInfo
from harness.results.row_facts import row_facts, write_row_facts
from harness.results.run_directory import RunDirectory
from harness.runs.recording import task_info

EMOTIONS = ("sadness", "joy", "love", "anger", "fear", "surprise")
WORDS = ("i", "feel", "not", "so", "very", "happy", "tired", "about", "the", "long", "day", "and", "you")


@dataclass(frozen=True)
class Contestant:
    """A strategy that is right as often as its skill says.

    Attributes:
        name: Its name.
        skill: How much the label's logit stands out.
        seeds: Its seeds.
        deterministic: Whether every seed predicts the same.
        fields: More of its records.
    """

    name: str
    skill: float
    seeds: tuple[int, ...] = (0,)
    deterministic: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


HISTORY = [
    {"epoch": 1, "train_loss": 0.71, "validation_loss": 0.52, "validation_accuracy": 0.81, "validation_f1_macro": 0.74},
    {"epoch": 2, "train_loss": 0.38, "validation_loss": 0.44, "validation_accuracy": 0.86, "validation_f1_macro": 0.81},
    {"epoch": 3, "train_loss": 0.22, "validation_loss": 0.47, "validation_accuracy": 0.87, "validation_f1_macro": 0.83},
]
FIVE = (
    Contestant("majority", 0.0, fields={"encode_seconds": None, "fit_seconds": 0.01, "trainable_parameters": 0}),
    Contestant(
        "tfidf_logreg", 2.4, fields={"encode_seconds": None, "fit_seconds": 3.1, "trainable_parameters": 120_000}
    ),
    Contestant("logreg_probe", 1.7, (0, 1, 2), deterministic=True, fields={"features": "cached"}),
    Contestant("mlp_probe", 1.75, (0, 1, 2), fields={"history": HISTORY[:2], "trainable_parameters": 100_358}),
    Contestant(
        "full_finetune",
        3.6,
        fields={
            "encode_seconds": None,
            "fit_seconds": 1912.2,
            "history": HISTORY,
            "trainable_parameters": 66_958_086,
            "total_parameters": 66_958_086,
            "degradations": ["batch 32 -> 16 after out-of-memory"],
        },
    ),
)


def a_task(
    label_names: Sequence[str] = EMOTIONS,
    n_rows: int = 120,
    name: str = "emotion",
    texts: Sequence[str] = (),
    seed: int = 0,
) -> Task:
    """Return a task of random sentences, its test split `n_rows` long and beginning with `texts`.

    A few texts of test stand in train, too, and a few come twice there under two labels.
    """
    rng = np.random.default_rng(seed)
    k = len(label_names)

    def sentences(n: int) -> list[str]:
        return [" ".join(rng.choice(WORDS, rng.integers(3, 14))) for _ in range(n)]

    def labels(n: int) -> NDArray[np.int64]:
        shares = np.linspace(3, 1, k)
        return np.concatenate([np.arange(k), rng.choice(k, n - k, p=shares / shares.sum())])

    test = [*texts, *sentences(n_rows - len(texts))]
    train = [*sentences(2 * n_rows - 4), *test[-2:], *test[-2:]]
    return Task(
        name,
        tuple(label_names),
        Split(tuple(train), labels(2 * n_rows)),
        Split(tuple(sentences(n_rows)), labels(n_rows)),
        Split(tuple(test), labels(n_rows)),
        Provenance("emotion.csv", None),
    )


def a_run(
    folder: Path,
    contestants: Sequence[Contestant] = FIVE,
    *,
    task: Task | None = None,
    failures: Sequence[RunRecord] = (),
    keep_texts: bool = True,
    states: Sequence[Features] = (Features(-1, "cls"),),
    seed: int = 0,
    model_name: str = "tiny-encoder",
    **fields: Any,
) -> RunDirectory:
    """Write a finished run.

    Args:
        folder: Where.
        contestants: Its strategies.
        task: Its data.
        failures: Records without scores.
        keep_texts: Whether the run kept its test texts.
        states: Frozen states of which it kept a sample.
        seed: Of the predictions.
        model_name: Name of its encoder.
        fields: More of the run.
    """
    task = task or a_task()
    folder.mkdir(parents=True)
    directory, rng = RunDirectory(folder), np.random.default_rng(seed)
    difficulty = rng.normal(size=(len(task.test), task.n_classes))
    records = [record for each in contestants for record in _records(each, task, directory, rng, difficulty)]
    facts = row_facts(task, None, keep_texts=keep_texts)
    write_row_facts(directory, facts)
    if states:
        write_feature_samples(directory, task.test, states, lambda texts, state: _frozen(task, rng))
    strategies = studied_strategies(records, directory)
    run = Run(
        **{
            "status": "failed" if failures else "complete",
            "started": "2026-11-23T00:04:06+00:00",
            "wall_seconds": 530.0,
            "command": ["harness", "run", "--strategies", "all", "-d", "my data"],
            "config": RunConfig(),
            "environment": {
                "harness": "0.1.0",
                "python": "3.11.7",
                "device": "cpu",
                "dtype": "float32",
                "numpy": "2.4",
            },
            "task": task_info(task),
            "model": _model_info(model_name),
            "records": [*records, *failures],
            "audit": audit_task(task, {"train": 3, "validation": 0, "test": 1}, 512),
            "evidence": evidence_of(strategies, facts) if strategies else None,
            "files": directory.checksums(),
            **fields,
        }
    )
    directory.write_run(run.model_dump(mode="json"))
    return directory


def a_study(folder: Path, contestants: Sequence[Contestant] = FIVE, **options: Any) -> Study:
    """Write a run and open it."""
    return open_study([a_run(folder, contestants, **options)])


def failed(strategy: str, message: str = "CUDA out of memory", **fields: Any) -> RunRecord:
    """Return the record of a trial that failed."""
    error = Failure(stage="fit", message=message, traceback="...")
    return RunRecord(strategy=strategy, plugin="third-party", status="failed", error=error, **fields)


def _records(
    contestant: Contestant,
    task: Task,
    directory: RunDirectory,
    rng: np.random.Generator,
    difficulty: NDArray[np.float64],
) -> list[RunRecord]:
    records = []
    drawn: dict[str, NDArray[np.float32]] = {}
    for seed in contestant.seeds:
        if not (contestant.deterministic and drawn):
            drawn = {
                "validation": _probabilities(task.validation.labels, task.n_classes, contestant.skill, rng, None),
                "test": _probabilities(task.test.labels, task.n_classes, contestant.skill, rng, difficulty),
            }
        defaults: dict[str, Any] = {
            "plugin": "strategy-harness",
            "plugin_version": "0.1.0",
            "params": {"C": 1.0, "pooling": "cls"},
            "encode_seconds": 85.3,
            "fit_seconds": 5.1,
            "predict_seconds": 0.25,
            "peak_memory_bytes": 1_200_000_000,
            "trainable_parameters": 4614,
            "total_parameters": 66_367_494,
            "fingerprint": _fingerprint(task),
            "predictions_sha256": hashlib.sha256(drawn["test"].tobytes()).hexdigest(),
        }
        record = RunRecord(
            strategy=contestant.name,
            seed=seed,
            status="ok",
            validation=evaluate(task.validation.labels, drawn["validation"]),
            test=evaluate(task.test.labels, drawn["test"]),
            **{**defaults, **contestant.fields},
        )
        splits = {
            split: (getattr(task, split).rows_in_source(), getattr(task, split).labels, probabilities)
            for split, probabilities in drawn.items()
        }
        directory.write_predictions(record.trial, task.label_names, splits)
        records.append(record)
    return records


def _probabilities(
    labels: NDArray[np.int64],
    k: int,
    skill: float,
    rng: np.random.Generator,
    difficulty: NDArray[np.float64] | None,
) -> NDArray[np.float32]:
    """Return random probabilities; strategies share a part of the noise, as they find the same rows hard."""
    if skill == 0:
        return np.tile(np.linspace(2, 1, k, dtype=np.float32) / np.linspace(2, 1, k).sum(), (len(labels), 1)).astype(
            np.float32
        )
    logits = rng.normal(size=(len(labels), k)) + (0 if difficulty is None else difficulty)
    logits[np.arange(len(labels)), labels] += skill
    exponentials = np.exp(logits)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)


def _frozen(task: Task, rng: np.random.Generator) -> NDArray[np.float32]:
    centres = rng.normal(size=(task.n_classes, 16)) * 1.5
    return (centres[task.test.labels] + rng.normal(size=(len(task.test), 16))).astype(np.float32)


def _fingerprint(task: Task) -> Fingerprint:
    return Fingerprint(
        test_sha256=task.test_hash(),
        label_names=task.label_names,
        metric_version=METRIC_VERSION,
        limit=None,
        truncation=None,
    )


def _model_info(name: str) -> ModelInfo:
    return ModelInfo(
        name=name,
        revision=None,
        weights_sha256="53aa51172d142c89",
        width=16,
        max_length=512,
        n_parameters=1000,
        truncated_texts={"train": 3, "validation": 0, "test": 1},
        token_budget=1024,
    )
