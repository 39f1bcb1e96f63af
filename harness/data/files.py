"""Local files -> columns, every cell as it was written: nothing guessed, nothing dropped."""

import csv
import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import DataError, did_you_mean, rows_named

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
SHARD = re.compile(r"-(\d{5})-of-(\d{5})(-[0-9a-f]{16})?$")  # the hub's numbering of a split's parts
ORDER_FILE = "labels.txt"


@dataclass(frozen=True)
class Table:
    """Columns of one split.

    Args:
        path: Where they come from, for messages.
        columns: Column name -> n cells.
        class_names: Column name -> names of its ids, where the file declares them.
    """

    path: str
    columns: dict[str, list[Any]]
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)


def find_split_files(location: str) -> dict[str, list[Path]]:
    """Find the files of each split in a folder, or in a comma-separated list of files.

    Args:
        location: A folder, also one that keeps its files in `data/`, or `train.csv,test.csv`.

    Returns:
        Split name -> files, in order.

    Raises:
        DataError: Where no file is named after a split, a listed one is not, two files claim the same split,
            or a numbered part is missing.
    """
    folder = os.path.expanduser(location)  # Path.is_dir would raise for a list longer than a name may be
    listed = _in_folder(Path(folder)) if os.path.isdir(folder) else _in_list(location)
    found: dict[str, list[Path]] = {}
    for path in listed:
        if split := _split_of(path):
            found.setdefault(split, []).append(path)
    if not found:
        seen = ", ".join(path.name for path in listed[:5]) or "no such file"
        raise DataError(_expected(location, f"found {seen}"))
    return {split: _in_order(split, paths, location) for split, paths in found.items()}


def _in_folder(folder: Path) -> list[Path]:
    """List the files that have a reader; `data/` counts where no file beside it is a split."""
    above, below = (
        sorted(f for f in place.glob("*") if f.is_file() and f.suffix.lower() in READERS)
        for place in (folder, folder / "data")
    )
    return above if any(map(_split_of, above)) or not below else below


def _in_list(location: str) -> list[Path]:
    listed = [Path(part.strip()).expanduser() for part in location.split(",") if part.strip()]
    if missing := [path for path in listed if not os.path.isfile(path)]:
        hint = did_you_mean(missing[0].name, [path.name for path in _in_folder(missing[0].parent)])
        raise DataError(f"Data set file {', '.join(map(str, missing))} does not exist. {hint}")
    if nameless := [path.name for path in listed if _split_of(path) is None]:
        raise DataError(_expected(location, f"{', '.join(nameless)} is named otherwise"))
    return listed


def _expected(location: str, instead: str) -> str:
    return (
        f"{location}: expected files named train, validation and test, ending in {', '.join(READERS)}; "
        f"{instead}. Rename the files after their splits."
    )


def _split_of(path: Path) -> str | None:
    stem = SHARD.sub("", path.stem).lower()
    return next((split for split, names in SPLIT_NAMES.items() if stem in names), None)


def _in_order(split: str, paths: list[Path], location: str) -> list[Path]:
    """Put the numbered parts of a split in order; one file is in order."""
    numbers = [SHARD.search(path.stem) for path in paths]
    names = ", ".join(path.name for path in paths[:5]) + (", ..." if paths[5:] else "")
    if paths[1:] and not all(numbers):
        raise DataError(f"{location}: several files claim to be the {split} split: {names}. Keep one.")
    parts = {(int(n[1]), int(n[2])): path for n, path in zip(numbers, paths, strict=True) if n}
    if not parts:
        return paths
    n_parts = max(total for _, total in parts)
    if len(parts) < len(paths) or parts.keys() != {(i, n_parts) for i in range(n_parts)}:
        raise DataError(
            f"{location}: expected {n_parts} numbered parts of the {split} split, each once, found {names}. "
            "Fetch those that are missing, or remove those of another version."
        )
    return [parts[key] for key in sorted(parts)]


def declared_order(location: str) -> tuple[str, ...] | None:
    """Return the class names of `labels.txt` in a data set's folder, one a line, id 0 first."""
    file = Path(location).expanduser() / ORDER_FILE
    if not os.path.isfile(file):
        return None
    return tuple(line.strip() for line in _decode(file).splitlines() if line.strip())


def read_split(paths: Sequence[Path]) -> Table:
    """Read the files of one split.

    Args:
        paths: One file, or its numbered parts in order.

    Returns:
        Their columns.

    Raises:
        DataError: For an ending nobody reads, bad UTF-8, ragged rows, duplicate columns, parts that differ in
            their columns or in the names of their classes.
    """
    tables = []
    for path in paths:
        reader = READERS.get(path.suffix.lower())
        if reader is None:
            raise DataError(f"{path}: expected a file ending in {', '.join(READERS)}. Convert it to one.")
        tables.append(reader(path))
    first = tables[0]
    for table in tables[1:]:
        if table.columns.keys() != first.columns.keys():
            got = ", ".join(table.columns)
            raise DataError(f"{table.path}: expected the columns of {first.path}, got {got}.")
        if table.class_names != first.class_names:
            raise DataError(f"{table.path}: expected the class names of {first.path}. Write both alike.")
        for name, cells in table.columns.items():
            first.columns[name].extend(cells)
    n_more = len(tables) - 1
    return replace(first, path=f"{first.path} and {n_more} more parts, rows counted on") if n_more else first


