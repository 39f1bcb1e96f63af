"""Any number of rows, some at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

ROWS_AT_ONCE = 1024

Chunk = Mapping[str, Sequence[Any]]
"""Column name -> cells of some rows."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class RowStream:
    """Rows in the order of their file.

    Attributes:
        path: Where they come from, for messages.
        columns: Names of the columns.
        chunks: The next rows, to be read once.
        notes: What was guessed or left out, a clause each; more may come while rows are read.
        n_rows: About how many there are, by the lines of the file; None where nobody can tell.
        numbered: Whether the columns have no names of their own, so that they are called 1, 2, ...
        hint: What may be wrong where no column has a usual name, a sentence.
        types: Column name -> its Arrow type, where the file declares it.
        n_before: Lines of the file before its first row.
    """

    path: str
    columns: tuple[str, ...]
    chunks: Iterator[Chunk]
    notes: list[str] = field(default_factory=list)
    n_rows: int | None = None
    numbered: bool = False
    hint: str = ""
    types: Mapping[str, Any] = field(default_factory=dict)
    n_before: int = 0


def batched(items: Iterable[Item], n: int) -> Iterator[list[Item]]:
    """Yield lists of n items, the last one perhaps shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, n)):
        yield batch
