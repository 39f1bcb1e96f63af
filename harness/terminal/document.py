"""Sections and blocks of a document as lines of a terminal."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.style import Style
from rich.text import Text

from harness.document.model import (
    Block,
    Code,
    Facts,
    Fold,
    Heading,
    Listing,
    Name,
    Paragraph,
    Phrase,
    Section,
    Table,
    Words,
)
from harness.terminal.console import Page, folding
from harness.terminal.layout import label_value_lines
from harness.terminal.tables import table_lines

ROLES = {"": "", "lead": "", "note": "dim", "warning": "yellow"}


def section_lines(section: Section | None, page: Page, *, unfolded: bool = False) -> Iterator[RenderableType]:
    """Yield an empty line, the title of a section and its blocks; nothing where there is no section.

    A caption that only says the title again is left out, and what is folded away, unless it is `unfolded`.
    """
    if section is None:
        return
    yield Text("")
    yield folding(page.text(section.title, "bold underline"))
    yield from block_lines(section.blocks, page, section.title, unfolded=unfolded)


def block_lines(
    blocks: Iterable[Block], page: Page, title: str = "", *, unfolded: bool = False
) -> Iterator[RenderableType]:
    """Yield the lines of blocks; what is folded away and pictures without another form are left out.

    Args:
        blocks: The blocks.
        page: Where they are printed.
        title: What stands above them already.
        unfolded: Whether what is folded away is shown, too.
    """
    for i, block in enumerate(blocks):
        if isinstance(block, Table | Heading) and not (title and i == 0):
            yield Text("")
        if isinstance(block, Fold):
            yield from block_lines(block.blocks if unfolded else [], page)
        yield from _lines(block, page, title, is_first=i == 0)


def _lines(block: Block, page: Page, title: str, *, is_first: bool) -> Iterator[RenderableType]:
    match block:
        case Paragraph(text, role):
            yield words(text, page, ROLES[role])
        case Heading(text):
            yield words(text, page, "bold underline")
        case Listing(items):
            yield from (words(item, page) for item in items)
        case Facts(pairs):
            yield label_value_lines([(label, str(value)) for label, value in pairs], page)
        case Code(text):
            yield folding(page.text(text))
        case Table():
            if str(block.caption) != title:
                yield words(block.caption, page, "dim" if title and is_first else "bold underline")
            yield from table_lines(block, page)


def words(value: Words, page: Page, style: str | Style = "") -> Text:
    """Return a string or a phrase as text that goes on in the next line; names in it stand out."""
    if not isinstance(value, Phrase):
        return folding(page.text(value, style))
    pieces: list[Text] = []

    def theirs(text: str) -> str:
        pieces.append(page.text(text, "bold" if isinstance(text, Name) else ""))
        return text

    def ours(text: str) -> str:
        pieces.append(page.text(text))
        return text

    value.written(ours, theirs)
    return folding(Text.assemble(*pieces, style=style))
