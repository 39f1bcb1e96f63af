"""Untrusted text -> text that can neither steer the terminal nor hide in it."""

import unicodedata
from collections.abc import Mapping

import harness.wording.undrawn  # noqa: F401  # before anything of rich

# isort: split
from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from harness.wording.secrets import redacted

# Control, format (bidirectional overrides, zero-width marks), surrogate, line and paragraph separator.
_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # Persian, Indic scripts and emoji are misspelt without them
_NEWLINE_SIGN = "↵"


def safe_text(value: str, style: str | Style = "", *, encoding: str = "utf-8") -> Text:
    """Make untrusted text fit to print: no markup, no escape sequences, no emoji names replaced.

    Args:
        value: Any text.
        style: Style of the whole.
        encoding: Encoding of the stream; what it cannot hold is written as a backslash escape.

    Returns:
        One line of text that shows what `value` holds.
    """
    return Text(visible(value, encoding), style=style)


def visible(value: str, encoding: str = "utf-8") -> str:
    r"""Write control characters as `\x1b`, newlines as a sign, what `encoding` lacks as `\u4e2d`, and no token."""
    shown = redacted(value)
    if not shown.isprintable():
        shown = "".join(_escaped(character, encoding) for character in shown.replace("\r\n", "\n"))
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _escaped(character: str, encoding: str) -> str:
    if character == "\n" and encoding.startswith("utf"):
        return _NEWLINE_SIGN
    if unicodedata.category(character) in _ESCAPED_CATEGORIES and character not in _JOINERS:
        return character.encode("unicode_escape").decode("ascii")
    return character


def assignments(values: Mapping[str, object]) -> str:
    """Write names and their values, such as "C=1.0, pooling=mean"."""
    return ", ".join(f"{name}={value}" for name, value in values.items())


def shorten(value: str, width: int, ellipsis: str) -> str:
    """Cut text to at most `width` terminal cells, saying so with an ellipsis."""
    if cell_len(value) <= width:
        return value
    return set_cell_size(value, max(width - cell_len(ellipsis), 0)).rstrip() + ellipsis


def left(value: str, width: int) -> str:
    """Pad text on the right to `width` terminal cells."""
    return value + " " * (width - cell_len(value))


def centred(value: str, width: int) -> str:
    """Pad text on both sides to `width` terminal cells."""
    return value.center(width - cell_len(value) + len(value))


def right(value: str, width: int) -> str:
    """Pad text on the left to `width` terminal cells."""
    return " " * (width - cell_len(value)) + value
