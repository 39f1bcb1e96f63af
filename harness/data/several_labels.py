"""Labels of which one cell holds several: lists, and lists written as text."""

import re
from collections.abc import Collection, Sequence
from typing import Any

SEVERAL = (
    "Several labels a text (multi-label) are not compared here: a strategy gives each text one label. Keep the rows "
    "with one label, or decide on one label a text."
)
IF_ONE = (
    "Where each is one class, name all classes: --label-names, or a line each in a file labels.txt beside the data "
    "where names hold commas."
)
WRITTEN_LIST = re.compile(r"\s*(\[.*,.*\]|\(.*,.*\)|\{.*,.*\})\s*", re.DOTALL)  # an interval such as (0, 1] is none
SEPARATORS = (",", ";", "|", "/", "+", "&", " ")
NUMBER = re.compile(r"\d{1,9}")


def rows_of_several_labels(labels: Sequence[Any], names: Collection[str] = ()) -> list[int]:
    """Return the rows, from 0, whose label is a list, is written as one, or is made of labels of other rows.

    Args:
        labels: Cells of the column of labels.
        names: Class names that are known, each of which is one label whatever it is made of.

    Returns:
        Rows whose cell is a list; else those whose text is one, such as "[2, 5]" or "2,5" where rows with the label
        2 and rows with the label 5 exist. A name with a comma in it, such as "news, sports", counts as one label
        unless each of its parts is one.
    """
    if lists := [i for i, label in enumerate(labels) if isinstance(label, list | tuple | set)]:
        return lists
    texts = {label for label in labels if isinstance(label, str)}
    written = {text for text in texts.difference(names) if WRITTEN_LIST.fullmatch(text)}
    for separator in SEPARATORS if not written else ():
        several = {text for text in texts.difference(names) if separator in text.strip()}
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
