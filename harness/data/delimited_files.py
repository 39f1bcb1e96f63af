"""Files of rows and delimiters (csv, tsv, txt) -> columns, every cell as it was written and no row lost."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data.decoding import ends_by_returns, read_text
from harness.data.quoting import Grid, Rows, n_columns, split_rows
from harness.data.table import ReadOptions, Table
from harness.data.usual_names import LABEL_NAMES, TEXT_NAMES
from harness.errors import DataError, rows_named

SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)  # written for Excel
DELIMITERS = {".csv": ",;\t|", ".tsv": "\t;|,", ".txt": "\t;|,"}
"""Ending -> what may divide cells, the likeliest first."""
LONE_RETURN = re.compile(r"\r(?!\n|$)")
PRIVATE_USE = range(0xE000, 0xF900)
FASTTEXT = "__label__"
RULE = re.compile(r"\s*(:?-{3,}:?)?\s*")  # a cell below the header of a Markdown table
NO_HEADER = "If row 1 is no header but a row, say --no-header, or name the columns: --columns label,text."


def read_csv(path: Path, options: ReadOptions) -> Table:
    """Read rows of commas, or of semicolons, tabs or bars where these make the header."""
    return _read(path, options, DELIMITERS[".csv"])


def read_tsv(path: Path, options: ReadOptions) -> Table:
    """Read rows of tabs, or of what else makes the header."""
    return _read(path, options, DELIMITERS[".tsv"])


def read_txt(path: Path, options: ReadOptions) -> Table:
    """Read rows such as `text;label`, with a header or without one, or lines of fastText's `__label__name text`."""
    return _read(path, options, DELIMITERS[".txt"], is_txt=True)


def _read(path: Path, options: ReadOptions, delimiters: str, *, is_txt: bool = False) -> Table:
    content, notes = read_text(path, options.encoding, guess=True)
    lines, written = _lines(content)
    if match := SEPARATOR_LINE.fullmatch(lines[0]) if lines else None:
        lines, delimiters = lines[1:], match[1]
    if not lines:
        raise empty_file(path, is_txt=is_txt)
    if is_txt and is_fasttext(lines):
        told = list(notes)
        columns = fasttext(line.translate(written) for line in filled_lines(lines, told))
        return Table(str(path), columns, notes=tuple(told))
    grid = divide(lines, delimiters, options, is_txt=is_txt)
    if grid.problem:
        raise DataError(f"{path}, {grid.problem}")
    rows, of_rows = _without_empty_end(grid.rows)
    rows, of_columns = within_columns(rows)
    if is_txt and len(rows[0]) == 1:
        raise DataError(f"{path}: expected a text and a label in each line, divided by a tab or by ';'. Write both.")
    names, cells, numbered = header_of(path, rows, options, is_txt=is_txt)
    if wrong := {i: row for i, row in enumerate(cells) if len(row) != len(names)}:
        named, has_return = options.columns is not None, bool(written) and ord("\n") not in written
        raise uneven(path, len(names), wrong, grid.reading.delimiter, named=named, has_return=has_return)
    if written:
        cells = [[cell.translate(written) for cell in row] for row in cells]
    refuse_repeated_header(path, names, cells)
    columns = {name: [row[i] for row in cells] for i, name in enumerate(names)}
    hint = "" if numbered or options.header or options.columns else NO_HEADER
    return Table(str(path), columns, notes=(*notes, *grid.notes, *of_rows, *of_columns), numbered=numbered, hint=hint)


def empty_file(path: Path, *, is_txt: bool) -> DataError:
    """Return what tells that a file holds nothing; of its kind, a txt needs no header."""
    if is_txt:
        return DataError(f"{path} is empty. It needs at least one row.")
    return DataError(f"{path} is empty. It needs a header and at least one row.")


