"""What tests of files share: writing them, and loading them as `harness run -d` does."""

from pathlib import Path
from typing import Any

from harness import RunConfig, Task
from harness.huggingface import harness_load_task

ROWS = [("fine day", "pos"), ("bad soup", "neg"), ("nice view", "pos"), ("too loud", "neg")]


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_splits(folder: Path, **files: str | bytes) -> Path:
    """Write files such as `train_csv="..."` for train.csv."""
    for name, content in files.items():
        write(folder / name.replace("_", "."), content)
    return folder


def load(location: Path | str, **options: Any) -> Task:
    return harness_load_task(str(location), RunConfig(dataset=str(location), **options))


def rows(task: Task, split: str = "train") -> list[tuple[str, str]]:
    """Return texts with the names of their labels, in the order of the file."""
    part = getattr(task, split)
    return [(text, task.label_names[label]) for text, label in zip(part.texts, part.labels, strict=True)]


def lines(delimiter: str, content: list[tuple[str, str]] = ROWS, *, header: bool = True, end: str = "\n") -> str:
    named = [("text", "label"), *content] if header else content
    return "".join(delimiter.join(row) + end for row in named)


def splits(folder: Path, ending: str, train: str | bytes, others: str | bytes | None = None) -> Path:
    """Write train.ending, and validation.ending and test.ending of the plain rows or of what is given."""
    name = ending.replace(".", "_")
    plain = others if others is not None else lines("\t" if ending.startswith("tsv") else ",")
    return write_splits(folder, **{f"train_{name}": train, f"validation_{name}": plain, f"test_{name}": plain})


def notes(task: Task) -> str:
    return " | ".join(task.provenance.notes)
