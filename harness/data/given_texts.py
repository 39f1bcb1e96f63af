"""Texts as a caller hands them over: a list of strings, or a message that says what came."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import DataError, rows_named


def listed_texts(texts: Iterable[Any]) -> list[str]:
    """Return n texts as a list.

    Args:
        texts: A list, an array, a column of a DataFrame.

    Raises:
        DataError: For a single text, for a table or a dictionary, which gives names, for what is no text, and for
            what holds none.
    """
    kind = type(texts).__name__
    if isinstance(texts, str | bytes):
        raise DataError(f"Expected several texts, got one {kind}. Wrap it in a list.")
    if not isinstance(texts, Iterable) or getattr(texts, "ndim", 1) == 0:  # numpy lets nobody go through one cell
        raise DataError(f"Expected several texts, got {kind}. Pass a list of texts.")
    if isinstance(texts, Mapping) or hasattr(texts, "columns"):
        raise DataError(
            f"Expected several texts, got one {kind}, of which names alone would be read. Pass the column that holds "
            'the texts, such as table["text"].'
        )
    listed = list(texts)
    if wrong := [row for row, text in enumerate(listed) if not isinstance(text, str)]:
        kind = type(listed[wrong[0]]).__name__
        raise DataError(f"Expected texts, but {rows_named(wrong, 'hold')} {kind}. Mend or remove them.")
    return [str(text) for text in listed]