def _lines(content: str) -> tuple[list[str], dict[int, str]]:
    """Divide at line feeds, or at what ends lines in their place; return what characters now stand for, too."""
    content = content.replace("\r\r\n", "\r\n")
    stand_in = next(code for code in PRIVATE_USE if chr(code) not in content)
    written: dict[int, str] = {}
    if ends_by_returns(content):
        content = content.rstrip("\n").translate({ord("\n"): chr(stand_in), ord("\r"): "\n"})
        written = {ord("\n"): "\r", stand_in: "\n"}
    elif LONE_RETURN.search(content):
        content = LONE_RETURN.sub(chr(stand_in), content)
        written = {stand_in: "\r"}
    lines = content.split("\n")
    while lines and not lines[-1].strip(" \r"):
        lines.pop()
    return lines, written


def divide(lines: Sequence[str], delimiters: str, options: ReadOptions, *, is_txt: bool = False) -> Grid:
    """Divide lines by the delimiter of the first line that gives rows of one length, else by the first one in it."""
    grids = []
    for delimiter in [each for each in delimiters if each in lines[0]] or [delimiters[0]]:
        by_habit = is_txt or delimiter == "\t"
        grid = split_rows(lines, delimiter, options.quoting, unquoted_by_habit=by_habit)
        grids.append(grid)
        if grid.is_even:
            return grid
    return grids[0]


