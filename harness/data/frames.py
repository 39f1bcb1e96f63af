"""pandas DataFrames -> Task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.columns import build_task, refuse_bad_cells
from harness.data.files import Table
from harness.data.stratification import held_out_rows
from harness.data.task import Split, Task
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
    names = label_names or _categories(frames, label)
    return task_of_tables(name, tables, text, label, test_size=test_size, seed=seed, label_names=names)


def task_of_tables(
    name: str,
    tables: Mapping[str, Table],
    text: str | None,
    label: str | None,
    *,
    source: str = "memory",
    test_size: float = 0.2,
    seed: int = 0,
    label_names: Sequence[str] | None = None,
) -> Task:
    """Make a task of the columns of its splits, setting rows of train aside where there is no test split.

    Args:
        name: Short name of the task.
        tables: Split name -> columns.
        text: Column of the texts, None to guess it.
        label: Column of the labels, None to guess it; it must be known where rows are to be set aside.
        source: Where the data come from, for the record.
        test_size: Share of the rows to set aside as test.
        seed: Seed of these rows.
        label_names: Class names in id order.

    Raises:
        DataError: Where no comparison can be made of them.
    """
    if "test" in tables or label is None or text is None:
        return build_task(name, tables, source=source, text_column=text, label_column=label, label_names=label_names)
    whole = tables["train"]
    refuse_bad_cells(whole, text, label)
    rows, held = _parted(whole, label, test_size, seed)
    parts = {**tables, "train": _rows_of(whole, rows, "train"), "test": _rows_of(whole, held, "test")}
    task = build_task(name, parts, source=source, text_column=text, label_column=label, label_names=label_names)
    note = f"no test split: {len(held):,} of {len(rows) + len(held):,} rows, stratified, seed {seed}, were set aside"
    validation = task.validation if "validation" in tables else _from(rows, task.validation)
    return replace(
        task,
        train=_from(rows, task.train),
        validation=validation,
        test=_from(held, task.test),
        provenance=replace(task.provenance, notes=(note, *task.provenance.notes)),
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
        cells = values.astype(object).where(values.notna(), None).tolist()
        of_names = column == label and isinstance(values.dtype, pd.CategoricalDtype)
        columns[column] = [cell if cell is None else str(cell) for cell in cells] if of_names else cells
    return Table(where, columns)


def _categories(frames: Mapping[str, Any], label: str) -> list[str] | None:
    """Return the categories of the labels that occur, in their order; None where the labels of train are not such."""
    import pandas as pd

    if not isinstance(dtype := frames["train"][label].dtype, pd.CategoricalDtype):
        return None
    occurring = {str(value) for frame in frames.values() for value in frame[label].dropna().unique()}
    return [str(category) for category in dtype.categories if str(category) in occurring]


def _parted(table: Table, label: str, test_size: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows that stay and those that are set aside as test, int64 each, in order."""
    if not 0 < test_size < 1:
        raise DataError(f"Expected test_size above 0 and below 1, the share of the rows, got {test_size!r}.")
    cells = [str(cell) for cell in table.columns[label]]
    _, classes = np.unique(np.array(cells, dtype=object), return_inverse=True)
    if not cells:
        raise DataError(f"{table.path} is empty. Give it at least two rows of each class.")
    held = held_out_rows(classes.astype(np.int64), round(test_size * len(cells)), seed)
    if not len(held):
        raise DataError(
            f"{table.path} has no two rows of one class, so none can be set aside as test. Check the label column, "
            f"{label!r}, or give a test split."
        )
    return np.setdiff1d(np.arange(len(cells)), held), held


def _rows_of(table: Table, rows: NDArray[np.int64], split: str) -> Table:
    columns = {name: [cells[row] for row in rows] for name, cells in table.columns.items()}
    return Table(f"{table.path}, its rows for {split}", columns, table.class_names)


def _from(rows: NDArray[np.int64], split: Split) -> Split:
    """Return a split whose rows in the source are those of the frame that its rows were taken of."""
    return replace(split, source_rows=rows[split.rows_in_source()])
