"""Labels of which one cell holds several: lists, and lists written as text."""

import re
from collections.abc import Sequence
from typing import Any

SEVERAL = (
    "Several labels a text (multi-label) are not compared here: a strategy gives each text one label. Keep the rows "
    "with one label, or decide on one label a text."
)
WRITTEN_LIST = re.compile(r"\s*[\[({].*,.*[\])}]\s*", re.DOTALL)
SEPARATORS = (",", ";", "|", "/", "+", "&", " ")
NUMBER = re.compile(r"\d{1,9}")


def rows_of_several_labels(labels: Sequence[Any]) -> list[int]:
    """Return the rows, from 0, whose label is a list, is written as one, or is made of labels of other rows.

    Args:
        labels: Cells of the column of labels.

    Returns:
        Rows whose cell is a list; else those whose text is one, such as "[2, 5]" or "2,5" where rows with the label
        2 and rows with the label 5 exist. A name with a comma in it, such as "news, sports", counts as one label
        unless each of its parts is one.
    """
    if lists := [i for i, label in enumerate(labels) if isinstance(label, list | tuple | set)]:
        return lists
    texts = {label for label in labels if isinstance(label, str)}
    written = {text for text in texts if WRITTEN_LIST.fullmatch(text)}
    for separator in SEPARATORS if not written else ():
        several = {text for text in texts if separator in text.strip()}
        if several and _are_labels(several, texts - several, separator):
            written = several
            break
    return [i for i, label in enumerate(labels) if isinstance(label, str) and label in written]


def _are_labels(several: set[str], others: set[str], separator: str) -> bool:
    parts = (part.strip() for text in several for part in text.split(separator))
    alone = {text.strip() for text in others}
    if not all(NUMBER.fullmatch(part.strip()) for text in several for part in text.split(separator)):
        return separator != " " and all(part in alone for part in parts)
    numbers = set(parts)
    return 2 * len(numbers & alone) >= len(numbers)
