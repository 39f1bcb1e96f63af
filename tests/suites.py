"""Suites on disk as `harness run` leaves them, made of random predictions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.results.suite_record import SUITE_FILE, SuiteCell, SuiteRecord
from harness.system.files import to_json

from .studies import METRIC_VERSION, Contestant, Fingerprint, a_run, a_task

NO_ENCODER = ("majority", "tfidf_logreg")  # strategies that read none


def a_suite(
    folder: Path,
    skill: Callable[[str, str, int], float],
    strategies: Sequence[str],
    *,
    data_sets: int = 5,
    encoders: Sequence[str] = ("ant", "bee"),
    n_rows: int = 120,
) -> Path:
    """Write a finished suite.

    Args:
        folder: Where.
        skill: Strategy, encoder and number of the data set -> how much the label's logit stands out.
        strategies: Their names; those of `NO_ENCODER` run with the first encoder alone.
        data_sets: How many.
        encoders: Names.
        n_rows: Of test.
    """
    cells = []
    for number in range(data_sets):
        task = a_task(("sad", "glad"), n_rows, f"set{number}", seed=number)
        for index, encoder in enumerate(encoders):
            names = [name for name in strategies if index == 0 or name not in NO_ENCODER]
            contestants = [
                Contestant(name, skill(name, encoder, number), fields={"fingerprint": _fingerprint(task, name)})
                for name in names
            ]
            run = f"{number}-{index}"
            seed = number * len(encoders) + index
            a_run(folder / run, contestants, task=task, seed=seed, model_name=encoder, states=())
            cells.append(SuiteCell(dataset=task.name, model=encoder, run=run, status="complete"))
    record = SuiteRecord(started="2026-11-23T00:04:06+00:00", options={}, cells=cells)
    (folder / SUITE_FILE).write_bytes(to_json(record.model_dump(mode="json")))
    return folder


def _fingerprint(task: Any, name: str) -> Fingerprint:
    return Fingerprint(
        test_sha256=task.test_hash(),
        label_names=task.label_names,
        metric_version=METRIC_VERSION,
        limit=None,
        truncation=None if name in NO_ENCODER else 128,
    )
