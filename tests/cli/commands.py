"""What the tests of the command line share: what came of a command, and data as files."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Run, Task
from harness.results.records import read_run
from harness.results.run_directory import find_run

QUICK = "majority,logreg_probe"
FINE_TUNING = ("full_finetune", "last_layers_finetune", "lora_finetune", "probe_then_finetune")
FEWER_STEPS = (  # what is learnt is no matter of the command line; setfit's trainer is slow on tiny models alone
    *("--set", "setfit.max_steps=2"),
    *(word for name in FINE_TUNING for word in ("--set", f"{name}.epochs=4")),
)


@dataclass(frozen=True)
class Outcome:
    """What came of one command: exit code, standard output, standard error, and where runs were saved."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def run(self) -> Run:
        """The last run saved."""
        return read_run(find_run("latest", self.folder))

    @property
    def digests(self) -> dict[str, str | None]:
        """Strategy -> digest of its predictions, those without scores left out."""
        return {record.strategy: record.predictions_sha256 for record in self.run.records if record.status == "ok"}


Harness = Callable[..., Outcome]


def unless_given(argv: Sequence[str], usual: Mapping[str, str]) -> list[str]:
    """Return the usual options with their values, but for those that `argv` gives: an option is given once."""
    return [word for option, value in usual.items() if option not in argv for word in (option, value)]


def write_data(task: Task, folder: Path) -> Path:
    """Write a task as train, validation and test .jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("train", "validation", "test"):
        split = getattr(task, name)
        rows = ({"text": text, "label": task.label_names[y]} for text, y in zip(split.texts, split.labels, strict=True))
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def digests(run: dict[str, Any]) -> dict[str, str]:
    """Return strategy -> digest of its predictions of a run.json."""
    return {record["strategy"]: record["predictions_sha256"] for record in run["records"]}


def run_of(folder: Path) -> dict[str, Any]:
    """Return what the run.json of the only run of a folder holds."""
    (file,) = folder.glob("*/run.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))
