"""Rows that may be no data: the only one of their class, or a sum below the others, as spreadsheets have it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.data.task import SPLITS
from harness.errors import rows_named

MOST_NAMED = 5  # of rows that are alone in their class
FEWEST_ROWS = 20  # of train; in fewer every class may have one row
# What the first cell of a spreadsheet's last row says of it, in the languages of the common ones.
SUM = re.compile(
    r"(grand |sub-?)?totals?|sums?|averages?|mean|count|all|gesamt|summe|insgesamt|total général|somme|totale|suma|"
    r"итого|всего|[合總总共小総]?[計计]|[總总]和|平均|합계|총계",
    re.IGNORECASE,
)
Cells = Mapping[str, Sequence[Any]]


def notes_on_lone_rows(texts: Cells, labels: Cells) -> list[str]:
    """Name the rows that are alone in their class or in its train rows, and last rows that look like sums.

    Args:
        texts: Split -> texts, as they were read.
        labels: Split -> labels.
    """
    notes, lone = list(_sums(texts, labels)), list(_lone(labels))
    if len(labels["train"]) >= FEWEST_ROWS:
        notes += [
            f"{split} {rows_named([row])} is the only one of {label!r}" for split, row, label in lone[:MOST_NAMED]
        ]
        if more := lone[MOST_NAMED:]:
            notes.append(f"{len(more):,} more labels have one row each")
    return notes


def _sums(texts: Cells, labels: Cells) -> Iterator[str]:
    for split, column in texts.items():
        text, label = column[-1], labels[split][-1]
        if _names_a_sum(text) or (_names_a_sum(label) and labels[split].count(label) == 1):
            cell = text if _names_a_sum(text) else label
            yield (
                f"{split} {rows_named([len(column) - 1])}, the last, was taken for data, but {cell!r} looks like a sum "
                "of the rows above: remove it if it is one"
            )


def _names_a_sum(cell: Any) -> bool:
    return isinstance(cell, str) and SUM.fullmatch(cell.strip(" :\uff1a=\t")) is not None


def _lone(labels: Cells) -> Iterator[tuple[str, int, Any]]:
    """Yield split, row and label of the only train row of a class, or the only row at all."""
    rows: dict[Any, dict[str, list[int]]] = {}
    for split in SPLITS:
        for row, label in enumerate(labels.get(split, ())):
            rows.setdefault(label, {}).setdefault(split, []).append(row)
    for label, of_label in rows.items():
        split, found = next(iter(of_label.items()))
        if len(found) == 1 and (split == "train" or len(of_label) == 1):
            yield split, found[0], label
