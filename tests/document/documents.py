"""A report as plain lines, to look for what it says."""

from collections.abc import Iterator, Sequence
from typing import Any

from harness.analysis.study import Study
from harness.document.model import Fold, Gallery, Paragraph, Picture, Report, Section, Table
from harness.reporting.content import compose
from harness.wording.languages import translator


def report_of(study: Study, **options: Any) -> Report:
    return compose(study, translator("en"), "en", **options)


def section(report: Report, name: str) -> Section:
    return next(section for section in report.sections if section.name == name)


def tables(blocks: Sequence[Any]) -> Iterator[Table]:
    """Yield all tables, those in folds and below pictures, too."""
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Fold):
            yield from tables(block.blocks)
        elif isinstance(block, Gallery):
            for picture in block.pictures:
                yield from tables(picture.below)


def table(report: Report, name: str, caption: str) -> Table:
    """Return the first table of a section whose caption begins like this."""
    return next(each for each in tables(section(report, name).blocks) if str(each.caption).startswith(caption))


def rows(of: Table) -> list[list[str]]:
    """Return the cells of a table, what is small in brackets."""
    return [[f"{cell.text} ({cell.small})" if cell.small else str(cell.text) for cell in row.cells] for row in of.rows]


def paragraphs(report: Report, name: str) -> list[str]:
    return [str(block.text) for block in section(report, name).blocks if isinstance(block, Paragraph)]


def pictures_of(report: Report, name: str) -> list[Picture]:
    galleries = [block for block in section(report, name).blocks if isinstance(block, Gallery)]
    return [picture for gallery in galleries for picture in gallery.pictures]
