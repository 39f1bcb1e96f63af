"""A whole run on the page: what was compared, the table, the failures, the matrices."""

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from harness.records import ModelInfo, Run
from harness.rendering import quantities
from harness.rendering.confusion import confusion_matrix, side_by_side
from harness.rendering.console import Page
from harness.rendering.failures import failure_lines, not_scored
from harness.rendering.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.rendering.ranking import Standing, best_by_validation, rank
from harness.rendering.scores import NAME_WIDTH, ScoreTable

PER_CLASS_IN_FULL = 56  # columns; the headings are shortened below


def print_run(
    run: Run, console: Console, *, sort: str = "f1_macro", confusion: bool = True, per_class: bool = True
) -> None:
    """Print a run.

    Args:
        run: What to print.
        console: Where.
        sort: Order of the strategies, one of `SORT_KEYS`; scores are of validation, never of test.
        confusion: Show the confusion matrices on the test split.
        per_class: Show the per-class scores of the best strategy on the test split.

    Raises:
        UserError: For a sort key that does not exist.
    """
    page = Page(console)
    standings = rank(run.records, sort)
    page.write(_heading(run, page))
    page.write(_results(run, standings, page))
    if standings and confusion:
        page.write(_matrices(run, standings, page))
    if standings and per_class:
        page.write(_per_class(run, best_by_validation(standings), page))


def print_banner(message: str, console: Console) -> None:
    """Print, in a frame nobody overlooks, that something else stands in for what was asked for."""
    page = Page(console)
    page.write([_banner(message, page)])


def _banner(message: str, page: Page) -> Panel:
    return Panel(_folding(page.text(message)), style="yellow", expand=False)


def label_value_lines(lines: Sequence[tuple[str, str]], page: Page) -> Table:
    """Lay out labels and values, the values wrapped beside their labels."""
    grid = Table.grid(Column(), Column(overflow="fold"), padding=(0, 2, 0, 0))
    for label, value in lines:
        grid.add_row(page.text(label, "dim"), page.text(value))
    return grid


def _folding(text: Text) -> Text:
    text.overflow = "fold"
    return text


def _heading(run: Run, page: Page) -> Iterator[RenderableType]:
    if run.fallback is not None:
        yield _banner(run.fallback, page)
    rows = " / ".join(f"{run.task.n_rows(split):,} {split}" for split in run.task.class_counts)
    seeds = _seeds(run)
    lines = [
        ("data set", f"{run.task.name}: {rows} rows, {len(run.task.label_names)} classes"),
        ("model", _model(run.model)),
        ("device", f"{run.environment.get('device', 'unknown')}, {run.environment.get('dtype', 'unknown')}"),
        ("seeds" if len(seeds) > 1 else "seed", ", ".join(map(str, seeds))),
    ]
    yield label_value_lines([*lines, *(("note", note) for note in run.notes)], page)


def _model(model: ModelInfo | None) -> str:
    if model is None:
        return "none"
    cut = [f"{n:,} {split}" for split, n in model.truncated_texts.items() if n]
    truncated = f", truncated texts: {', '.join(cut)}" if cut else ""
    return f"{model.name}, at most {model.max_length:,} tokens a text{truncated}"


def _results(run: Run, standings: Sequence[Standing], page: Page) -> Iterator[RenderableType]:
    yield Text("")
    if standings:
        majority = run.task.majority_accuracy("validation")
        yield from ScoreTable(standings, majority, with_seeds=len(_seeds(run)) > 1).lines(page)
    if left_out := not_scored(run.records):
        yield Text("")
        yield from failure_lines(left_out, page)
    yield Text("")
    yield _folding(page.text(_verdict(standings)))
    for record in run.records:
        for degradation in record.degradations:
            yield _folding(page.text(f"{record.strategy} seed {record.seed}: {degradation}", "yellow"))


def _seeds(run: Run) -> list[int]:
    return list(dict.fromkeys((*run.config.seeds, *(record.seed for record in run.records))))


def _verdict(standings: Sequence[Standing]) -> str:
    if not standings:
        return "No strategy was scored."
    best = best_by_validation(standings)
    test = best.headline.test
    seeds = f" (mean of {len(best.records)} seeds)" if best.headline.kind == "mean" else ""
    verdict = (
        f"Best by validation f1_macro: {best.strategy}{seeds}, with test accuracy "
        f"{quantities.score(test.accuracy)} and test f1_macro {quantities.score(test.f1_macro)}"
    )
    frozen = [standing for standing in standings if standing.frozen]
    if not frozen or best.frozen:
        return f"{verdict}."
    runner_up = best_by_validation(frozen)
    behind = test.accuracy - runner_up.headline.test.accuracy
    place = f"{quantities.score(abs(behind))} {'behind' if behind >= 0 else 'ahead'}"
    return f"{verdict}; the best on frozen features, {runner_up.strategy}, is {place} in test accuracy."


def _matrices(run: Run, standings: Sequence[Standing], page: Page) -> Iterator[RenderableType]:
    best_first = sorted(standings, key=lambda standing: -standing.headline.validation.f1_macro)
    matrices = [
        confusion_matrix(standing.first.test, run.task.label_names, _title(standing, page), page.console)
        for standing in best_first
        if standing.first.test is not None
    ]
    yield Text("")
    yield Text("Confusion on the test split", style="bold underline")
    yield side_by_side(matrices, page.console)


def _title(standing: Standing, page: Page) -> str:
    several = len(standing.records) > 1 and not standing.deterministic
    seed = f", seed {standing.first.seed}" if several else ""
    return page.short(standing.strategy, NAME_WIDTH) + seed


def _per_class(run: Run, best: Standing, page: Page) -> Iterator[RenderableType]:
    if best.first.test is None:
        return
    in_full = page.width >= PER_CLASS_IN_FULL
    headings = ("precision" if in_full else "prec.", "recall", "f1", "support")
    write = quantities.score if in_full else quantities.short_score
    numbers = [
        [*map(write, (of_class.precision, of_class.recall, of_class.f1)), f"{of_class.support:,}"]
        for of_class in best.first.test.per_class
    ]
    taken = Grid([Heading(heading) for heading in headings], [(cells, "") for cells in numbers]).width
    names = [page.short(name, page.width - taken - GAP_BETWEEN_GROUPS) for name in run.task.label_names]
    rows = [([name, *cells], "") for name, cells in zip(names, numbers, strict=True)]
    yield Text("Scores of each class on the test split", style="bold underline")
    yield _folding(page.text(_title(best, page), "bold"))
    columns = [Heading("class", is_name=True), *(Heading(heading) for heading in headings)]
    yield from Grid(columns, rows).lines(page.glyphs.rule)
