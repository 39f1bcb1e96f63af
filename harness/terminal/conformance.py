"""The findings of the conformance kit on the page, check by check."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from harness.terminal.console import Page, folding
from harness.testing import CheckResult

INDENT = (0, 0, 0, 2)


def print_conformance(
    name: str, results: Iterable[CheckResult], console: Console, language: str = "en"
) -> Iterator[CheckResult]:
    """Print the results of one strategy as they come, and pass them on.

    Args:
        name: Of the strategy.
        results: Its checks.
        console: Where.
        language: Of what is printed.

    Yields:
        Each result after it was printed.
    """
    page = Page(console, language)
    page.write([page.text(name, "bold")])
    for result in results:
        page.write(_lines(result, page))
        yield result
    page.write([Text("")])


def print_conformance_total(found: Mapping[str, Sequence[CheckResult]], console: Console, language: str = "en") -> None:
    """Print how many checks hold, and for which strategies some do not."""
    results = [result for checks in found.values() for result in checks]
    failed = [name for name, checks in found.items() if any(check.problem for check in checks)]
    n_failed, n_skipped = sum(bool(r.problem) for r in results), sum(r.skipped for r in results)
    untold = f", {n_skipped} not judged" if n_skipped else ""
    page = Page(console, language)
    if failed:
        told = f"{len(results)} checks, {n_failed} failed{untold}: {', '.join(failed)} breaks the contract."
        told = told.replace(" breaks", " break") if failed[1:] else told
    else:
        told = f"{len(results)} checks, none failed{untold}."
    page.write([folding(page.text(page.say_message(told), "bold red" if failed else "bold green"))])


def _lines(result: CheckResult, page: Page) -> Iterator[Text | Padding]:
    name = page.say_message(result.name.replace("_", " "))
    note = page.say_message(result.note or "")
    if result.problem:
        yield folding(page.text(f"{page.glyphs.cross} {name}", "red"))
        yield Padding(folding(page.text(page.say_message(result.says), "dim")), INDENT)
        yield Padding(folding(page.text(page.say_message(result.problem.strip()), "red")), INDENT)
    elif result.skipped:
        yield folding(page.text(f"- {name}: {note}", "yellow"))
    else:
        yield folding(page.text(f"{page.glyphs.tick} {name}", "green"))
        if note:
            yield Padding(folding(page.text(note, "dim")), INDENT)
