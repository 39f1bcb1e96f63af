"""Labels that are categories, of frames and of files that keep them: cells that are names, in a declared order."""

from collections.abc import Mapping
from dataclasses import replace

from harness.data.column_choice import is_missing
from harness.data.table import Table


def category_names(tables: Mapping[str, Table], label_column: str) -> tuple[str, ...] | None:
    """Return the categories of train's labels that occur, in their order; None where these are no categories."""
    order = tables["train"].categories.get(label_column)
    occurring = {str(cell) for table in tables.values() for cell in table.columns.get(label_column, ())}
    return None if order is None else tuple(name for name in order if name in occurring)


def in_categories(tables: Mapping[str, Table], label_column: str) -> dict[str, Table]:
    """Write the labels of all splits as text, as categories are named, where those of train are categories."""
    if label_column not in tables["train"].categories:
        return dict(tables)
    written = {split: _written(table, label_column) for split, table in tables.items() if label_column in table.columns}
    return {**tables, **written}


def _written(table: Table, label_column: str) -> Table:
    kept = (list, tuple, set)  # several labels, which are refused later on
    cells = [cell if is_missing(cell) or isinstance(cell, kept) else str(cell) for cell in table.columns[label_column]]
    return replace(table, columns=table.columns | {label_column: cells})
