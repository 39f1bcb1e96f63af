"""A file whose rows name their split in a column -> the columns of each split."""

from collections import Counter
from dataclasses import replace
from typing import Any

from harness.data.splits import split_of
from harness.data.table import Table

SPLIT_COLUMNS = ("split", "set", "subset", "partition", "data_split", "splitset")
MOST_SHOWN = 5  # values that a note names


def divided_by_column(table: Table) -> dict[str, Table]:
    """Divide the rows of one file by a column that names the split of each.

    Args:
        table: Columns of one file alone.

    Returns:
        Split -> its columns; all are train where no column names splits. Of values that are names of no split, notes
        say that their rows were left out, or where these are the more that the column was not taken.
    """
    untaken = []
    for name in (name for name in table.columns if name.lower() in SPLIT_COLUMNS):
        others = Counter(_shown(cell) for cell in table.columns[name] if _split_in(cell) is None)
        found = {cell for cell in table.columns[name] if _split_in(cell)}
        if found and not others:
            return _divided(table, name, ())
        if len(found) >= len(others) and "train" in map(_split_in, found):
            told = ", ".join(f"{value} ({n:,})" for value, n in others.most_common(MOST_SHOWN))
            return _divided(table, name, (f"rows that column {name!r} names after no split were left out: {told}",))
        values = ", ".join(value for value, _ in others.most_common(MOST_SHOWN))
        untaken.append(f"column {name!r} was not taken for splits, since it holds {values}")
    return {"train": replace(table, notes=(*table.notes, *untaken))}


def _divided(table: Table, name: str, notes: tuple[str, ...]) -> dict[str, Table]:
    rows: dict[str, list[int]] = {}
    for row, cell in enumerate(table.columns[name]):
        if split := _split_in(cell):
            rows.setdefault(split, []).append(row)
    return {
        split: replace(
            table,
            path=f"{table.path} ({split} by its column {name!r})",
            columns={key: [column[row] for row in of_split] for key, column in table.columns.items()},
            notes=(*table.notes, f"rows were divided by the column {name!r}", *notes),
        )
        for split, of_split in rows.items()
    }


def _split_in(cell: Any) -> str | None:
    return split_of(cell.strip()) if isinstance(cell, str) else None


def _shown(cell: Any) -> str:
    return "nothing" if cell is None or cell == "" else f"{cell!r:.40}"
