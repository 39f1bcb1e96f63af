"""Local files -> columns: which reader reads which ending, and the parts of a split put together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.data.arrow_files import read_arrow, read_parquet, read_saved
from harness.data.decoding import OPENERS, ending, read_text
from harness.data.delimited_files import read_csv, read_tsv, read_txt
from harness.data.json_files import read_json
from harness.data.table import ReadOptions, Table
from harness.errors import DataError

ORDER_FILE = "labels.txt"
READERS: dict[str, Callable[[Path, ReadOptions], Table]] = {
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".txt": read_txt,
    ".parquet": read_parquet,
    ".arrow": read_arrow,
    ".feather": read_arrow,
}
PACKED = (".parquet", ".arrow", ".feather")  # these compress what they hold themselves
OF_OTHERS = {
    "is a spreadsheet. Save its sheet as CSV (UTF-8)": (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"),
    "is an archive. Unpack it": (".zip", ".tar", ".tgz", ".7z", ".rar", ".zst"),
    "is a pickle, which can run code when it is read. Write its rows as parquet or JSON lines": (
        ".pkl", ".pickle", ".pt", ".joblib", ".npy",
    ),
    "is a database. Write its rows as parquet or CSV": (".db", ".sqlite", ".sqlite3"),
}  # fmt: skip
ENDINGS = f"{', '.join(READERS)}, those of text also as {', '.join(OPENERS)}"


def is_read(path: Path) -> bool:
    """Return whether a file's ending is one of those that are read."""
    return ending(path) in READERS and not (path.suffix.lower() in OPENERS and ending(path) in PACKED)


def read_split(paths: Sequence[Path], options: ReadOptions | None = None) -> Table:
    """Read the files of one split.

    Args:
        paths: One file, its numbered parts in order, or a folder that `save_to_disk` wrote.
        options: How to read files whose look does not tell.

    Returns:
        Their columns.

    Raises:
        DataError: For an ending nobody reads, an encoding that is not what was said, ragged rows, duplicate columns,
            a header that is missing, parts that differ in their columns or in the names of their classes.
    """
    tables = [_read(path, options or ReadOptions()) for path in paths]
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
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    path = f"{first.path} and {n_more} more parts, rows counted on" if n_more else first.path
    same = {
        name: each for name, each in first.categories.items() if all(t.categories.get(name) == each for t in tables)
    }
    return replace(first, path=path, notes=notes, categories=same)


def _read(path: Path, options: ReadOptions) -> Table:
    if path.is_dir():
        return read_saved(path, options)
    if is_read(path):
        return READERS[ending(path)](path, options)
    raise DataError(
        refusal(path) or f"{path}: expected a file ending in {ENDINGS}. Name it after what it holds, or convert it."
    )


def refusal(path: Path) -> str | None:
    """Return what a file of a known but unread kind is, and the way out; None for any other file."""
    suffix = path.suffix.lower()
    kind = next((kind for kind, endings in OF_OTHERS.items() if suffix in endings), None)
    return (
        f"{path} {kind}, named train, validation or test, or name that one file and --test-size 0.2." if kind else None
    )


def declared_order(location: str) -> tuple[str, ...] | None:
    """Return the class names of `labels.txt` in a data set's folder, one a line, id 0 first."""
    file = Path(location).expanduser() / ORDER_FILE
    try:
        if not file.is_file():
            return None
    except OSError:  # a list of files can be longer than a name may be
        return None
    return tuple(line.strip() for line in read_text(file)[0].splitlines() if line.strip())
