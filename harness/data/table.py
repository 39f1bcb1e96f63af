"""Columns of one split, and how its files are to be read."""

from dataclasses import dataclass, field
from typing import Any, Literal

from harness.errors import DataError

Quoting = Literal["auto", "yes", "no"]


@dataclass(frozen=True)
class Table:
    """Columns of one split.

    Args:
        path: Where they come from, for messages.
        columns: Column name -> n cells.
        class_names: Column name -> names of its ids, where the file declares them.
        notes: What was guessed or left out while reading, a clause each that goes on after the file's name.
        numbered: Whether the file has no header, so that its columns are called 1, 2, ...
        hint: What may be wrong where no column has a usual name, a sentence; empty where nothing comes to mind.
        unreadable: Column name -> kind of its cells, of columns that can hold neither texts nor labels.
        categories: Column name -> what its cells can be, as text and in order, where that is declared.
        lost_order: Names of columns whose cells were categories with an order that the file has not kept.
    """

    path: str
    columns: dict[str, list[Any]]
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    numbered: bool = False
    hint: str = ""
    unreadable: dict[str, str] = field(default_factory=dict)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost_order: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ReadOptions:
    """How files of rows and delimiters are read, where their look does not tell.

    Args:
        header: Whether the first row names the columns; None where that is to be found out.
        columns: Names of the columns of files without a header.
        encoding: Python's name of the encoding; None takes UTF-8, else what a byte order mark or the bytes say.
        quoting: Whether a quotation mark at the beginning of a cell encloses the cell.
    """

    header: bool | None = None
    columns: tuple[str, ...] | None = None
    encoding: str | None = None
    quoting: Quoting = "auto"

    def refuse_for(self, path: str, kind: str, *, encoded: bool = False) -> None:
        """Refuse what has no meaning for a kind of data.

        Args:
            path: Where the data come from, for the message.
            kind: What they are, such as "a JSON file".
            encoded: Whether `encoding` has a meaning for them.

        Raises:
            DataError: Where such an option is given.
        """
        given = {
            "--header" if self.header else "--no-header": self.header is not None,
            "--columns": self.columns is not None,
            "--quoting": self.quoting != "auto",
            "--encoding": self.encoding is not None and not encoded,
        }
        if without_effect := [option for option, is_given in given.items() if is_given]:
            raise DataError(
                f"{path}: {', '.join(without_effect)} is for csv, tsv and txt files, and this is {kind}. Leave it out."
            )
