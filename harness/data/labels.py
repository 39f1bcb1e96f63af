"""Labels as they are written -> ids 0..k-1 and the names of the classes."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.data.column_choice import is_hidden, kind_of
from harness.data.same_texts import normalised
from harness.data.table import Table
from harness.data.task import names_shown
from harness.errors import DataError, rows_named

INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")  # as an int64 is written, so that "01" stays apart from "1"
DECIMAL_ZERO = re.compile(r"(?<=[0-9])\.0*\s*$")  # "1.0" beside "1", where tables were put together
LIST_OF_ONE = re.compile(r"""\[\s*(['"])([^'"]*)\1\s*\]""")  # as pandas writes a list into a CSV file
AS_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,17})\.0")  # how a column of whole numbers with a gap is written
# What stands where there is no label: of pandas, databases and spreadsheets, whose formulas end in such words, too.
FAILED_FORMULAS = ("#n/a", "#ref!", "#value!", "#name?", "#div/0!")
FOR_NOTHING = {*("nan", "null", "n/a", "na", "<na>", "nil"), *FAILED_FORMULAS}
MOST_ALIKE = 5  # groups of names that a note shows

Cells = Mapping[str, Sequence[Any]]


def class_names(tables: Mapping[str, Table], label_column: str) -> tuple[str, ...] | None:
    """Return the class names that the files themselves declare, None where none does.

    Raises:
        DataError: Where splits declare different ones.
    """
    declared = {s: t.class_names[label_column] for s, t in tables.items() if label_column in t.class_names}
    if len(set(declared.values())) > 1:
        raise DataError(
            f"{tables['train'].path}, column {label_column!r}: {' and '.join(declared)} name the classes "
            "differently, so the same id means different things. Write all splits with one list of names."
        )
    return next(iter(declared.values()), None)


def plain_labels(
    tables: Mapping[str, Table], label_column: str, names: Sequence[str] | None, notes: list[str]
) -> dict[str, Table]:
    """Take labels out of lists of one, and whole numbers that were written with a point, where all rows hold such.

    Args:
        tables: Split -> columns, not all with labels perhaps.
        label_column: Column of the labels.
        names: Class names that were given or are categories: labels that are written like them stay as they are.
        notes: Gets a sentence on what was done.

    Returns:
        The tables, with labels that are names or ids.
    """
    given, known = (
        {split: table.columns.get(label_column, []) for split, table in tables.items()},
        frozenset(names or ()),
    )
    cells = [cell for column in given.values() for cell in column]
    if cells and all(isinstance(cell, list | tuple) and len(cell) == 1 for cell in cells):
        notes.append(f"each cell of {label_column!r} is a list of one label, which was taken")
        taken = {split: [cell[0] for cell in column] for split, column in given.items()}
    elif cells and all(isinstance(cell, str) and LIST_OF_ONE.fullmatch(cell) for cell in cells):
        notes.append(f"each cell of {label_column!r} is a list of one label, which was taken")
        taken = {split: [LIST_OF_ONE.sub(r"\2", cell) for cell in column] for split, column in given.items()}
    elif known and all(isinstance(cell, str | int | float) and str(cell) in known for cell in cells):
        taken = {split: [str(cell) for cell in column] for split, column in given.items()}
    elif cells and all(isinstance(cell, float) and cell.is_integer() for cell in cells):
        notes.append(f"labels written as {cells[0]!r} were taken for whole numbers")
        taken = {split: [int(cell) for cell in column] for split, column in given.items()}
    elif cells and all(isinstance(cell, str) and AS_FLOAT.fullmatch(cell) for cell in cells):
        notes.append(f"labels written as {cells[0]!r} were taken for whole numbers")
        taken = {split: [_without_point(cell) for cell in column] for split, column in given.items()}
    else:
        return dict(tables)
    labels = {split: {label_column: column} if column else {} for split, column in taken.items()}
    return {split: replace(table, columns=table.columns | labels[split]) for split, table in tables.items()}


def notes_on_missing(labels: Iterable[Any]) -> list[str]:
    """Name the labels of train that elsewhere stand for a missing one, a sentence each."""
    return [
        f"label {label!r} occurs in train and was taken for a class; elsewhere it often marks a missing label"
        for label in sorted({label for label in labels if isinstance(label, str | int)}, key=str)
        if is_hidden(label) or str(label).strip().casefold() in FOR_NOTHING or label == str(None)
    ]


