"""pandas DataFrames -> Task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.data.column_choice import why_unlabelled
from harness.data.columns import build_task
from harness.data.table import Table
from harness.data.task import Task
from harness.errors import DataError, did_you_mean


def task_of_frames(
    name: str,
    frames: Mapping[str, Any],
    text: str,
    label: str,
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
    tables = {split: _table(frame, split, text, label) for split, frame in frames.items()}
    if label in tables["train"].categories:
        tables = {split: _in_names(table, label) for split, table in tables.items()}
    if reason := why_unlabelled(tables, label):
        raise DataError(f"{reason}, or give no test: rows of the frame are then set aside for it.")
    return build_task(
        name,
        tables,
        source="memory",
        text_column=text,
        label_column=label,
        label_names=label_names,
        test_size=None if "test" in tables else test_size,
        split_seed=seed,
    )


def _table(frame: Any, split: str, text: str, label: str) -> Table:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"Expected a pandas DataFrame as {split}, got {type(frame).__name__}.")
    where = f"the DataFrame of {split}"
    columns = {}
    for column in (text, label):
        if column not in frame.columns:
            raise DataError(f"{where} has no column {column!r}. {did_you_mean(str(column), map(str, frame.columns))}")
        values = frame[column]
        if isinstance(values, pd.DataFrame):
            raise DataError(f"{where} has several columns {column!r}. Name one of them otherwise, or remove it.")
        columns[column] = values.astype(object).where(values.notna(), None).tolist()
    dtype = frame[label].dtype
    categories = {label: tuple(map(str, dtype.categories))} if isinstance(dtype, pd.CategoricalDtype) else {}
    return Table(where, columns, categories=categories)


def _in_names(table: Table, label: str) -> Table:
    """Write labels as categories are named, whatever type they are of."""
    cells = [cell if cell is None else str(cell) for cell in table.columns[label]]
    return replace(table, columns=table.columns | {label: cells})