def _without_empty_end(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Leave out empty rows at the end, as spreadsheets leave behind."""
    n_rows = len(rows)
    while not any(rows[n_rows - 1]) and n_rows > 1:
        n_rows -= 1
    n_empty = len(rows) - n_rows
    return rows[:n_rows], (empty_rows_note(n_empty),) if n_empty else ()


def empty_rows_note(n_rows: int) -> str:
    """Say how many rows at the end of a file were left out."""
    return f"{n_rows} empty rows at the end were left out"


def within_columns(rows: Rows) -> tuple[Rows, tuple[str, ...]]:
    """Leave out empty columns without a name, as spreadsheets leave behind."""
    width = n_columns(rows)
    unnamed = [
        i + 1
        for i, name in enumerate(rows[0][:width])
        if not name.strip() and any(len(row) > i and row[i] for row in rows[1:])
    ]
    numbers = ", ".join(map(str, unnamed))
    notes = (f"columns without a name are called by their numbers: {numbers}",) if unnamed and len(rows) > 1 else ()
    return [row[:width] if not any(row[width:]) else row for row in rows], notes


def header_of(path: Path, rows: Rows, options: ReadOptions, *, is_txt: bool = False) -> tuple[list[str], Rows, bool]:
    """Return the names of the columns, the rows below, and whether the names are but numbers.

    Args:
        path: Where the rows come from.
        rows: One or more.
        options: Whether the first one names the columns, where that is known.
        is_txt: Whether files of this kind often come without such a row.

    Raises:
        DataError: Where the first row looks like the rows below, or names two columns alike.
    """
    if len(rows) > 1 and any(map(str.strip, rows[1])) and all(map(RULE.fullmatch, rows[1])):
        raise DataError(f"{path} is a table of Markdown. Write its rows as CSV, without the line of dashes.")
    if options.columns:
        return list(options.columns), rows, False
    has_header = _looks_like_header(rows) if options.header is None else options.header
    if is_txt and options.header is None:
        has_header = _has_usual_name(rows[0])
    if options.header is None and not has_header and not is_txt:
        raise DataError(
            f"{path} seems to have no header: its first row ({_shown(rows[0])}) looks like the rows below. Say "
            "--no-header, or name the columns: --columns label,text. If the first row does name them, say --header."
        )
    if not has_header:
        return [str(i + 1) for i in range(len(rows[0]))], rows, True
    names = [name.strip() or str(i + 1) for i, name in enumerate(rows[0])]
    if repeated := [name for name, times in Counter(names).items() if times > 1]:
        twice = ", ".join(map(repr, repeated))
        raise DataError(f"{path}: column names must differ, but {twice} comes twice. Rename or remove one.")
    return names, rows[1:], False


def _looks_like_header(rows: Rows) -> bool:
    """Return whether the first row names columns: one by a usual name, or none by what the column itself holds."""
    below = rows[1:]
    return _has_usual_name(rows[0]) or not any(
        name.strip() and any(len(row) > i and row[i] == name for row in below) for i, name in enumerate(rows[0])
    )


def _has_usual_name(names: Sequence[str]) -> bool:
    return any(name.strip().lower() in (*TEXT_NAMES, *LABEL_NAMES) for name in names)


def _shown(row: Sequence[str], width: int = 30) -> str:
    return ", ".join(cell if len(cell) <= width else f"{cell[: width - 3]}..." for cell in row[:5])


def refuse_repeated_header(path: Path, names: Sequence[str], cells: Rows, n_before: int = 0) -> None:
    """Refuse rows that name the columns once more, as where files were put together; `n_before` rows came before."""
    if len(names) > 1 and (
        again := [i for i, row in enumerate(cells, n_before) if [cell.strip() for cell in row] == names]
    ):
        raise DataError(
            f"{path}: {rows_named(again, 'hold')} the names of the columns once more. Remove them where files were put "
            "together, and leave out --columns where the file has a header."
        )


def uneven(
    path: Path, n_columns: int, wrong: Mapping[int, Sequence[str]], delimiter: str, *, named: bool, has_return: bool
) -> DataError:
    """Return what tells which rows have another number of cells than there are columns.

    Args:
        path: Where the rows come from.
        n_columns: How many there are.
        wrong: Row, from 0 -> its cells.
        delimiter: What divides cells.
        named: Whether the user named the columns.
        has_return: Whether carriage returns stand within lines.
    """
    advice = f"Quote cells that hold the delimiter {delimiter!r}."
    if empty := [row for row, cells in wrong.items() if not cells]:
        advice = f"Remove empty lines: {rows_named(empty, 'are')} one. " + (advice if len(empty) < len(wrong) else "")
    elif n_columns == 1 and not named and len({len(cells) for cells in wrong.values()}) == 1:
        advice = f"If the first line is a title or a comment, remove it. {advice}"
    if has_return:
        advice += " Some lines hold a carriage return (\\r) that ends no line; replace it where it should end one."
    expected = f"{'--columns names' if named else 'the header has'} {n_columns} columns"
    first = len(next(iter(wrong.values())))
    return DataError(
        f"{path}: {expected}, but {rows_named(wrong, 'have')} another number ({first} in the first). {advice}".rstrip()
    )


def is_fasttext(lines: Iterable[str]) -> bool:
    """Return whether lines, those apart that are empty, are `__label__name text`, one or more of them."""
    filled = [line for line in lines if line.strip()]
    return bool(filled) and all(line.startswith(FASTTEXT) for line in filled)


def filled_lines(lines: Iterable[str], notes: list[str]) -> Iterator[str]:
    """Yield lines that are not empty; a note tells how many others stood between them, once all are read."""
    n_empty = n_between = 0
    for line in lines:
        if line.strip():
            n_between, n_empty = n_between + n_empty, 0
            yield line
        else:
            n_empty += 1
    if n_between:
        notes.append(f"{n_between} empty lines were left out")


def fasttext(lines: Iterable[str]) -> dict[str, list[Any]]:
    """Return columns of lines of `__label__name text`; a line of several labels gets a list of them."""
    labels: list[str | list[str]] = []
    texts = []
    for line in lines:
        words = line.removesuffix("\r").split(" ")
        n_labels = next((i for i, word in enumerate(words) if not word.startswith(FASTTEXT)), len(words))
        names = [word.removeprefix(FASTTEXT) for word in words[:n_labels]]
        labels.append(names[0] if n_labels == 1 else names)
        texts.append(" ".join(words[n_labels:]))
    return {"text": texts, "label": labels}