def notes_on_failed_formulas(texts: Mapping[str, Sequence[Any]]) -> list[str]:
    """Name the texts that a spreadsheet left where it took the text, such as "=)" or "-x", for a formula.

    Args:
        texts: Split -> cells.
    """
    rows = {split: [i for i, cell in enumerate(cells) if _is_failed(cell)] for split, cells in texts.items()}
    return [
        f"{split} {rows_named(found, 'hold')} {texts[split][found[0]]!r} in place of a text, as spreadsheets write "
        "where a formula fails"
        for split, found in rows.items()
        if found
    ]


def _is_failed(cell: Any) -> bool:
    return isinstance(cell, str) and cell[:1] == "#" and cell.strip().casefold() in FAILED_FORMULAS


def label_ids(
    cells: Cells, declared: Sequence[str] | None, source: str, *, are_positions: bool | None, notes: list[str]
) -> tuple[tuple[str, ...], dict[str, NDArray[np.int64]]]:
    """Map labels to ids 0..k-1; names sort as text, ids as numbers, unless `declared` gives the order.

    Args:
        cells: Split -> labels.
        declared: Class names in id order.
        source: Where the data come from, for messages.
        are_positions: Whether labels are positions in `declared` or its names; None where they are names if all are.
        notes: Gets a sentence where ids begin at 1.

    Raises:
        DataError: For labels of two kinds, and for one that is not declared.
    """
    _refuse_mixed_kinds(cells, source)
    values = {cell for column in cells.values() for cell in column}
    if declared is None:
        ordered = sorted(values, key=int if all(map(is_integer, values)) else None)
        ids, names = {v: i for i, v in enumerate(ordered)}, tuple(str(v) for v in ordered)
    else:
        ids, names = _declared_ids(values, declared, are_positions, notes), tuple(declared)
        _refuse_undeclared(cells, ids, declared, source)
    return names, {s: np.array([ids[c] for c in column], dtype=np.int64) for s, column in cells.items()}


def _refuse_mixed_kinds(cells: Cells, source: str) -> None:
    first: dict[type, str] = {}
    for split, column in cells.items():
        for row, cell in enumerate(column):
            if type(cell) not in first:
                first[type(cell)] = f"{split} {rows_named([row])} holds {kind_of(cell)}"
    if len(first) > 1:
        raise DataError(
            f"Data set {source}: labels must be all ids or all names, but {' and '.join(first.values())}. "
            "Write all labels alike."
        )


def _declared_ids(
    values: set[Any], declared: Sequence[str], are_positions: bool | None, notes: list[str]
) -> dict[Any, int]:
    """Map a label to the position of its name in `declared`, or take the label for that position itself."""
    by_name = _by_name(values, declared)
    if not _are_positions(values, declared, are_positions):
        return by_name
    if by_name and not are_positions:
        notes.append(
            f"labels were taken for positions in the list of names, from 0 ({declared[0]}), since not all of them are "
            "names themselves"
        )
    kind = type(next(iter(values)))
    numbers = {int(value) for value in values}
    first = int(not are_positions and kind is not bool and min(numbers) == 1 and max(numbers) == len(declared))
    if first:
        notes.append(f"label ids begin at 1, so the names were given to 1 ({declared[0]}) to {len(declared)}")
    elif not are_positions and 0 not in numbers:
        notes.append(f"the names were given to ids from 0, but no row has id 0 ({declared[0]})")
    return {kind(i + first): i for i in reversed(range(len(declared)))}  # reversed: bool(1) stays 1


def _by_name(values: set[Any], declared: Sequence[str]) -> dict[Any, int]:
    """Map each label that is a name, or would be but for a final .0, to its position."""
    by_name = {name: i for i, name in enumerate(declared)}
    if all(str(value) in by_name for value in values):
        return {value: by_name[str(value)] for value in values}
    plain = {_without_point(name): i for name, i in by_name.items()}
    if len(plain) < len(by_name):
        return {value: by_name[str(value)] for value in values if str(value) in by_name}
    written = {value: _without_point(str(value)) for value in values}
    return {value: plain[name] for value, name in written.items() if name in plain}


