"""The parts of a document, in no format yet: sections of paragraphs, tables and pictures, all of plain text.

Nothing here is escaped. Each writer escapes every string it writes, whether it is ours or came out of a data set.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, ClassVar, Literal, Self, TypeAlias

from harness.document.figures.canvas import Drawing, finished

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Tone = Literal["", "muted", "good", "bad", "failed"]


class Name(str):
    """A name that stands out from the sentence it stands in."""

    __slots__ = ()


@dataclass(frozen=True)
class Phrase:
    """A translated sentence with `{places}` for names and numbers, which are written so that they cannot leave them."""

    pattern: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.pattern.format(**self.values)

    def written(self, ours: Callable[[str], str], theirs: Callable[[str], str]) -> str:
        """Write it in some format: what escapes our words, and what escapes a name or number in them."""
        pieces = []
        for words, place, _, _ in Formatter().parse(self.pattern):
            pieces.append(ours(words))
            if place is not None:
                pieces.append(theirs(self.values[place]))
        return "".join(pieces)


Words: TypeAlias = str | Phrase


@dataclass(frozen=True)
class Bar:
    """A score and its interval on a common scale, fractions: drawn beside the number where there is room."""

    low: float
    value: float
    high: float
    start: float
    end: float


@dataclass(frozen=True)
class Cell:
    """One cell of a table; `small` stands below `text`, `span` is its number of columns."""

    text: Words
    small: Words = ""
    bold: bool = False
    tone: Tone = ""
    bar: Bar | None = None
    span: int = 1


@dataclass(frozen=True)
class Column:
    """Heading of a column and of its group; numbers stand right, names, texts and rank letters left."""

    text: str
    group: str = ""
    kind: Literal["number", "name", "text", "letters"] = "number"


@dataclass(frozen=True)
class Row:
    """One row; its first cell is its heading."""

    cells: Sequence[Cell]
    tone: Tone = ""

    @classmethod
    def of(cls, *cells: Cell | Words, tone: Tone = "") -> Self:
        """Return a row of cells, of which those that are words say just these."""
        return cls([cell if isinstance(cell, Cell) else Cell(cell) for cell in cells], tone)


@dataclass(frozen=True)
class Table:
    """A table of data."""

    kind: ClassVar = "table"
    caption: Words
    columns: Sequence[Column]
    rows: Sequence[Row]
    style: Literal["", "scores", "matrix", "texts"] = ""

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Groups of neighbouring columns: heading and number of columns."""
        groups: list[tuple[str, int]] = []
        for column in self.columns:
            if groups and groups[-1][0] == column.group:
                groups[-1] = (column.group, groups[-1][1] + 1)
            else:
                groups.append((column.group, 1))
        return groups


@dataclass(frozen=True)
class Picture:
    """A picture, drawn where it is asked for, what it shows in words, and what stands below it."""

    figure: Callable[[], "Figure"]
    alternative: Words
    caption: Words = ""
    below: Sequence["Block"] = ()

    def draw(self) -> Drawing:
        """Return it as SVG."""
        return finished(self.figure())


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side as far as there is room."""

    kind: ClassVar = "gallery"
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a `lead` is the answer a reader came for, a `note` explains, a `warning` must not be overlooked."""

    kind: ClassVar = "paragraph"
    text: Words
    role: Literal["", "lead", "note", "warning"] = ""


@dataclass(frozen=True)
class Listing:
    """Short paragraphs below each other."""

    kind: ClassVar = "listing"
    items: Sequence[Words]


@dataclass(frozen=True)
class Facts:
    """Labels and values."""

    kind: ClassVar = "facts"
    pairs: Sequence[tuple[str, Words]]


@dataclass(frozen=True)
class Code:
    """Text to copy, such as a command; `language` is what code hosts call it."""

    kind: ClassVar = "code"
    text: str
    language: str = "sh"


@dataclass(frozen=True)
class Heading:
    """Heading of a part of a section."""

    kind: ClassVar = "heading"
    text: Words


@dataclass(frozen=True)
class Fold:
    """What only some readers want: closed until it is asked for."""

    kind: ClassVar = "fold"
    summary: Words
    blocks: Sequence["Block"]


Block: TypeAlias = Table | Gallery | Paragraph | Listing | Facts | Code | Heading | Fold


@dataclass(frozen=True)
class Section:
    """A section; `name` is its place in links."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Report:
    """A whole report."""

    language: str
    title: Words
    facts: Facts
    banners: Sequence[Words]
    sections: Sequence[Section]
