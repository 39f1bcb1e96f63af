"""Columns of any data set -> Task: columns chosen, labels mapped to ids, splits set aside where they are missing."""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from harness.data.categories import category_names, in_categories
from harness.data.column_choice import SET_ASIDE, choose_columns, refuse_bad_cells, refuse_hidden, why_unlabelled
from harness.data.label_texts import named_by_neighbour
from harness.data.labels import (
    alike_note,
    class_names,
    in_words,
    join_alike,
    label_ids,
    notes_on_failed_formulas,
    notes_on_missing,
    plain_labels,
)
from harness.data.lone_rows import notes_on_lone_rows
from harness.data.stratification import held_out_rows
from harness.data.table import Table
from harness.data.task import SPLITS, Provenance, Split, Task, set_aside_validation
from harness.errors import DataError


def build_task(
    name: str,
    tables: Mapping[str, Table],
    *,
    source: str,
    revision: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    label_names: Sequence[str] | None = None,
    normalise_labels: bool = False,
    test_size: float | None = None,
    split_seed: int = 0,
    notes: Sequence[str] = (),
) -> Task:
    """Make a task from the columns of its splits.

    Args:
        name: Short name of the task.
        tables: Split name -> columns; train is needed, and test unless `test_size` is given; validation is set aside
            where absent.
        source: Hub id or path, for the provenance and messages.
        revision: Commit of a hub data set.
        text_column: Column of the texts, None to guess it from the usual names.
        label_column: Column of the labels, None to guess it from the usual names.
        label_names: Class names in id order, None to take what the data declare, else sorted.
        normalise_labels: Take label names for one that differ only in case, spaces, Unicode form or a final .0.
        test_size: Share of the rows of train, above 0 and below 1, to set aside as test; where there is a test split
            without labels, this takes its place.
        split_seed: Seed of these rows.
        notes: What is known about the data already, for the provenance.

    Returns:
        The task, its provenance saying what was guessed or set aside.

    Raises:
        DataError: Where the columns cannot carry a comparison, with the row numbers.
    """
    _refuse_missing_splits(tables, source, test_size)
    tables = {split: tables[split] for split in SPLITS if split in tables}
    told = [*notes, *_notes_of_files(tables)]
    text_column, label_column = choose_columns(tables["train"], text_column, label_column, told)
    tables = in_categories(tables, label_column)
    given = tuple(label_names) if label_names else None
    single = given or category_names(tables, label_column)
    tables = plain_labels(tables, label_column, single, told)
    refuse_hidden(tables, label_column)
    tables = _without_unlabelled_test(tables, label_column, test_size, told)
    for table in tables.values():
        refuse_bad_cells(table, text_column, label_column, single or ())
    told += notes_on_failed_formulas({split: table.columns[text_column] for split, table in tables.items()})
    told += notes_on_missing(tables["train"].columns[label_column])
    told += notes_on_lone_rows(
        *({s: t.columns[name] for s, t in tables.items()} for name in (text_column, label_column))
    )
    in_files, categories = class_names(tables, label_column), category_names(tables, label_column)
    declared = given or in_files or categories
    if declared is None and label_column in tables["train"].lost_order:
        told.append(
            "labels were categories of pandas, whose order this file has not kept, so the classes are sorted "
            "(--label-names gives an order)"
        )
    if declared is None:
        tables, declared = named_by_neighbour(tables, label_column, told)
    names, labels = _labels(
        {s: t.columns[label_column] for s, t in tables.items()},
        declared,
        source,
        are_positions=True if in_files else False if declared == categories else None,
        normalise=normalise_labels,
        notes=told,
    )
    splits = {s: Split(tuple(t.columns[text_column]), labels[s]) for s, t in tables.items()}
    splits = _with_rows_set_aside(splits, test_size, split_seed, told)
    provenance = Provenance(source, revision, tuple(told))
    return Task(name, names, splits["train"], splits["validation"], splits["test"], provenance)


