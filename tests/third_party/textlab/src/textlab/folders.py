"""Data sets as folders: train, validation and test, in each a folder a class, in that a file a text."""

from pathlib import Path

import numpy as np

from harness import DataError, Provenance, RunConfig, Split, Task, hookimpl

PREFIX = "folders:"
SPLITS = ("train", "validation", "test")


@hookimpl
def harness_load_task(name: str, config: RunConfig) -> Task | None:
    """Load `folders:FOLDER`, leave every other name to others.

    Raises:
        DataError: For a folder that lacks one of the splits.
    """
    if not name.startswith(PREFIX):
        return None
    folder = Path(name.removeprefix(PREFIX)).expanduser()
    for split in SPLITS:
        if not (folder / split).is_dir():
            raise DataError(f"Expected the folders {', '.join(SPLITS)} in {folder}, found no {split}. Check --dataset.")
    names = config.label_names or tuple(sorted(each.name for each in (folder / "train").iterdir() if each.is_dir()))
    splits = {split: read(folder / split, names) for split in SPLITS}
    return Task(folder.name, names, **splits, provenance=Provenance(str(folder)))


def read(folder: Path, names: tuple[str, ...]) -> Split:
    """Return the texts of one split, those of a class together, in the order of the files' names."""
    files = [(label, file) for label, name in enumerate(names) for file in sorted((folder / name).glob("*.txt"))]
    texts = [file.read_text(encoding="utf-8").strip() for _, file in files]
    return Split(tuple(texts), np.array([label for label, _ in files], dtype=np.int64))
