"""Texts and labels in files of their own, line by line, as TweetEval has them."""

from collections.abc import Sequence
from pathlib import Path

from harness.data.decoding import stem
from harness.errors import DataError


def refuse_columns_apart(paths: Sequence[Path], location: str) -> None:
    """Refuse two files of one split that hold its texts and its labels, saying how to put them together.

    Args:
        paths: Files that are named after the same split.
        location: The data set, for messages.

    Raises:
        DataError: Where one is named `..._text` and the other `..._labels`.
    """
    kinds = {stem(path).rpartition("_")[2].removesuffix("s"): path.name for path in paths}
    if len(paths) == 2 and kinds.keys() == {"text", "label"}:  # noqa: PLR2004
        raise DataError(
            f"{location}: {kinds['text']} seems to hold the texts and {kinds['label']} their labels, line by line. Put "
            f"both into one file, such as with: paste {kinds['text']} {kinds['label']}."
        )
