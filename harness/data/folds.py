"""Folds: all rows of a task drawn into parts, each of which tests once."""

import warnings
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.config.folds import Fold
from harness.data.task import SPLITS, Split, Task
from harness.errors import DataError


def fold_of(task: Task, fold: Fold) -> Task:
    """Return a task whose test is a fold of all rows, whose validation is the next one, and whose train is the rest.

    Every class keeps its share in each fold as far as its rows go, and equal texts are in one fold, so that no test
    text was seen in training. Rows count on from one split to the next: train, validation, test.

    Args:
        task: What is drawn from, all three splits of it.
        fold: Which fold; its `repeat` seeds the draw.

    Raises:
        DataError: Where there are fewer different texts than folds, or train is left with a single class.
    """
    rows = _pooled(task)
    of_row = _drawn(rows, fold, task.name)
    tests = fold.number - 1
    parts = {"test": of_row == tests, "validation": of_row == (tests + 1) % fold.n}
    parts["train"] = ~(parts["test"] | parts["validation"])
    if not all(part.any() for part in parts.values()):
        raise DataError(f"Data set {task.name!r}: fold {fold} has no rows. Ask for fewer folds.")
    train, validation, test = (rows.rows(np.flatnonzero(parts[name])) for name in SPLITS)
    # A class of few rows may be in one fold alone.
    return replace(task, train=train, validation=validation, test=test, allow_unseen=True)


def all_texts(task: Task) -> tuple[str, ...]:
    """Return the texts of all rows of a fold in the order in which they were before they were drawn."""
    splits = [getattr(task, name) for name in SPLITS]
    order = np.argsort(np.concatenate([split.rows_in_source() for split in splits]))
    texts = [text for split in splits for text in split.texts]
    return tuple(texts[row] for row in order)


def _pooled(task: Task) -> Split:
    splits = [getattr(task, name) for name in SPLITS]
    texts = tuple(text for split in splits for text in split.texts)
    return Split(texts, np.concatenate([split.labels for split in splits]))


def _drawn(rows: Split, fold: Fold, name: str) -> NDArray[np.int64]:
    """Return the fold of each row, from 0, int64 (n,)."""
    from sklearn.model_selection import StratifiedGroupKFold

    # Not by np.unique, whose array gives each text the room of the longest.
    number_of = {text: i for i, text in enumerate(sorted(set(rows.texts)))}
    texts = np.array([number_of[text] for text in rows.texts])
    if len(number_of) < fold.n:
        raise DataError(f"Data set {name!r}: {fold.n} folds need as many different texts. Ask for fewer folds.")
    if (largest := int(np.bincount(rows.labels).max())) < fold.n:
        raise DataError(
            f"Data set {name!r}: no class has as many rows as there are folds, {fold.n}; the largest has {largest}. "
            "Ask for fewer folds."
        )
    drawn = np.zeros(len(rows), dtype=np.int64)
    parts = StratifiedGroupKFold(fold.n, shuffle=True, random_state=fold.repeat)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a class has fewer rows than there are folds; the audit tells it
        for number, (_, test) in enumerate(parts.split(texts, rows.labels, texts)):
            drawn[test] = number
    return drawn
