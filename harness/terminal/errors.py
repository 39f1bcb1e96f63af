"""The errors of a strategy on the page."""

from collections.abc import Sequence

from rich.console import Console

from harness.analysis.error_analysis import ErrorAnalysis
from harness.document.model import Block, Facts
from harness.document.sections.errors import ErrorRows, error_blocks, joint_blocks, remark_blocks
from harness.document.sections.learning import calibration_blocks
from harness.evaluation.calibration import Calibration
from harness.results.row_facts import RowFacts
from harness.terminal.console import Page
from harness.terminal.document import block_lines


def print_errors(
    analysis: ErrorAnalysis,
    label_names: Sequence[str],
    facts: RowFacts | None,
    about: Sequence[tuple[str, str]],
    console: Console,
    *,
    calibration: Calibration | None = None,
    top: int = 5,
    language: str = "en",
) -> None:
    """Print where a strategy fails.

    Args:
        analysis: Its errors.
        label_names: The k class names.
        facts: Facts of the test rows, with their texts where they were kept.
        about: Labels and values of the heading.
        console: Where.
        calibration: How far its probabilities can be believed, None where nobody asks.
        top: Rows shown of each kind.
        language: Of headings and fixed phrases, one of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    rows = ErrorRows(label_names, facts, page.say, n_shown=top)
    blocks: list[Block] = [Facts([(page.say(label), page.say_message(value)) for label, value in about])]
    blocks += [*error_blocks(analysis, rows), *joint_blocks(analysis, rows)]
    blocks += calibration_blocks(analysis.strategy, calibration, page.say) if calibration else ()
    page.write(block_lines([*blocks, *remark_blocks(analysis, rows)], page))
