"""Strategies of one run or several beside each other, and two of them row by row."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, RenderableType
from rich.text import Text

from harness.analysis.several_runs import have_several_encoders
from harness.analysis.study import Studied, Study
from harness.document.sections.answer import the_answer
from harness.document.subject import Subject
from harness.evaluation.comparisons import ALPHA
from harness.evaluation.flips import Flips, rows_behind
from harness.evaluation.metrics import TESTED
from harness.results.records import Run
from harness.terminal.console import Page, folding
from harness.terminal.document import words
from harness.terminal.grid import Grid, Heading
from harness.terminal.layout import NAME_WIDTH, banner, label_value_lines
from harness.terminal.run import model_line, result_lines

LONGEST_LABEL = 12


def print_study(
    study: Study, console: Console, *, sort: str | None = None, pairs: bool = False, language: str = "en"
) -> None:
    """Print the strategies of one run or several in one table.

    Args:
        study: The runs.
        console: Where.
        sort: Order of the strategies, one of `SORT_KEYS`, None for the score that chooses.
        pairs: Show the difference of every two strategies.
        language: One of `harness.wording.languages.LANGUAGES`.

    Raises:
        UserError: For a sort key that does not exist.
    """
    page = Page(console, language)
    subject = Subject(study.sorted_by(sort), page.say)
    if study.watermark:
        page.write([banner(f"{page.say('NOT COMPARABLE')}{page.say(': ')}{page.say_message(study.watermark)}", page)])
    page.write([words(the_answer(subject), page), Text("")])
    page.write(_run_lines(study, page))
    page.write(result_lines(subject, page, pairs=pairs))


def _run_lines(study: Study, page: Page) -> Iterator[RenderableType]:
    lines = []
    for number, (run, directory) in enumerate(zip(study.runs, study.directories, strict=True), 1):
        lines.append((page.say("run {number}").format(number=number), directory.path.name))
        lines.append(("", _what_ran(run, page, with_limit=have_several_encoders(study.runs))))
    yield label_value_lines(lines, page)


def _what_ran(run: Run, page: Page, *, with_limit: bool) -> str:
    model = run.model.name if run.model else "-"
    if run.model and with_limit:
        model = model_line(run.model.name, run.model.max_length, page)
    parts = [run.task.name, model, page.say("seed {seed}").format(seed=",".join(map(str, run.config.seeds)))]
    parts += [page.say("limit {n}").format(n=f"{run.config.limit:,}")] if run.config.limit else []
    return page.say(", ").join(parts)


def print_pair(study: Study, first: Studied, second: Studied, console: Console, *, top: int, language: str) -> None:
    """Print where a second strategy gained and lost on a first: counts, confusion, rows.

    Args:
        study: What both are part of.
        first: The one that is replaced.
        second: The one that takes its place.
        console: Where.
        top: How many rows of each kind are shown.
        language: One of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    page.write(_pair_lines(study, first, second, study.flips(first, second), top, page))


def _pair_lines(
    study: Study, first: Studied, second: Studied, flips: Flips, top: int, page: Page
) -> Iterator[RenderableType]:
    yield folding(page.text(f"{first.name} {page.glyphs.arrow} {second.name}", "bold underline"))
    counts = [
        ("rows fixed", len(flips.fixed)),
        ("rows broken", len(flips.broken)),
        ("both right", flips.both_right),
        ("both wrong", flips.both_wrong),
    ]
    yield label_value_lines([(page.say(what), f"{count:,}") for what, count in counts], page)
    yield from _verdict(study, first, second, page)
    yield Text("")
    yield page.text(page.say("Change in the confusion matrix, second minus first"), "bold underline")
    yield from _difference_matrix(flips.difference, study.label_names, page)
    for title, positions in (("Rows fixed", flips.fixed), ("Rows broken", flips.broken)):
        yield Text("")
        yield page.text(f"{page.say(title)} ({min(top, len(positions)):,} / {len(positions):,})", "bold underline")
        yield from _rows(study, first, second, positions[:top], page)


def _verdict(study: Study, first: Studied, second: Studied, page: Page) -> Iterator[RenderableType]:
    """Yield what the tests say of the difference, second minus first."""
    for pair in study.evidence.pairs:
        if {pair.first, pair.second} != {first.name, second.name}:
            continue
        for metric in TESTED:
            sign, difference = (-1 if pair.first == first.name else 1), getattr(pair, metric)
            told = page.say("beyond chance" if difference.p_holm < ALPHA else "not beyond chance")
            p = f"p {difference.p_holm:.3f}, Holm, {len(study.evidence.pairs)}"
            yield folding(page.text(f"{page.say(metric)} {sign * difference.value:+.4f}: {told} ({p})"))
    for by in study.evidence.metrics:
        for tested in by.pairs:
            if {tested.first, tested.second} == {first.name, second.name}:
                sign = -1 if tested.first == first.name else 1
                told = page.say("beyond chance" if tested.p_holm < ALPHA else "not beyond chance")
                p = f"p {tested.p_holm:.3f}, Holm, {len(by.pairs)}"
                yield folding(page.text(f"{by.metric} {sign * tested.value:+.4f}: {told} ({p})"))


def _difference_matrix(difference: NDArray[np.int64], label_names: Sequence[str], page: Page) -> Iterator[Text]:
    """Yield the matrix where it fits, else the largest changes."""
    names = [page.short(name, LONGEST_LABEL) for name in label_names]
    headings = [Heading(f"{page.say('true')} \\ {page.say('predicted')}", is_name=True), *map(Heading, names)]
    rows = [
        ([name, *(f"{change:+d}" if change else "." for change in row)], "")
        for name, row in zip(names, difference, strict=True)
    ]
    grid = Grid(headings, rows)
    if grid.width <= page.width:
        yield from grid.lines(page.glyphs.rule)
        return
    order = np.argsort(-np.abs(difference), axis=None, kind="stable")[:10]
    for i, j in zip(*np.unravel_index(order, difference.shape), strict=True):
        if difference[i, j]:
            yield page.text(f"{difference[i, j]:+5d}  {names[i]} {page.glyphs.arrow} {names[j]}")


def print_cell(
    study: Study,
    first: Studied,
    second: Studied,
    cell: tuple[int, int],
    console: Console,
    *,
    top: int,
    language: str,
) -> None:
    """Print the rows behind a cell of the difference: those that just one of the two puts there."""
    page = Page(console, language)
    predictions = first.predictions.predictions, second.predictions.predictions
    positions = rows_behind(study.labels, *predictions, cell)
    true, predicted = (page.short(study.label_names[i], NAME_WIDTH) for i in cell)
    title = f"{page.say('true')} {true}, {page.say('predicted')} {predicted}"
    page.write([Text(""), Text(f"{title} ({min(top, len(positions)):,} / {len(positions):,})", style="bold underline")])
    page.write(_rows(study, first, second, positions[:top], page))


def _rows(
    study: Study, first: Studied, second: Studied, positions: NDArray[np.int64], page: Page
) -> Iterator[RenderableType]:
    facts, names = study.facts, study.label_names
    for position in positions:
        labels = [names[study.labels[position]]]
        labels += [names[s.predictions.predictions[position]] for s in (first, second)]
        true, before, after = (page.short(label, NAME_WIDTH) for label in labels)
        row = page.say("row {row}").format(row=study.rows[position] + 1)
        yield folding(Text(f"{row}{page.say(': ')}{page.say('true')} {true}; {before} {page.glyphs.arrow} {after}"))
        if facts and facts.texts is not None:
            yield folding(page.text(f"  {facts.texts[position]}", "dim"))
