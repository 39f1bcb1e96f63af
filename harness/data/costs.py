"""A CSV file of what each mistake costs: rows are true classes, columns are predicted ones."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.data.task import names_shown
from harness.errors import UserError
from harness.frozen_model import LARGEST_SCORE

LARGEST_FILE = 50_000_000  # bytes: 2,000 classes and more
FORM = "Expected a line with any first cell and the predicted classes, then of each true class its name and the costs"


@dataclass(frozen=True)
class CostFile:
    """What a file of costs holds.

    Attributes:
        path: The file.
        predicted: Names of the predicted classes, in the order of the columns.
        true: Names of the true classes, in the order of the rows.
        values: The costs, a row a true class.
    """

    path: Path
    predicted: tuple[str, ...]
    true: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    def matrix(self, label_names: Sequence[str]) -> list[list[float]]:
        """Return the costs in the order of a task's classes, k rows of k numbers.

        Raises:
            UserError: Where the file names other classes.
        """
        for what, names in (("columns", self.predicted), ("rows", self.true)):
            missing, unknown = [n for n in label_names if n not in names], [n for n in names if n not in label_names]
            if missing or unknown:
                lacks = f"lack {names_shown(missing)}" if missing else ""
                holds = f"hold {names_shown(unknown)}, which the data do not" if unknown else ""
                both = " and ".join(filter(None, (lacks, holds)))
                _refuse(self.path, f"its {what} {both}. Name each class of the data once: {names_shown(label_names)}")
        rows, columns = ([names.index(name) for name in label_names] for names in (self.true, self.predicted))
        return [[self.values[i][j] for j in columns] for i in rows]


def read_costs(path: Path) -> CostFile:
    """Read a file of costs.

    Args:
        path: CSV in UTF-8, with commas or, where numbers have decimal commas, semicolons: a line with any first cell
            and the names of the predicted classes, then a line for each true class: its name and what answers cost.

    Raises:
        UserError: Where it cannot be read or is not of that form, saying in which line.
    """
    lines = [cells for cells in _cells(path) if any(cells)]
    if len(lines) <= 1:
        _refuse(path, f"it holds {len(lines)} lines. {FORM}")
    predicted, true = tuple(lines[0][1:]), tuple(cells[0] for cells in lines[1:])
    for names in (predicted, true):
        if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
            _refuse(path, f"it names {names_shown(twice)} twice. Name each class once")
    values = tuple(_row(path, number, cells, predicted) for number, cells in enumerate(lines[1:], 2))
    if len({value for row in values for value in row}) == 1:
        _refuse(path, "all of its costs are the same, so no answer is better than another. Let right answers cost less")
    return CostFile(path, predicted, true, values)


def _cells(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            _refuse(path, f"it is larger than {LARGEST_FILE:,} bytes. {FORM}")
        text = path.read_text(encoding="utf-8-sig")
        header = text.partition("\n")[0]
        continental = header.count(";") > header.count(",")  # as spreadsheets write where commas are decimal
        lines = csv.reader(io.StringIO(text), strict=True, delimiter=";" if continental else ",")
        cells = [[cell.strip() for cell in row] for row in lines]
        if not continental:
            return cells
        return [*cells[:1], *([*row[:1], *(cell.replace(",", ".") for cell in row[1:])] for row in cells[1:])]
    except OSError as error:
        _refuse(path, f"it cannot be read: {error.strerror}. Name a CSV file")
    except (UnicodeDecodeError, csv.Error) as error:
        _refuse(path, f"it is no CSV file in UTF-8: {error}. {FORM}")


def _row(path: Path, number: int, cells: Sequence[str], predicted: Sequence[str]) -> tuple[float, ...]:
    if len(cells) != len(predicted) + 1:
        told = f"the line of {names_shown(cells[:1])} has {len(cells) - 1} costs for {len(predicted)} predicted classes"
        _refuse(path, f"{told} (line {number}). {FORM}")
    values = []
    for name, cell in zip(predicted, cells[1:], strict=True):
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not abs(value) <= LARGEST_SCORE:
            told = f"answering {names_shown([name])} to {names_shown(cells[:1])} costs {names_shown([cell])}"
            _refuse(path, f"{told} (line {number}), which is no number. Write one such as 2.5")
        values.append(value)
    return tuple(values)


def _refuse(path: Path, why: str) -> NoReturn:
    raise UserError(f"--costs {path}: {why}.")
