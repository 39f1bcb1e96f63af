"""A run made in Python, with a classifier of every kind, on the tiny task and the tiny encoder."""

from pathlib import Path

import pytest

import harness
from harness import RunResult, Task

STRATEGIES = (
    *("majority", "tfidf_logreg", "logreg_probe", "logreg_probe(C=0.1)", "knn_probe(n_neighbors=2|3)"),
    *("layerwise_probe", "full_finetune(epochs=1,batch_size=32)", "lora_finetune(epochs=1)"),
)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, task: Task, tiny_model: Path) -> RunResult:
    """A finished run of eight strategies that saved its classifiers."""
    folder = tmp_path_factory.mktemp("runs")
    return harness.compare(
        task, model=tiny_model, strategies=STRATEGIES, output_dir=folder, cache_dir=folder / "cache", progress=False
    )
