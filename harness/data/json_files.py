"""JSON files -> columns: one object a line, a list of objects, such a list under a key, or what pandas writes."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.data.decoding import ending, read_text
from harness.data.delimited_files import filled_lines
from harness.data.table import ReadOptions, Table
from harness.data.usual_names import LABEL_NAMES, TEXT_NAMES
from harness.errors import DataError, rows_named

DEEPEST = 3  # keys above the rows


class _RepeatedKeyError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _RepeatedKeyError
    return result


_DECODER = json.JSONDecoder(object_pairs_hook=_object)  # json.loads would make one for every row


def read_json(path: Path, options: ReadOptions) -> Table:
    """Read rows as JSON, whichever of the two ways the ending promises.

    Raises:
        DataError: Where it is neither one object a line nor one value, where rows differ in their columns, or where
            rows lie in several places.
    """
    options.refuse_for(str(path), "a JSON file", encoded=True)
    content, notes = read_text(path, options.encoding)
    told: list[str] = []
    lines = list(filled_lines(content.split("\n"), told))
    if not lines:
        raise DataError(f"{path} is empty. It needs at least one row.")
    if _is_one_a_line(path, lines):
        return _from_objects(path, [parse_json(path, line, row) for row, line in enumerate(lines)], (*notes, *told))
    return _from_value(path, parse_json(path, content), notes)


def _is_one_a_line(path: Path, lines: list[str]) -> bool:
    """Return whether each line is a row: not where the first one is no object but all of them together are JSON."""
    by_ending = ending(path) != ".json"
    if isinstance(value_of(lines[0]), dict):
        return by_ending or len(lines) > 1
    return by_ending and value_of("\n".join(lines)) is None


def value_of(text: str) -> Any:
    """Return what a text is as JSON, None where it is none."""
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def parse_json(path: Path, text: str, row: int | None = None) -> Any:
    """Return what a text is as JSON.

    Args:
        path: Where it comes from.
        text: The whole file, or one line of it.
        row: Number of that line's row, from 0.

    Raises:
        DataError: Where it is no JSON, or has a key twice.
    """
    try:
        return _DECODER.decode(text)
    except _RepeatedKeyError:
        problem, cause = "column names must differ, but one comes twice.", None
    except (ValueError, RecursionError) as error:
        problem, cause = f"expected valid JSON: {error}. Mend or remove it.", error
    where = f"{path}, {rows_named([row])}" if row is not None else str(path)
    raise DataError(f"{where}: {problem}") from cause


def _from_value(path: Path, value: Any, notes: tuple[str, ...]) -> Table:
    if isinstance(value, list):
        return _from_objects(path, value, notes)
    if isinstance(value, dict):
        if columns := _columns_of_pandas(path, value):
            return Table(str(path), columns, notes=notes)
        if all(isinstance(row, dict) and not _usual(value) and _usual(row) for row in value.values()):
            return _from_objects(path, list(value.values()), notes)  # orient="index" of pandas
        found = list(_lists_of_objects(value))
        found = [(key, rows) for key, rows in found if _usual(rows[0])] or found
        if len(found) == 1:
            key, rows = found[0]
            return _from_objects(path, rows, (*notes, f"rows were read from under the key {key!r}"))
        if found:
            keys = ", ".join(repr(key) for key, _ in found)
            raise DataError(
                f"{path} holds rows under several keys ({keys}). Write those of each split to its own file."
            )
    raise DataError(
        f"{path}: expected a list, one object a row, or such a list under a key, got {type(value).__name__}. "
        "Write one object a row."
    )


def _usual(names: Iterable[str]) -> bool:
    return any(name.lower() in (*TEXT_NAMES, *LABEL_NAMES) for name in names)


def _lists_of_objects(value: Mapping[str, Any], above: str = "", depth: int = 1) -> Iterator[tuple[str, list[Any]]]:
    """Yield the lists of objects below a value, each with its keys."""
    for key, below in value.items():
        if isinstance(below, list) and below and isinstance(below[0], dict):
            yield above + key, below
        elif isinstance(below, dict) and depth < DEEPEST:
            yield from _lists_of_objects(below, f"{above}{key}.", depth + 1)


def _columns_of_pandas(path: Path, value: Mapping[str, Any]) -> dict[str, list[Any]] | None:
    """Return the columns of what `DataFrame.to_json` and `to_dict` write column by column, None for anything else.

    Either each column is a list, or an object of row names and cells.

    Raises:
        DataError: Where a column comes twice, or columns differ in their rows.
    """
    if value.keys() == {"columns", "index", "data"} and isinstance(value["columns"], list):  # orient="split"
        names, rows = value["columns"], value["data"]
        if isinstance(rows, list) and all(isinstance(row, list) and len(row) == len(names) for row in rows):
            if len({*map(str, names)}) < len(names):
                raise DataError(f"{path}: column names must differ, but one comes twice.")
            return {str(name): [row[i] for row in rows] for i, name in enumerate(names)}
        return None
    if not _usual(value):
        return None
    columns = list(value.values())
    if not (all(isinstance(each, list) for each in columns) or all(isinstance(each, dict) for each in columns)):
        return None
    first = columns[0]
    if any(len(each) != len(first) or (isinstance(each, dict) and each.keys() != first.keys()) for each in columns):
        lengths = " and ".join(f"{name!r} ({len(each):,})" for name, each in value.items())
        raise DataError(f"{path}: expected columns of the same rows, got {lengths}. Write one object a row.")
    if isinstance(first, list):
        return dict(value)
    return {name: [column[row] for row in first] for name, column in value.items()}  # whatever order each is in


def _from_objects(path: Path, rows: list[Any], notes: tuple[str, ...]) -> Table:
    if not rows:
        raise DataError(f"{path} is empty. It needs at least one row.")
    refuse_others_than_objects(path, rows)
    names = dict.fromkeys(name for row in rows for name in row)
    return Table(str(path), {name: [row.get(name) for row in rows] for name in names}, notes=notes)


def refuse_others_than_objects(path: Path, rows: Iterable[Any], n_before: int = 0) -> None:
    """Refuse rows that are no objects.

    Args:
        path: Where they come from.
        rows: Values of JSON.
        n_before: Rows before the first of them.

    Raises:
        DataError: With the rows.
    """
    if wrong := [i for i, row in enumerate(rows, n_before) if not isinstance(row, dict)]:
        raise DataError(f"{path}: expected one JSON object a row, but {rows_named(wrong, 'are')} none.")
