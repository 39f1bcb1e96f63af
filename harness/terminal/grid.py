"""A table of numbers as lines of text, columns in groups under a common heading, as booktabs sets them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from harness.wording.text import centred, left, right

GAP_IN_GROUP = 1
GAP_BETWEEN_GROUPS = 2


@dataclass(frozen=True)
class Heading:
    """Heading of a column and of its group; numbers stand right, names stand left."""

    text: str
    group: str = ""
    is_name: bool = False


@dataclass(frozen=True)
class Grid:
    """Columns and rows of cells, one line each; a row is its cells and its style."""

    headings: Sequence[Heading]
    rows: Sequence[tuple[Sequence[str], str]]

    @cached_property
    def widths(self) -> list[int]:
        """Columns of the terminal that each column takes."""
        lines = [[heading.text for heading in self.headings], *(cells for cells, _ in self.rows)]
        widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
        for name, members in self._groups():
            span = sum(widths[i] for i in members) + GAP_IN_GROUP * (len(members) - 1)
            widths[members[-1]] += max(cell_len(name) - span, 0)
        return widths

    @property
    def width(self) -> int:
        """Columns of the terminal that the whole takes."""
        return sum(self._spans()) + GAP_BETWEEN_GROUPS * (len(self._groups()) - 1)

    def lines(self, rule: str) -> Iterator[Text]:
        """Yield group headings (where there are any), headings, a rule and the rows."""
        if any(heading.group for heading in self.headings):
            names = (centred(name, span) for (name, _), span in zip(self._groups(), self._spans(), strict=True))
            yield _line((" " * GAP_BETWEEN_GROUPS).join(names), "dim")
        yield self._row([heading.text for heading in self.headings], "bold")
        yield _line((" " * GAP_BETWEEN_GROUPS).join(rule * span for span in self._spans()), "dim")
        for cells, style in self.rows:
            yield self._row(cells, style)

    def _groups(self) -> list[tuple[str, list[int]]]:
        # A column without a group is a group of its own.
        keyed = groupby(range(len(self.headings)), key=lambda i: self.headings[i].group or i)
        return [(name if isinstance(name, str) else "", list(members)) for name, members in keyed]

    def _spans(self) -> list[int]:
        return [sum(self.widths[i] for i in m) + GAP_IN_GROUP * (len(m) - 1) for _, m in self._groups()]

    def _row(self, cells: Sequence[str], style: str | Style) -> Text:
        padded = [
            (left if heading.is_name else right)(cell, width)
            for heading, cell, width in zip(self.headings, cells, self.widths, strict=True)
        ]
        groups = ((" " * GAP_IN_GROUP).join(padded[i] for i in members) for _, members in self._groups())
        return _line((" " * GAP_BETWEEN_GROUPS).join(groups), style)


def _line(content: str, style: str | Style) -> Text:
    return Text(content.rstrip(), style=style, no_wrap=True, overflow="crop")