def _decode(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # `start` counts from after a byte order mark
        byte = f"0x{error.object[error.start]:02x}"
        raise DataError(f"{path}, line {line}: byte {byte} is not UTF-8. Save the file as UTF-8.") from error


def _read_delimited(path: Path, delimiter: str) -> Table:
    content = _decode(path)
    header = content.split("\n", 1)[0]
    if delimiter not in header and ";" in header:
        delimiter = ";"
    rows = _rows(path, content, delimiter)
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise DataError(f"{path} is empty. It needs a header and at least one row.")
    names, cells = rows[0], rows[1:]
    _refuse_repeated(path, names)
    if ragged := [i for i, row in enumerate(cells) if len(row) != len(names)]:
        raise DataError(
            f"{path}: the header has {len(names)} columns, but {rows_named(ragged, 'have')} another number "
            f"({len(cells[ragged[0]])} in the first). Quote cells that hold the delimiter {delimiter!r}."
        )
    return Table(str(path), {name: [row[i] for row in cells] for i, name in enumerate(names)})


def _rows(path: Path, content: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    rows, begin = [], 1
    try:
        for row in reader:
            rows.append(row)
            begin = reader.line_num + 1
    except csv.Error as error:
        hint = "A quoted cell may lack its closing quote."
        raise DataError(f"{path}, line {begin}: {error}. {hint}") from error
    return rows


def _refuse_repeated(path: Path, names: list[str]) -> None:
    if repeated := [name for name, times in Counter(names).items() if times > 1]:
        twice = ", ".join(map(repr, repeated))
        raise DataError(f"{path}: column names must differ, but {twice} comes twice. Rename or remove one.")


def _read_csv(path: Path) -> Table:
    return _read_delimited(path, ",")


def _read_tsv(path: Path) -> Table:
    return _read_delimited(path, "\t")


class _RepeatedKeyError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise _RepeatedKeyError
    return result


_DECODER = json.JSONDecoder(object_pairs_hook=_object)  # json.loads would make one for every row


def _read_jsonl(path: Path) -> Table:
    lines = _decode(path).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return _from_objects(path, [_parse(path, line, row) for row, line in enumerate(lines)])


def _parse(path: Path, text: str, row: int | None = None) -> Any:
    try:
        return _DECODER.decode(text)
    except _RepeatedKeyError:
        problem, cause = "column names must differ, but one comes twice.", None
    except (ValueError, RecursionError) as error:
        problem, cause = f"expected valid JSON: {error}. Mend or remove it.", error
    where = f"{path}, {rows_named([row])}" if row is not None else str(path)
    raise DataError(f"{where}: {problem}") from cause


def _read_json(path: Path) -> Table:
    content = _parse(path, _decode(path))
    if not isinstance(content, list):
        raise DataError(f"{path}: expected a list, one object a row, got {type(content).__name__}.")
    return _from_objects(path, content)


def _from_objects(path: Path, rows: list[Any]) -> Table:
    if not rows:
        raise DataError(f"{path} is empty. It needs at least one row.")
    if wrong := [i for i, row in enumerate(rows) if not isinstance(row, dict)]:
        raise DataError(f"{path}: expected one JSON object a row, but {rows_named(wrong, 'are')} none.")
    names = rows[0].keys()
    if ragged := [i for i, row in enumerate(rows) if row.keys() != names]:
        raise DataError(
            f"{path}: every row needs the columns of row 1 ({', '.join(names)}), but {rows_named(ragged, 'have')} "
            f"others ({', '.join(rows[ragged[0]]) or 'none'} in the first). Write all columns in each."
        )
    return Table(str(path), {name: [row[name] for row in rows] for name in names})


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:  # read_table would add a column for a folder named "key=value"
            table = file.read()
        table.validate(full=True)  # finds text that is not UTF-8
        columns = [column.to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(f"{path} cannot be read as parquet: {error}. Write the file again.") from error
    _refuse_repeated(path, table.column_names)
    cells = dict(zip(table.column_names, columns, strict=True))
    return Table(str(path), cells, _declared_classes(table.schema.metadata or {}))


def _declared_classes(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """Class names that the datasets library keeps in a parquet file's metadata."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        single = {name: kind for name, kind in features.items() if isinstance(kind, dict)}  # no sequence
        return {n: tuple(kind["names"]) for n, kind in single.items() if kind.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


READERS: dict[str, Callable[[Path], Table]] = {
    ".jsonl": _read_jsonl,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
}
