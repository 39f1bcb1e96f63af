"""Report -> GitHub-flavoured Markdown: the same sections, pictures as what they say."""

import re
from collections.abc import Iterator, Sequence

from harness.document.model import (
    Block,
    Cell,
    Code,
    Facts,
    Fold,
    Gallery,
    Heading,
    Listing,
    Name,
    Paragraph,
    Phrase,
    Report,
    Row,
    Table,
    Words,
)
from harness.document.text import visible

# What begins markup, HTML, a mention, a link, an emoji name or a formula, wherever it stands.
_SPECIAL = re.compile(
    r"[\\`*\[\]<>|~$@&#^]|(?<![^\W_])_|_(?![^\W_])|(?<=\w):(?=//)|(?<!\w):(?=\w)|(?<=\bwww)\.|^[-+=](?=[-=\s]|$)"
)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_CALLS = re.compile(r"(\\[@#])(?=\w)")  # a code host looks for mentions after it has taken the backslash away
_WORD_JOINER = "\u2060"
_ALIGNMENT = {"number": "---:", "name": ":---", "text": ":---", "letters": ":---"}


def to_markdown(report: Report) -> str:
    """Write a report as Markdown that a code host renders; no raw HTML, and nothing in it is taken for markup.

    Args:
        report: The report.

    Returns:
        The text.
    """
    lines = [f"# {_words(report.title)}", ""]
    lines += [f"> **{_words(banner)}**\n" for banner in report.banners]
    lines += [f"- {_escaped(label)}: {_words(value)}" for label, value in report.facts.pairs]
    for section in report.sections:
        lines += ["", f"## {_escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Table():
            yield from _table(block)
        case Paragraph(text, role):
            yield f"> {_words(text)}" if role in ("note", "warning") else _words(text)
        case Listing(items):
            yield from (f"- {_words(item)}" for item in items)
        case Facts(pairs):
            yield from (f"- {_escaped(label)}: {_words(value)}" for label, value in pairs)
        case Code(text, language):
            yield from _code(text, language)
        case Heading(text):
            yield f"### {_words(text)}"
        case Fold(summary, blocks):
            yield f"### {_words(summary)}"
            yield from _blocks(blocks)
        case Gallery(pictures):
            yield from (f"- {_words(picture.alternative)}" for picture in pictures)
            for below in (picture.below for picture in pictures):
                yield from _blocks([inner for each in below for inner in _unfolded(each)])


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        yield from ("", *_block(block))


def _unfolded(block: Block) -> Sequence[Block]:
    """Return what a fold below a picture holds: its caption says enough where there is no picture."""
    return block.blocks if isinstance(block, Fold) else [block]


def _table(table: Table) -> Iterator[str]:
    yield f"**{_words(table.caption)}**"
    yield ""
    headings = [f"{column.group} {column.text}".strip() for column in table.columns]
    yield _line([_escaped(heading) or " " for heading in headings])
    yield _line([_ALIGNMENT[column.kind] for column in table.columns])
    for row in table.rows:
        yield _line(_cells(row, len(table.columns)))


def _cells(row: Row, n_columns: int) -> list[str]:
    bold = row.tone == "good"
    cells = [_cell(cell, bold=bold or cell.bold) for cell in row.cells]
    return cells + [""] * (n_columns - len(cells))


def _cell(cell: Cell, *, bold: bool) -> str:
    text, small = _words(cell.text), _words(cell.small)
    strong = f"**{text}**" if bold and text.strip() else text
    return f"{strong} ({small})" if small else strong


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str, language: str) -> Iterator[str]:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    yield f"{fence}{language}"
    yield from map(visible, text.split("\n"))
    yield fence


def _words(words: Words) -> str:
    if isinstance(words, Phrase):
        return words.written(_escaped_words, _value)
    return _escaped(words)


def _value(text: str) -> str:
    return f"**{_escaped(text)}**" if isinstance(text, Name) else _escaped(text)


def _escaped_words(words: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", words)


def _escaped(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\g<0>", visible(text).strip())
    escaped = _NUMBERED.sub(r"\1\\\2", escaped)
    return _CALLS.sub(rf"\1{_WORD_JOINER}", escaped)
