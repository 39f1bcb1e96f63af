"""A program that asks for models and data sets and prints, as JSON, what it got; the hub is set by the environment.

The hub's client reads its settings when it is imported, so each hub needs a process of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TEXTS = ["i feel glad", "rain today"]


def ask(endpoint: str, home: Path, questions: Sequence[Sequence[Any]], offline: bool = False) -> list[dict[str, Any]]:
    """Run this file in a fresh process.

    Args:
        endpoint: Address of the hub.
        home: Folder of the cache.
        questions: Kind (`model`, `folder` or `dataset`) and name, for a model also the revision.
        offline: Whether the network is forbidden.

    Returns:
        An answer for each question; nothing else was printed.
    """
    import harness

    path = os.pathsep.join([str(Path(harness.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, __file__, json.dumps([offline, list(questions)])],
        env={**environment(endpoint, home), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def environment(endpoint: str, home: Path) -> dict[str, str]:
    """Return the environment of a process that knows of this hub alone."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_") and not k.lower().endswith("_proxy")}
    return {**kept, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HOME": str(home)}


def answer(question: Sequence[Any], offline: bool) -> dict[str, Any]:
    """Return what came of one question, or the error."""
    from harness.errors import HarnessError

    kind, *arguments = question
    try:
        return {"model": a_model, "folder": a_folder, "dataset": a_dataset}[kind](offline, *arguments)
    except HarnessError as error:
        return {"error": type(error).__name__, "message": str(error)}


def a_model(offline: bool, name: str, revision: str | None = None) -> dict[str, Any]:
    from harness.encoding.encoder import Features
    from harness.huggingface import load_encoder

    encoder = load_encoder(name, revision, offline, "cpu", "float32")
    features = encoder.encode(TEXTS, [Features()])[Features()].tolist()
    files = sorted(file.name for file in Path(encoder.directory).iterdir())
    return {"name": encoder.name, "revision": encoder.revision, "features": features, "files": files}


def a_folder(offline: bool, name: str, revision: str | None = None) -> dict[str, Any]:
    from harness.huggingface.checkpoint import find_checkpoint

    return {"folder": str(find_checkpoint(name, revision, offline)[0])}


def a_dataset(offline: bool, name: str) -> dict[str, Any]:
    from harness import RunConfig
    from harness.huggingface import harness_load_task

    task = harness_load_task(name, RunConfig(dataset=name, offline=offline))
    source = task.provenance
    return {
        "name": task.name,
        "label_names": task.label_names,
        "train": task.train.texts,
        "test_labels": task.test.labels.tolist(),
        "source": source.source,
        "revision": source.revision,
    }


if __name__ == "__main__":
    import huggingface_hub  # noqa: F401 - so that its import is not counted as waiting for the hub

    from harness.huggingface.network import network_block

    offline, questions = json.loads(sys.argv[1])
    with network_block():  # as a run is one
        print(json.dumps([answer(question, offline) for question in questions]))
