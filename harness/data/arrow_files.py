"""Parquet and Arrow files, and folders of `save_to_disk`, -> columns, with the class names that they declare."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from harness.data.decoding import LONGEST_MARK, refuse_disguised
from harness.data.table import ReadOptions, Table
from harness.errors import DataError

STATE = "state.json"  # in the folder of each split that `Dataset.save_to_disk` of the datasets library writes
SPLITS = "dataset_dict.json"  # in the folder above them


def read_parquet(path: Path, options: ReadOptions) -> Table:
    """Read a parquet file."""
    import pyarrow.parquet as pq

    options.refuse_for(str(path), "a parquet file")

    _refuse_disguised(path, b"PAR1")

    def read() -> Any:
        with pq.ParquetFile(path) as file:  # read_table would add a column for a folder named "key=value"
            return file.read()

    return _table(path, "parquet", [read])


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """Open a parquet file whose rows are read some at a time, a `pyarrow.parquet.ParquetFile`.

    Raises:
        DataError: Where it is none, or names two columns alike.
    """
    import pyarrow.parquet as pq

    _refuse_disguised(path, b"PAR1")
    with _arrow_errors(path, "parquet"):
        file = pq.ParquetFile(path)
    with file:
        _refuse_repeated(path, file.schema_arrow.names)
        yield file


def parquet_chunks(file: Any, path: Path, n: int) -> Iterator[dict[str, list[Any]]]:
    """Yield the columns of the next n rows of a parquet file.

    Raises:
        DataError: Where they cannot be read.
    """
    with _arrow_errors(path, "parquet"):
        for batch in file.iter_batches(batch_size=n):
            batch.validate(full=True)
            yield {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}


def read_arrow(path: Path, options: ReadOptions) -> Table:
    """Read an Arrow or Feather file, as a file or as a stream is written."""
    options.refuse_for(str(path), "an Arrow file")
    _refuse_disguised(path)
    return _table(path, "Arrow", [partial(_read_arrow, path)])


def read_saved(folder: Path, options: ReadOptions) -> Table:
    """Read a folder that `Dataset.save_to_disk` of the datasets library wrote.

    Raises:
        DataError: Where its list of files cannot be read, or names files elsewhere.
    """
    options.refuse_for(str(folder), "a folder of save_to_disk")
    state = _read_object(folder / STATE)
    entries = state.get("_data_files")
    named = [each.get("filename") for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    names = [str(name) for name in named]
    outside = [name for name in names if Path(name).name != name]
    if not names or outside or state.get("_indices_data_files"):
        raise DataError(
            f"{folder / STATE}: expected the names of Arrow files in this folder, got {outside or names!s:.60}. "
            "Save the data set again with save_to_disk of a current version of datasets, or as parquet."
        )
    return _table(folder, "Arrow", [partial(_read_arrow, folder / name) for name in names])


def saved_splits(folder: Path) -> list[str] | None:
    """Return the splits that a folder of `DatasetDict.save_to_disk` names, None for any other folder."""
    if not (folder / SPLITS).is_file():
        return None
    names = _read_object(folder / SPLITS).get("splits")
    if not isinstance(names, list) or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise DataError(f"{folder / SPLITS}: expected a list of splits, got {names!r:.60}. Save the data set again.")
    return names


def _refuse_disguised(path: Path, promised: bytes | None = None) -> None:
    with suppress(OSError), path.open("rb") as file:  # what cannot be opened is told by who reads it
        refuse_disguised(path, file.read(LONGEST_MARK), promised)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}. Save the data set again.") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected an object, got {type(content).__name__}. Save the data set again.")
    return content


def _read_arrow(path: Path) -> Any:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_stream(source).read_all()  # as the datasets library writes
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_file(source).read_all()


def _table(path: Path, kind: str, readers: Sequence[Callable[[], Any]]) -> Table:
    import pyarrow as pa

    with _arrow_errors(path, kind):
        table = pa.concat_tables([read() for read in readers])
        table.validate(full=True)  # finds text that is not UTF-8
        columns = [column.to_pylist() for column in table.columns]
    names = table.column_names
    _refuse_repeated(path, names)
    classes = _declared_classes(table.schema.metadata or {})
    lost = _lost_order(table)
    return Table(
        str(path), dict(zip(names, columns, strict=True)), classes, categories=_categories(table), lost_order=lost
    )


def _categories(table: Any) -> dict[str, tuple[str, ...]]:
    """Return the categories of columns that have an order: said to have one, or of pandas, where it is the user's."""
    import pyarrow as pa

    by_pandas = b"pandas" in (table.schema.metadata or {})
    ordered = [
        field.name
        for field in table.schema
        if pa.types.is_dictionary(field.type) and (by_pandas or field.type.ordered) and table.num_rows
    ]
    columns = {name: table.column(name).unify_dictionaries() for name in ordered}
    return {name: tuple(map(str, column.chunk(0).dictionary.to_pylist())) for name, column in columns.items()}


def _lost_order(table: Any) -> frozenset[str]:
    """Return the columns that were categories of pandas and are plain now: parquet keeps dictionaries of text alone."""
    import pyarrow as pa

    plain = {field.name for field in table.schema if not pa.types.is_dictionary(field.type)}
    try:
        columns = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))["columns"]
        return frozenset(each["field_name"] for each in columns if each["pandas_type"] == "categorical") & plain
    except (ValueError, KeyError, TypeError):
        return frozenset()


@contextmanager
def _arrow_errors(path: Path, kind: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise DataError(f"{path} cannot be read as {kind}: {reason}. Write the file again.") from error


def _refuse_repeated(path: Path, names: Sequence[str]) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        twice = ", ".join(map(repr, repeated))
        raise DataError(f"{path}: column names must differ, but {twice} comes twice. Rename or remove one.")


def _declared_classes(metadata: dict[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """Class names that the datasets library keeps in a file's metadata."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        kinds = {name: kind for name, kind in features.items() if isinstance(kind, dict)}
        # Of lists, too, which may hold one label each.
        single = {
            name: kind["feature"] if isinstance(kind.get("feature"), dict) else kind for name, kind in kinds.items()
        }
        return {n: tuple(kind["names"]) for n, kind in single.items() if kind.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
