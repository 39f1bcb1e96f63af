"""Results of `harness verify` and `harness reproduce` on the page."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from harness.analysis.reproduction import Reproduction, ScoreChange
from harness.analysis.verification import Check
from harness.terminal.console import Page, folding
from harness.terminal.grid import Grid, Heading
from harness.terminal.layout import STACKED_BELOW


def print_checks(
    checks: Sequence[Check], not_covered: Sequence[str], console: Console, language: str = "en", *, of_run: bool = True
) -> None:
    """Print every check, what does not hold in red, what no check looks at, and the result in the last line.

    Args:
        checks: The checks.
        not_covered: What none of them looks at, one phrase each.
        console: Where.
        language: One of `harness.wording.languages.LANGUAGES`.
        of_run: Whether they are of a run, and not of a bundle's files alone.
    """
    page = Page(console, language)
    broken = [check for check in checks if check.problem]
    for check in checks:
        style = "red" if check.problem else "green"
        told = page.say(": ") + page.say_message(check.problem) if check.problem else ""
        mark = page.glyphs.cross if check.problem else page.glyphs.tick
        page.write([folding(page.text(f"{mark} {page.say_message(check.what)}{told}", style))])
    left = "; ".join(map(page.say_message, not_covered))
    page.write([folding(page.text(page.say_message(f"Not covered: {left}."), "dim"))])
    if broken:
        what = "run" if of_run else "bundle"
        told = f"{len(checks)} checks, {len(broken)} failed: this {what} does not hold."
        page.write([page.text(page.say_message(told), "bold red")])
    else:
        why = "every score follows from the predictions" if of_run else "every file is as it was bundled"
        told = f"{len(checks)} checks, all hold: {why}."
        page.write([page.text(page.say_message(told), "bold green")])


def print_reproduction(reproduction: Reproduction, tolerance: float, console: Console, language: str = "en") -> None:
    """Print scores then and now, and what differs in data, model and environment."""
    page = Page(console, language)
    page.write(_score_lines(reproduction, tolerance, page))
    page.write(_surroundings(reproduction, page))
    outside = [change for change in reproduction.scores if not change.within(tolerance)]
    equal = sum(reproduction.same_predictions.values())
    page.write([Text("")])
    told = f"{equal} of {len(reproduction.same_predictions)} trials predict the same, bit for bit."
    page.write([page.text(page.say_message(told))])
    if outside:
        told = f"Not reproduced: {len(outside)} scores differ by more than {tolerance:g}."
        page.write([page.text(page.say_message(told), "bold red")])
    else:
        told = f"Reproduced: no score differs by more than {tolerance:g}."
        page.write([page.text(page.say_message(told), "bold green")])


def _score_lines(reproduction: Reproduction, tolerance: float, page: Page) -> Iterator[RenderableType]:
    shown = [change for change in reproduction.scores if change.split == "test" and change.metric != "f1_weighted"]
    if page.width < STACKED_BELOW:
        for change in shown:
            yield page.text(f"{change.trial} {page.say(change.metric)}")
            yield Text("  " + " ".join(_numbers(change)), style=_style(change, tolerance))
        return
    names = [Heading(page.say(each), is_name=True) for each in ("trial", "test")]
    headings = [*names, *(Heading(page.say(each)) for each in ("then", "now", "change"))]
    rows = [
        ([page.short(change.trial, 40), page.say(change.metric), *_numbers(change)], _style(change, tolerance))
        for change in shown
    ]
    yield from Grid(headings, rows).lines(page.glyphs.rule)


def _numbers(change: ScoreChange) -> list[str]:
    if change.then is None or change.now is None:
        return ["-" if value is None else f"{value:.4f}" for value in (change.then, change.now)] + ["-"]
    return [f"{change.then:.4f}", f"{change.now:.4f}", f"{change.now - change.then:+.4f}"]


def _style(change: ScoreChange, tolerance: float) -> str:
    return "" if change.within(tolerance) else "red"


def _surroundings(reproduction: Reproduction, page: Page) -> Iterator[RenderableType]:
    yield Text("")
    if not reproduction.surroundings:
        yield page.text(page.say("Data, model, plugins, versions and machine are the same."))
        return
    yield page.text(page.say("What differs around it"), "bold underline")
    for name, then, now in reproduction.surroundings:
        yield folding(page.text(f"{name}{page.say(': ')}{then} {page.glyphs.arrow} {now}", "yellow"))
