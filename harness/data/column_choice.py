"""The choice of the columns of texts and of labels, and the check that every cell can be one."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from harness.data.several_labels import IF_ONE, SEVERAL, rows_of_several_labels
from harness.data.table import Table
from harness.data.usual_names import LABEL_NAMES, PAIRS, TEXT_NAMES
from harness.errors import DataError, did_you_mean, rows_named

USUAL = {"text": TEXT_NAMES, "label": LABEL_NAMES}
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
FEWEST_SCORES = 10  # rows of which more than half differ
HIDDEN = -1  # what the hub's benchmarks put where a test label is kept secret
SET_ASIDE = "set labelled rows of train aside as test with --test-size 0.2"


def choose_columns(table: Table, text: str | None, label: str | None, notes: list[str]) -> tuple[str, str]:
    """Choose the columns of texts and labels.

    Args:
        table: Columns of train.
        text: Column of the texts, None to guess it from the usual names.
        label: Column of the labels, None to guess it from the usual names.
        notes: Gets a sentence for each guess that is not a usual name of ours.

    Raises:
        DataError: Where a name is no column, none has a usual name, both are the same, or texts come in pairs.
    """
    if table.numbered and text is None and label is None and len(table.columns) == 2:  # noqa: PLR2004
        return _by_repetition(table, notes)
    chosen = choose_text_column(table, text, notes), _choose(table, label, "label", notes)
    if chosen[0] == chosen[1]:
        raise DataError(
            f"{table.path}: column {chosen[0]!r} cannot be both text and label. "
            "Name two with --text-column and --label-column."
        )
    return chosen


def choose_text_column(table: Table, text: str | None, notes: list[str]) -> str:
    """Choose the column of the texts; arguments and errors as of `choose_columns`."""
    return _choose(table, text, "text", notes)


def _by_repetition(table: Table, notes: list[str]) -> tuple[str, str]:
    """Take, of two columns without names, the one with fewer different cells for the labels."""
    first, second = sorted(table.columns, key=lambda name: len(set(table.columns[name])), reverse=True)
    if len(set(table.columns[first])) == len(set(table.columns[second])):
        raise DataError(
            f"{table.path} has no header, and neither of its two columns repeats more than the other. Name them in "
            "order, such as --columns text,label."
        )
    notes.append(f"no header: column {first} was taken for the text, column {second} for the label (--columns differs)")
    return first, second


def _choose(table: Table, given: str | None, kind: str, notes: list[str]) -> str:
    if given is not None:
        return _given(table, given, kind)
    by_lower = {name.lower(): name for name in reversed(table.columns)}
    if kind == "text" and (pair := next((p for p in PAIRS if p[0] in by_lower and p[1] in by_lower), None)):
        raise DataError(_two_texts(table, [by_lower[name] for name in pair]))
    for name in USUAL[kind]:
        if name in by_lower:
            if by_lower[name] != kind:
                taken = f"{by_lower[name]!r} was taken for the {kind} column"
                notes.append(f"{taken} (--{kind}-column names another)")
            return by_lower[name]
    if kind == "label" and (found := next((name for name in table.unreadable if name.lower() in LABEL_NAMES), None)):
        raise DataError(f"{table.path}, column {found!r} holds {table.unreadable[found]} in each row. {SEVERAL}")
    raise DataError(
        f"{table.path}: none of its columns ({', '.join(table.columns)}) has a usual name for the {kind}. "
        f"Name it with --{kind}-column.{_of_flags(table)} {table.hint}".rstrip()
    )


def _given(table: Table, given: str, kind: str) -> str:
    if given in table.columns:
        return given
    if given in table.unreadable:
        raise DataError(
            f"{table.path}, column {given!r} holds {table.unreadable[given]} in each row, which is no {kind}. "
            + (SEVERAL if kind == "label" else "Name another --text-column.")
        )
    parts = [part.strip() for part in given.split(",")]
    if kind == "text" and len(parts) > 1 and all(part in table.columns for part in parts):
        raise DataError(_two_texts(table, parts))
    hint = did_you_mean(given, table.columns)
    raise DataError(f"{table.path}: --{kind}-column {given!r} is no column there. {hint}")


def _two_texts(table: Table, names: Sequence[str]) -> str:
    joined = ' + " [SEP] " + '.join(f"row[{name!r}]" for name in names)
    return (
        f"{table.path}: columns {' and '.join(map(repr, names))} are a pair of texts, and a strategy reads one text a "
        f"row. Join both into one column, {joined} for an encoder whose separator is [SEP], or take one of them with "
        f"--text-column {names[-1]}."
    )


def _of_flags(table: Table) -> str:
    """Say where columns are 0 or 1 in each row, as sets with several labels a text are often written."""
    flags = [name for name, cells in table.columns.items() if cells and {str(cell) for cell in cells} <= {"0", "1"}]
    if len(flags) < 2:  # noqa: PLR2004
        return ""
    return f" Columns {', '.join(flags)} hold 0 and 1 alone; perhaps each stands for a label. {SEVERAL}"


def refuse_bad_cells(table: Table, text_column: str, label_column: str, names: Collection[str] = ()) -> None:
    """Refuse cells that are no text or no label.

    Args:
        table: Columns of a split.
        text_column: Column of the texts.
        label_column: Column of the labels.
        names: Class names that are known; such a label is one, whatever it is made of.

    Raises:
        DataError: With the rows, where a column is missing or a cell is not what it should be.
    """
    for column in (text_column, label_column):
        if column not in table.columns:
            raise DataError(
                f"{table.path} has no column {column!r}, which train has; it has {', '.join(table.columns)}. Name it "
                "alike in all files, or leave this one out."
            )
    refuse_bad_texts(table.columns[text_column], f"{table.path}, column {text_column!r}")
    _refuse_bad_labels(table.columns[label_column], f"{table.path}, column {label_column!r}", names)


def refuse_bad_texts(texts: Iterable[Any], where: str, n_before: int = 0) -> None:
    """Refuse cells that are no text.

    Args:
        texts: The cells.
        where: File and column, for the message.
        n_before: Rows before the first of them.

    Raises:
        DataError: With the rows.
    """
    rows = dict(enumerate(texts, n_before))
    if wrong := [row for row, text in rows.items() if not isinstance(text, str)]:
        raise DataError(
            f"{where}: expected text, but {rows_named(wrong, 'hold')} {kind_of(rows[wrong[0]])}. "
            "Mend or remove these rows, or name another --text-column."
        )
    refuse_broken_characters(rows.values(), where, n_before)


def _refuse_bad_labels(labels: Sequence[Any], where: str, names: Collection[str]) -> None:
    if missing := [i for i, label in enumerate(labels) if is_missing(label)]:
        raise DataError(
            f"{where}: {rows_named(missing, 'have')} no label. Label or remove these rows; none is dropped silently."
        )
    if several := rows_of_several_labels(labels, names):
        raise DataError(
            f"{where}: {rows_named(several, 'hold')} a list of labels ({labels[several[0]]!r:.60}). {SEVERAL}"
            + f" {IF_ONE}" * isinstance(labels[several[0]], str)
        )
    if _are_scores(labels):
        raise DataError(
            f"{where}: {len(set(labels)):,} different numbers in {len(labels):,} rows, such as {labels[0]!r:.40}: a "
            "score to be predicted (regression), not a class. Name another --label-column, or make classes of the "
            "numbers."
        )
    if wrong := [i for i, label in enumerate(labels) if not isinstance(label, str | int)]:
        raise DataError(
            f"{where}: expected a class id or name, but {rows_named(wrong, 'hold')} {kind_of(labels[wrong[0]])}. "
            "Name another --label-column, or turn these into names."
        )
    refuse_broken_characters(map(str, labels), where)


def _are_scores(labels: Sequence[Any]) -> bool:
    """Return whether labels are numbers with decimals, more than half of them different."""
    texts = [str(label) for label in labels if isinstance(label, str | int | float)]
    if len(texts) < len(labels) or len(texts) < FEWEST_SCORES or 2 * len(set(texts)) <= len(texts):
        return False
    return all(map(NUMBER.fullmatch, texts)) and any("." in text for text in texts)


def refuse_broken_characters(cells: Iterable[str], where: str, n_before: int = 0) -> None:
    """Refuse texts that no tokenizer takes; arguments and errors as of `refuse_bad_texts`."""
    if broken := [i for i, cell in enumerate(cells, n_before) if not _is_unicode(cell)]:
        raise DataError(
            f"{where}: {rows_named(broken, 'hold')} half of a surrogate pair, which is no character. "
            "Mend or remove these rows."
        )


def is_missing(label: Any) -> bool:
    """Return whether a cell holds no label."""
    if isinstance(label, str):
        return not label.strip()
    return label is None or (isinstance(label, float) and label != label)  # noqa: PLR0124 - NaN


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def kind_of(cell: Any) -> str:
    """Return what a cell is, for a message."""
    return "nothing (null)" if cell is None else f"{type(cell).__name__} ({cell!r:.40})"


def is_hidden(label: Any) -> bool:
    """Return whether a label is what benchmarks put in the place of one they keep secret."""
    return label in (HIDDEN, str(HIDDEN))


def refuse_hidden(tables: Mapping[str, Table], label_column: str) -> None:
    """Refuse validation and test rows whose labels are kept secret, but for a test split without any label.

    Raises:
        DataError: With the rows.
    """
    if any(map(is_hidden, tables["train"].columns[label_column])):
        return
    for split in ("validation", "test"):
        table = tables.get(split)
        cells = table.columns.get(label_column, []) if table else []
        hidden = [i for i, cell in enumerate(cells) if is_hidden(cell)]
        alone = all(is_hidden(cell) or is_missing(cell) for cell in cells)
        if not table or not hidden or (alone and split == "test"):
            continue
        where = f"{table.path}, column {label_column!r}"
        if alone:
            raise DataError(
                f"{where}: every label is hidden (-1), so there is nothing to choose by. Label the rows, or leave this "
                "split out: rows of train are then set aside for it."
            )
        raise DataError(
            f"{where}: {rows_named(hidden, 'have')} a hidden label (-1), {len(hidden):,} of {len(cells):,} rows. Label "
            "or remove these rows; none is dropped silently."
        )


def why_unlabelled(tables: Mapping[str, Table], label_column: str) -> str | None:
    """Say why the test split cannot be scored on and what mends it, without a full stop; None where it is labelled."""
    if "test" not in tables:
        return None
    table = tables["test"]
    if label_column not in table.columns:
        return (
            f"{table.path} has no column {label_column!r}, which train has; it has {', '.join(table.columns)}. Rows "
            "without labels cannot be scored. If its labels have another name, name both alike"
        )
    cells = table.columns[label_column]
    where = f"{table.path}, column {label_column!r}"
    if cells and all(map(is_missing, cells)):
        return f"{where}: no row has a label, so there is nothing to score on. Label its rows"
    in_train = tables["train"].columns[label_column]
    placeholder = cells[0] if cells and isinstance(cells[0], str | int) and not is_hidden(cells[0]) else None
    if placeholder is not None and all(cell == placeholder for cell in cells) and placeholder not in in_train:
        return (
            f"{where}: every row carries {placeholder!r:.40}, which no row of train does, as where labels are hidden. "
            "Label its rows"
        )
    hidden = [i for i, cell in enumerate(cells) if is_hidden(cell)]
    if hidden and all(is_hidden(c) or is_missing(c) for c in cells) and not any(map(is_hidden, in_train)):
        return (
            f"{where}: the labels of {rows_named(hidden)} are hidden (-1), so there is nothing to score on. Use a "
            "labelled split, such as validation, as test"
        )
    return None
