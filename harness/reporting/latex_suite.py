"""Suite -> LaTeX: the tables of its cells and encoders as papers set them, in a document that compiles as it is."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise

from harness.analysis.suite_study import SuiteStudy
from harness.document.model import Cell, Paragraph, Row, Section, Table
from harness.document.sections.suite import compose_suite
from harness.document.text import shorten
from harness.reporting.latex import (
    BETWEEN,
    LETTER,
    LINE,
    LONGEST_NAME,
    SMALL_LETTER,
    escaped,
    latex_document,
    packed,
    words_in_latex,
)
from harness.wording.languages import Say

SECTIONS = ("scores", "encoders", "combinations")


def latex_of_suite(study: SuiteStudy, say: Say) -> str:
    """Write the tables of a suite in LaTeX, mean ranks and their intervals first, the best of each cell bold.

    Args:
        study: The suite.
        say: Translates fixed phrases.

    Returns:
        A document that needs the class article and the package booktabs only.
    """
    answer, *sections = compose_suite(study, say, "en").sections
    said = [block.text for block in answer.blocks if isinstance(block, Paragraph)]
    body = [rf"\noindent {' '.join(map(words_in_latex, said))}\par\bigskip"]
    for section in sections:
        body += _section(section) if section.name in SECTIONS else []
    return latex_document("\n".join(body))


def _section(section: Section) -> Iterator[str]:
    """Yield the table of a section and its notes."""
    table, *notes = section.blocks
    yield from _table(table) if isinstance(table, Table) else []
    told = " ".join(words_in_latex(note.text) for note in notes if isinstance(note, Paragraph))
    yield rf"\medskip\noindent{{\footnotesize {told}\par}}\bigskip"


def _table(table: Table) -> Iterator[str]:
    """Yield the table, one below the other where its columns do not fit beside one another."""
    for number, part in enumerate(_parts(table)):
        yield from [r"\medskip"] if number else []
        yield r"{\centering\small"
        yield rf"\begin{{tabular}}{{@{{}}l{'r' * (len(part.columns) - 1)}@{{}}}}"
        yield r"\toprule"
        groups = [rf"\multicolumn{{{n}}}{{c}}{{{escaped(name)}}}" for name, n in part.groups]
        yield " & ".join(groups) + r" \\"
        yield " & ".join(escaped(column.text) for column in part.columns) + r" \\"
        yield r"\midrule"
        for row in part.rows:
            yield " & ".join(_cells(row)) + r" \\"
        yield r"\bottomrule"
        yield r"\end{tabular}\par}"


def _parts(table: Table) -> Iterator[Table]:
    """Yield tables that fit the page: the first group of columns in each, the other groups in turn."""
    ends = list(accumulate(n for _, n in table.groups))
    repeated, *groups = [range(start, end) for start, end in pairwise([0, *ends])]
    widths = [sum(_width(table, column) for column in group) for group in groups]
    room = LINE - sum(_width(table, column) for column in repeated)
    for part in packed(widths, room):
        kept = [*repeated, *(column for number in part for column in groups[number])]
        rows = [replace(row, cells=[row.cells[column] for column in kept]) for row in table.rows]
        yield replace(table, columns=[table.columns[column] for column in kept], rows=rows)


def _width(table: Table, column: int) -> float:
    """Return about how wide a column is, in points."""
    cells = (row.cells[column] for row in table.rows)
    texts = (LETTER * len(str(cell.text)) + SMALL_LETTER * len(str(cell.small)) for cell in cells)
    return max(LETTER * len(table.columns[column].text), *texts) + BETWEEN


def _cells(row: Row) -> Iterator[str]:
    name, *cells = row.cells
    yield escaped(shorten(str(name.text), LONGEST_NAME))
    yield from map(_cell, cells)


def _cell(cell: Cell) -> str:
    text = escaped(str(cell.text))
    small = rf" {{\scriptsize {escaped(str(cell.small))}}}" if str(cell.small) else ""
    return (rf"\textbf{{{text}}}" if cell.bold else text) + small
