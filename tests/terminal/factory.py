"""Records to print, and what was printed as text that tests can compare."""

import io
from typing import Any

import pytest
from rich.console import Console

from harness import ClassScore, Evaluation, Run, RunConfig, RunRecord
from harness.results.records import Failure, ModelInfo, TaskInfo
from harness.terminal import confusion_matrix, make_console, print_run

RED, BOLD = "\x1b[31m", "\x1b[1m"


EMOTIONS = ["sadness", "joy", "love", "anger", "fear", "surprise"]


def evaluation(score: float, n_classes: int = 2, confusion: list[list[int]] | None = None) -> Evaluation:
    """Scores that tell the metrics apart: f1_macro is .01 and f1_weighted .02 below the accuracy."""
    confusion = confusion or [[10 if i == j else 1 for j in range(n_classes)] for i in range(n_classes)]
    of_class = [ClassScore(precision=0.5, recall=0.25, f1=1 / 3, support=sum(row)) for row in confusion]
    return Evaluation(
        accuracy=score,
        f1_macro=score - 0.01,
        f1_weighted=score - 0.02,
        per_class=of_class,
        confusion=confusion,
    )


def scored(strategy: str, validation: float, test: float, n_classes: int = 2, **fields: Any) -> RunRecord:
    defaults: dict[str, Any] = {
        "plugin": "strategy-harness",
        "status": "ok",
        "validation": evaluation(validation, n_classes),
        "test": evaluation(test, n_classes),
        "fit_seconds": 5.1,
        "predict_seconds": 0.25,
        "trainable_parameters": 4614,
        "total_parameters": 66_367_494,
        "peak_memory_bytes": 1_200_000_000,
    }
    return RunRecord(strategy=strategy, **{**defaults, **fields})


def failed(strategy: str, message: str = "out of memory", **fields: Any) -> RunRecord:
    error = Failure(stage="fit", message=message, traceback="...")
    return RunRecord(strategy=strategy, plugin="third-party", status="failed", error=error, **fields)


def a_run(*records: RunRecord, names: list[str] | None = None, seeds: tuple[int, ...] = (0,), **fields: Any) -> Run:
    names = names or ["no", "yes"]
    counts = [60] + [40] * (len(names) - 1)  # of two classes the majority has 0.6
    task = TaskInfo(
        name="reviews",
        source="reviews.csv",
        revision=None,
        content_sha256="0",
        label_names=names,
        class_counts=dict.fromkeys(("train", "validation", "test"), counts),
    )
    model = ModelInfo(
        name="tiny-encoder",
        revision=None,
        weights_sha256="0",
        width=8,
        max_length=512,
        n_parameters=1000,
        truncated_texts={"train": 3, "validation": 0, "test": 1},
    )
    defaults: dict[str, Any] = {
        "status": "complete",
        "started": "2025-01-01T00:00:00Z",
        "wall_seconds": 1.0,
        "command": ["harness", "run"],
        "config": RunConfig(seeds=seeds),
        "environment": {"device": "cpu", "dtype": "float32"},
        "task": task,
        "model": model,
    }
    return Run(records=list(records), **{**defaults, **fields})


def shown(run: Run, width: int, **options: Any) -> str:
    stream = io.StringIO()
    print_run(run, make_console(stream, width=width), **options)
    return right_stripped(stream.getvalue())


def table_of(run: Run, width: int, **options: Any) -> str:
    return shown(run, width, confusion=False, per_class=False, **options)


def coloured(run: Run, monkeypatch: pytest.MonkeyPatch, **options: Any) -> str:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    print_run(run, make_console(stream, width=140), **options)
    return stream.getvalue()


def matrix_text(confusion: list[list[int]], names: list[str], console: Console) -> str:
    stream = console.file
    assert isinstance(stream, io.StringIO)
    console.print(confusion_matrix(evaluation(0.5, confusion=confusion), names, "probe", console))
    return right_stripped(stream.getvalue())


def right_stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def block(text: str) -> str:
    """A triple-quoted text, its indentation that of its closing quotes."""
    *lines, indentation = text.split("\n")[1:]
    return "\n".join(line[len(indentation) :] for line in lines)


def line_with(text: str, part: str) -> str:
    return next(line for line in text.splitlines() if part in line)


def order_of(text: str, *names: str) -> list[str]:
    return sorted(names, key=text.index)


EXAMPLE = a_run(
    scored("probe", 0.7, 0.68, encode_seconds=85.3),
    scored("full", 0.9, 0.88, fit_seconds=1912.2, trainable_parameters=66_958_086, total_parameters=66_958_086),
    scored("lazy", 0.5, 0.5, encode_seconds=85.3),
    scored("majority", 0.6, 0.6, trainable_parameters=0, total_parameters=2, peak_memory_bytes=512_000_000),
    failed("lora", "CUDA out of memory"),
)
