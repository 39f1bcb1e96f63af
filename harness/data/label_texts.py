"""Class names that stand in a column of their own beside the ids, such as `label_text` beside `label`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.data.labels import is_integer
from harness.data.table import Table

ENDINGS = ("_text", "_name", "_names", "_str", "_string", "_word")


def named_by_neighbour(
    tables: Mapping[str, Table], label_column: str, notes: list[str]
) -> tuple[dict[str, Table], tuple[str, ...] | None]:
    """Write names in the place of ids, where another column of all splits holds one name for each id.

    Args:
        tables: Split -> columns.
        label_column: Column of the labels.
        notes: Gets a sentence that names the column.

    Returns:
        The tables and the names in the order of their ids; the tables as they are and None where the labels are no
        whole numbers, no column is named after theirs, or it does not name each id alike in all rows.
    """
    for column in (label_column + ending for ending in ENDINGS):
        if not all(column in table.columns for table in tables.values()):
            continue
        if names := _names(tables, label_column, column):
            notes.append(f"the ids of {label_column!r} are named as column {column!r} names them")
            named = {s: replace(t, columns={**t.columns, label_column: t.columns[column]}) for s, t in tables.items()}
            return named, names
    return dict(tables), None


def _names(tables: Mapping[str, Table], label_column: str, column: str) -> tuple[str, ...] | None:
    """Return the names in the order of the ids, None where ids and names do not stand for each other."""
    pairs: set[tuple[int, str]] = set()
    for table in tables.values():
        ids: Sequence[Any] = table.columns[label_column]
        for label, name in zip(ids, table.columns[column], strict=True):
            if isinstance(label, bool) or not is_integer(label) or not isinstance(name, str) or not name.strip():
                return None
            pairs.add((int(label), name))
    distinct = {label for label, _ in pairs}, {name for _, name in pairs}
    return tuple(name for _, name in sorted(pairs)) if all(len(each) == len(pairs) for each in distinct) else None