def _with_rows_set_aside(
    splits: Mapping[str, Split], test_size: float | None, split_seed: int, told: list[str]
) -> dict[str, Split]:
    """Return train, validation and test, those that are wanting made of rows of train."""
    made = dict(splits)
    if test_size is not None:
        made["train"], made["test"] = _set_aside_test(made["train"], test_size, split_seed, told)
    if "validation" not in made:
        n_rows = len(made["train"])
        made["train"], made["validation"] = set_aside_validation(made["train"])
        told.append(
            f"no validation split: {len(made['validation'])} of the {n_rows} rows of train, stratified, "
            "were set aside as validation"
        )
    return made


def _labels(
    cells: Mapping[str, Sequence[object]],
    declared: tuple[str, ...] | None,
    source: str,
    *,
    are_positions: bool | None,
    normalise: bool,
    notes: list[str],
) -> tuple[tuple[str, ...], dict[str, NDArray[np.int64]]]:
    if normalise:
        if declared is not None and are_positions is not False:
            cells, are_positions = in_words(cells, declared, source, are_positions=are_positions, notes=notes), False
        cells, declared, n_changed = join_alike(cells, declared)
        notes.append(f"label names were written alike in {n_changed:,} rows (--normalise-labels)")
    names, labels = label_ids(cells, declared, source, are_positions=are_positions, notes=notes)
    if alike := alike_note(names, labels.values()):
        notes.append(alike)
    return names, labels


def _refuse_missing_splits(tables: Mapping[str, Table], source: str, test_size: float | None) -> None:
    for split, purpose in (("train", "fit"), ("test", "score")):
        if split not in tables and not (split == "test" and test_size is not None):
            aside = f", or {SET_ASIDE}" if split == "test" else ""
            raise DataError(
                f"Data set {source} has no {split} split, so there is nothing to {purpose} on; it has "
                f"{', '.join(tables)}. Add a file or split named {split}{aside}."
            )
    for split in SPLITS:
        if split in tables and not any(tables[split].columns.values()):
            raise DataError(f"{tables[split].path}: the {split} split is empty. Give it at least one row.")


def _notes_of_files(tables: Mapping[str, Table]) -> list[str]:
    """Return what was told of the files, each note once with the splits whose files it is about."""
    about: dict[str, list[str]] = {}
    for split, table in tables.items():
        for note in table.notes:
            about.setdefault(note, []).append(split)
    return [f"{', '.join(splits)}: {note}" for note, splits in about.items()]


def _without_unlabelled_test(
    tables: dict[str, Table], label_column: str, test_size: float | None, notes: list[str]
) -> dict[str, Table]:
    reason = why_unlabelled(tables, label_column)
    if reason and test_size is None:
        raise DataError(f"{reason}, or {SET_ASIDE}.")
    if not reason and "test" in tables and test_size is not None:
        raise DataError(
            f"{tables['test'].path} is a labelled test split, so nothing has to be set aside. Leave out --test-size, "
            "or name the file of train alone."
        )
    if reason:
        notes.append(f"left out, {tables['test'].path}: its rows have no labels")
    return {split: table for split, table in tables.items() if not (reason and split == "test")}


def _set_aside_test(train: Split, test_size: float, seed: int, notes: list[str]) -> tuple[Split, Split]:
    if not isinstance(test_size, Real) or not 0 < test_size < 1:
        raise DataError(f"Expected test_size above 0 and below 1, the share of the rows, got {test_size!r}.")
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise DataError(f"Expected a whole number from 0 as the seed of the test rows, got {seed!r}.")
    held = held_out_rows(train.labels, round(test_size * len(train)), seed)
    if not len(held):
        raise DataError(
            "There is no test split, and none can be set aside: no two rows of one class. Check --label-column, or add "
            "rows or a test split."
        )
    notes.append(
        f"no test split: {len(held):,} of {len(train):,} rows, stratified, seed {seed}, were set aside as test"
    )
    return train.rows(np.setdiff1d(np.arange(len(train)), held)), train.rows(held)
