"""A suite on a terminal."""

from rich.console import Console
from rich.text import Text

from harness.analysis.suite_study import SuiteStudy
from harness.document.sections.suite import compose_suite
from harness.terminal.console import Page
from harness.terminal.document import block_lines, section_lines, words
from harness.terminal.layout import banner


def print_suite(study: SuiteStudy, console: Console, language: str = "en") -> None:
    """Print the answer and the tables of a suite.

    Args:
        study: The suite.
        console: Where.
        language: One of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    report = compose_suite(study, page.say, language)
    page.write([banner(str(told), page) for told in report.banners])
    answer, *sections = report.sections
    page.write([words(report.title, page, "bold"), Text("")])
    page.write(block_lines(answer.blocks, page))
    for section in sections:
        page.write(section_lines(section, page))
