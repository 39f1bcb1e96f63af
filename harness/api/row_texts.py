"""Rows of a file whose texts are wanted: in which column they are, and what is to be known of them."""

from collections.abc import Callable, Iterable
from typing import Any

from harness.data.column_choice import choose_text_column
from harness.data.row_stream import RowStream
from harness.data.table import Table

Tell = Callable[[str], object]


class Notes:
    """Notes, each told once.

    Args:
        tell: Told each as soon as it is known.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell, self.all = tell, list[str]()

    def add(self, notes: Iterable[str]) -> None:
        """Take notes, and tell those that are new."""
        for note in notes:
            if note not in self.all:
                self.all.append(note)
                self._tell(note)


def text_column_of(rows: RowStream, given: str | None, usual: str | None, notes: Notes) -> str:
    """Return the column of the texts: the one named, the usual one, the only one, or one of a usual name.

    What may be a text in place of a header is no only column.

    Args:
        rows: The rows.
        given: The column that the user named.
        usual: That of the run, where there is one.
        notes: Told what was guessed.

    Raises:
        DataError: Where no column can be told.
    """
    if given is None and usual in rows.columns:
        return str(usual)
    if given is None and len(rows.columns) == 1 and not rows.hint:
        return rows.columns[0]
    told: list[str] = []
    empty: dict[str, list[Any]] = {name: [] for name in rows.columns}
    column = choose_text_column(Table(rows.path, empty, numbered=rows.numbered, hint=rows.hint), given, told)
    notes.add(f"In {rows.path}: {note}" for note in told)
    return column
