"""Wrapping of long lines: after a space, and in Chinese and Japanese between any two characters."""

import unicodedata
from typing import Any

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.containers import Lines
from rich.text import Text

# No line begins with what closes and none ends with what opens (W3C, "Requirements for Chinese Text Layout", 3.1).
_OPENING = frozenset("（「『〈《【〔")  # noqa: RUF001
_CLOSING = frozenset("）」』〉》】〕、，。；：！？")  # noqa: RUF001
_ATTACHED = ("M", "Cf")  # categories of what belongs to the character before it


class FoldedText(Text):
    """Text whose long words go on in the next line, and which breaks between wide characters, too."""

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """Return the lines; the options are those of `rich.text.Text.wrap`."""
        lines = Lines()
        for line in self.split(allow_blank=True):
            for piece in line.divide(break_positions(line.plain, width)):
                lines.extend(piece.wrap(console, width, **options))
        return lines


def break_positions(line: str, width: int) -> list[int]:
    """Return where to break a line so that no part is wider than `width` terminal cells, spaces at its end apart."""
    positions, start, used = [], 0, 0
    for chunk in _chunks(line):
        taken = cell_len(chunk.rstrip())
        if used and used + taken > width:
            positions.append(start)
            used = 0
        *full, rest = chop_cells(chunk, width) if taken > width else [chunk]
        for part in full:
            start += len(part)
            positions.append(start)
        used += cell_len(rest)
        start += len(rest)
    return positions


def _chunks(line: str) -> list[str]:
    """Cut a line into what must stay together, each with the spaces behind it."""
    ends = [i for i in range(1, len(line)) if _may_break(line[i - 1], line[i])]
    return [line[start:end] for start, end in zip([0, *ends], [*ends, len(line)], strict=True)]


def _may_break(before: str, after: str) -> bool:
    if after.isspace():
        return False
    if before.isspace():
        return True
    together = before in _OPENING or after in _CLOSING or unicodedata.category(after).startswith(_ATTACHED)
    return not together and (_is_wide(before) or _is_wide(after))


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