def _are_positions(values: set[Any], declared: Sequence[str], known: bool | None) -> bool:
    return (len(_by_name(values, declared)) < len(values) and all(map(is_integer, values))) if known is None else known


def _without_point(label: str) -> str:
    return label.removesuffix(".0") if AS_FLOAT.fullmatch(label) else label


def in_words(
    cells: Cells, declared: Sequence[str], source: str, *, are_positions: bool | None, notes: list[str]
) -> Cells:
    """Write names in the place of labels that are positions; arguments and errors as of `label_ids`."""
    _refuse_mixed_kinds(cells, source)
    if not _are_positions({cell for column in cells.values() for cell in column}, declared, are_positions):
        return cells
    _, ids = label_ids(cells, declared, source, are_positions=True if are_positions else None, notes=notes)
    return {split: [declared[i] for i in column] for split, column in ids.items()}


def is_integer(label: Any) -> bool:
    """Return whether a label is a whole number, or text that int64 would be written as."""
    return isinstance(label, int) or INTEGER.fullmatch(label) is not None


def _refuse_undeclared(cells: Cells, ids: Mapping[Any, int], declared: Sequence[str], source: str) -> None:
    for split, column in cells.items():
        if unknown := [i for i, cell in enumerate(column) if cell not in ids]:
            raise DataError(
                f"Data set {source}: its {len(declared)} classes are {names_shown(declared)}, but {split} "
                f"{rows_named(unknown, 'hold')} {column[unknown[0]]!r}. Mend the labels or the list of names."
            )


def join_alike(
    cells: Cells, declared: Sequence[str] | None
) -> tuple[dict[str, list[Any]], tuple[str, ...] | None, int]:
    """Write label names alike that differ only in case, spaces, Unicode form or a final .0.

    Args:
        cells: Split -> labels; those that are no text stay as they are.
        declared: Class names in id order.

    Returns:
        The labels, each spelt as declared, else as most rows spell it, without spaces at the ends and in NFC; the
        declared names, each once; and how many cells changed.
    """
    counts = Counter(cell for column in cells.values() for cell in column if isinstance(cell, str))
    kept: dict[str, str] = {}
    for name in (*(declared or ()), *sorted(counts, key=lambda name: (-counts[name], name))):
        kept.setdefault(_key(name), name if declared else unicodedata.normalize("NFC", " ".join(name.split())))
    joined = {s: [kept[_key(c)] if isinstance(c, str) else c for c in column] for s, column in cells.items()}
    n_changed = sum(a != b for s, column in cells.items() for a, b in zip(column, joined[s], strict=True))
    names = tuple(dict.fromkeys(kept[_key(name)] for name in declared)) if declared is not None else None
    return joined, names, n_changed


def alike_note(names: Sequence[str], labels: Iterable[NDArray[np.int64]]) -> str | None:
    """Name the classes that a person takes for one.

    Args:
        names: Class names in id order.
        labels: Class ids of each split, int64 (n,).

    Returns:
        A sentence with the rows of each, None where all names differ in more.
    """
    rows = sum(np.bincount(of_split, minlength=len(names)) for of_split in labels)
    groups: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        groups.setdefault(_key(name), []).append(i)
    alike = [group for group in groups.values() if len(group) > 1]
    if not alike:
        return None
    shown = "; ".join(
        " and ".join(f"{_told_apart(names[i])} ({int(np.asarray(rows)[i]):,} rows)" for i in group)
        for group in alike[:MOST_ALIKE]
    )
    more = f"; and {len(alike) - MOST_ALIKE} more such groups" if len(alike) > MOST_ALIKE else ""
    return (
        "label names that differ only in case, spaces, Unicode form or a final .0 are classes of their own: "
        f"{shown}{more} (--normalise-labels joins them)"
    )


def _key(name: str) -> str:
    """Return what a person reads of a name: as for texts, but letters of one width and none that is invisible."""
    if name.isascii():
        return normalised(DECIMAL_ZERO.sub("", name))
    visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf")
    return normalised(unicodedata.normalize("NFKC", visible))


def _told_apart(name: str) -> str:
    """Quote a name; letters that are written as a base and a mark are spelt out, or it would look like another."""
    return repr(name) if unicodedata.is_normalized("NFC", name) else ascii(name)
