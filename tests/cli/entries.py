"""Entries for tests of the cache: made, aged and looked at."""

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.features.directory import CacheDirectory
from harness.features.entry import EntryWriter

from .commands import Harness

A_DAY = 86_400


def entries_of(cache: Harness) -> list[dict[str, Any]]:
    return list(json.loads(cache("list", "--json").out)["entries"])


def words(text: str) -> str:
    return " ".join(text.split())


def an_entry(folder: Path, *, finished: bool = True, **key: str | int | None) -> Path:
    """Write an entry of four texts, two of them done where it is not finished."""
    directory = CacheDirectory(folder)
    parts = {"texts": "0" * 64, "layer": -1, "pooling": "cls", "weights": "1" * 64, **key}
    writer = EntryWriter(directory.folder(parts), parts, (4, 2), {"model": "an encoder", "data": "some data"})
    for _ in range(2 if finished else 1):
        writer.append(np.zeros((2, 2), np.float32), 0.5)
    if finished:
        writer.finish(0)
    return directory.folder(parts)


def used_days_ago(entry: Path, days: float) -> Path:
    for file in entry.iterdir():
        os.utime(file, (time.time() - days * A_DAY,) * 2)
    return entry


def files_below(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
