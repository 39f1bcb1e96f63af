"""Untrusted text -> text that a page, a picture or a file can hold and that shows what it is."""

import unicodedata

from harness.wording import text

_NOT_IN_XML = {0xFFFE: r"\ufffe", 0xFFFF: r"\uffff"}  # XML 1.0, section 2.2; the others are control characters
_ELLIPSIS = "…"


def visible(value: str) -> str:
    r"""Write what steers, hides or cannot stand in XML as an escape such as `\x1b`, and newlines as a sign."""
    return text.visible(value).translate(_NOT_IN_XML)


def cells(value: str) -> int:
    """Return about how wide text is, in widths of a Latin letter: 2 for a Chinese character, 0 for an accent."""
    return sum(map(_cells, value))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(value: str, width: int) -> str:
    """Make text visible and cut it to at most `width` letters' width, saying so with an ellipsis."""
    return text.shorten(visible(value), width, _ELLIPSIS)
