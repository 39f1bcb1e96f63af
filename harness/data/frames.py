"""pandas DataFrames -> Task."""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from harness.data.column_choice import why_unlabelled
from harness.data.columns import build_task
from harness.data.table import Table
from harness.data.task import IN_MEMORY, Task
from harness.errors import DataError, did_you_mean


def task_of_frames(
    name: str,
    frames: Mapping[str, Any],
    text: Hashable,
    label: Hashable,
    *,
    test_size: float = 0.2,
    seed: int = 0,
    label_names: Sequence[str] | None = None,
) -> Task:
    """Make a task of a frame for each split; arguments and errors as for `Task.from_pandas`.

    Args:
        name: Short name of the task.
        frames: Split name -> frame; without `test`, rows of `train` are set aside.
        text: Column of the texts.
        label: Column of the labels.
        test_size: Share of the rows to set aside as test.
        seed: Seed of these rows.
        label_names: Class names in id order.
    """
    names = _names(label_names)
    # Columns of frames may be numbers or tuples; everything else here takes them by what they are written as.
    written = (str(text), str(label)) if str(text) != str(label) or text == label else (repr(text), repr(label))
    columns = dict(zip(written, (text, label), strict=True))
    tables = {split: _table(frame, split, columns) for split, frame in frames.items()}
    if reason := why_unlabelled(tables, written[1]):
        raise DataError(f"{reason}, or give no test: rows of the frame are then set aside for it.")
    return build_task(
        name,
        tables,
        source=IN_MEMORY,
        text_column=written[0],
        label_column=written[1],
        label_names=names,
        test_size=None if "test" in tables else test_size,
        split_seed=seed,
    )


def _names(given: Any) -> tuple[str, ...] | None:
    """Return class names as text, of a list, an array or whatever else has an order."""
    if given is None:
        return None
    if isinstance(given, str | bytes | Mapping | Set) or not isinstance(given, Iterable):
        raise DataError(f"Expected label_names as a list of names in id order, got {type(given).__name__}. List them.")
    names = [name.item() if isinstance(name, np.generic) else name for name in given]
    if wrong := [name for name in names if not isinstance(name, str | int | float)]:
        raise DataError(f"Expected class names as text, got {wrong[0]!r}. Write them as text.")
    return tuple(map(str, names))


def _table(frame: Any, split: str, wanted: Mapping[str, Hashable]) -> Table:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"Expected a pandas DataFrame as {split}, got {type(frame).__name__}.")
    where = f"the DataFrame of {split}"
    columns, categories = {}, {}
    for name, column in wanted.items():
        if not isinstance(column, Hashable) or column not in frame.columns:
            raise DataError(f"{where} has no column {column!r}. {did_you_mean(str(column), map(str, frame.columns))}")
        values = frame[column]
        if isinstance(values, pd.DataFrame):
            raise DataError(f"{where} has several columns {column!r}. Name one of them otherwise, or remove it.")
        cells = values.astype(object).where(values.notna(), None).tolist()
        columns[name] = [cell.item() if isinstance(cell, np.generic) else cell for cell in cells]
        if isinstance(values.dtype, pd.CategoricalDtype):
            categories[name] = tuple(map(str, values.dtype.categories))
    return Table(where, columns, categories=categories)
