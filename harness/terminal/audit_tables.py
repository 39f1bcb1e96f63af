"""All that a data audit found: classes, lengths, repeated texts, and examples from the data themselves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.data.audit import Audit, Lengths
from harness.data.same_texts import SameTexts
from harness.data.task import SPLITS, Task
from harness.terminal.audit import audit_lines
from harness.terminal.console import Page, folding
from harness.terminal.grid import GAP_BETWEEN_GROUPS, Grid, Heading
from harness.terminal.run import data_set_line, label_value_lines, model_line
from harness.terminal.scores import NAME_WIDTH, STACKED_BELOW
from harness.wording import quantities

N_CLASSES = 20
EXAMPLES_SHOWN = 3  # of each kind
TEXT_LENGTH = 200  # columns of an example
KINDS: dict[str, Callable[[Audit], SameTexts]] = {
    "letter by letter": lambda audit: audit.exact,
    "normalised": lambda audit: audit.normalised,
}
COUNTED = (
    "texts: different texts that come more than once in a split, or stand in both; rows: all but the first of each "
    "text, or those of the second split; two labels: different texts with two labels or more; normalised: but for "
    "case, spacing and Unicode form"
)
QUANTILE_HEADINGS = {
    "minimum": "min",
    "q05": "5 %",
    "q25": "25 %",
    "median": "median",
    "q75": "75 %",
    "q95": "95 %",
    "maximum": "max",
}
FEW_QUANTILES = ("minimum", "median", "q95", "maximum")


def print_audit(audit: Audit, task: Task, model: str | None, console: Console, language: str = "en") -> None:
    """Print an audit with its tables and examples.

    Args:
        audit: What was found.
        task: The data, for the texts of the examples.
        model: Name of the encoder that counted tokens, None where there was none.
        console: Where.
        language: Of headings and fixed phrases, one of `harness.wording.languages.LANGUAGES`.
    """
    page = Page(console, language)
    page.write([_heading(audit, task, model, page), Text("")])
    page.write([*audit_lines(audit, page), Text("")])
    page.write([*_classes(audit, page), Text("")])
    page.write(_lengths(audit, page))
    page.write(_same_texts(audit, page))
    page.write(_near_texts(audit, page))
    page.write(_examples(audit, task, page))


def _heading(audit: Audit, task: Task, model: str | None, page: Page) -> RenderableType:
    sizes = {split: of_split.n_rows for split, of_split in audit.splits.items()}
    lines = [("data set", data_set_line(task.name, sizes, len(audit.label_names), page))]
    if model is not None:
        lines.append(("model", model_line(model, audit.max_length or 0, page)))
    lines += [("note", note) for note in task.provenance.notes]
    return label_value_lines([(page.say(label), value) for label, value in lines], page)


def _classes(audit: Audit, page: Page) -> Iterator[RenderableType]:
    in_full = page.width >= STACKED_BELOW
    headings = [Heading(page.say("class"), is_name=True)]
    for split in audit.splits:
        group = page.say(split)
        headings += (
            [Heading(page.say("rows"), group), Heading(page.say("share"), group)] if in_full else [Heading(group)]
        )
    shown = sorted(range(len(audit.label_names)), key=lambda k: -audit.splits["train"].class_counts[k])[:N_CLASSES]
    cells = [_class_cells(audit, k, with_rows=in_full) for k in sorted(shown)]
    taken = Grid(headings[1:], [(row, "") for row in cells]).width + GAP_BETWEEN_GROUPS
    names = [page.short(audit.label_names[k], page.width - taken) for k in sorted(shown)]
    yield page.text(page.say("Classes"), "bold underline")
    yield from Grid(headings, [([n, *row], "") for n, row in zip(names, cells, strict=True)]).lines(page.glyphs.rule)
    if rest := len(audit.label_names) - len(shown):
        yield page.text(page.say("and {n} smaller classes").format(n=f"{rest:,}"), "dim")


def _class_cells(audit: Audit, k: int, *, with_rows: bool) -> list[str]:
    cells = []
    for of_split in audit.splits.values():
        count = of_split.class_counts[k]
        cells += [f"{count:,}"] if with_rows else []
        cells.append(quantities.share(count, of_split.n_rows))
    return cells


def _lengths(audit: Audit, page: Page) -> Iterator[RenderableType]:
    quantiles = tuple(QUANTILE_HEADINGS) if page.width >= STACKED_BELOW else FEW_QUANTILES
    yield page.text(page.say("Lengths"), "bold underline")
    for unit in ("characters", "words", "tokens"):
        of_unit: dict[str, Lengths | None] = {split: getattr(each, unit) for split, each in audit.splits.items()}
        rows = [
            ([page.say(split), *(f"{getattr(lengths, name):,}" for name in quantiles)], "")
            for split, lengths in of_unit.items()
            if lengths is not None
        ]
        if rows:
            headings = [
                Heading(page.say(unit), is_name=True),
                *(Heading(page.say(QUANTILE_HEADINGS[q])) for q in quantiles),
            ]
            yield from Grid(headings, rows).lines(page.glyphs.rule)
            yield Text("")


def _same_texts(audit: Audit, page: Page) -> Iterator[RenderableType]:
    yield page.text(page.say("Texts that come more than once"), "bold underline")
    whole = _same_texts_grid(audit, list(KINDS), page, "{first} and {second}")
    grids = (
        [whole]
        if whole.width <= page.width
        else [_same_texts_grid(audit, [k], page, "{first}/{second}") for k in KINDS]
    )
    for grid in grids:
        yield from grid.lines(page.glyphs.rule)
    yield folding(page.text(page.say(COUNTED), "dim"))
    yield Text("")


def _same_texts_grid(audit: Audit, kinds: Sequence[str], page: Page, pair: str) -> Grid:
    """Lay out texts, rows and texts with two labels, for each kind of sameness, by split and pair of splits."""
    units = [page.say(unit) for unit in ("texts", "rows", "two labels")]
    headings = [Heading(page.say("where"), is_name=True)]
    headings += [Heading(unit, page.say(name)) for name in kinds for unit in units]
    places = [page.say(split) for split in audit.splits]
    places += [_pair(each.first, each.second, page, pair) for each in audit.exact.across]
    columns = [column for name in kinds for column in _counts(KINDS[name](audit))]
    rows = zip([*places, page.say("all splits")], *columns, strict=True)
    return Grid(headings, [(row, "") for row in rows])


def _counts(same: SameTexts) -> tuple[list[str], list[str], list[str]]:
    """Return the columns: texts, rows, texts with two labels."""
    within, across = same.within.values(), same.across
    texts: list[int | None] = [*(r.n_texts for r in within), *(s.n_texts for s in across), None]
    rows: list[int | None] = [*(r.n_rows for r in within), *(s.second_rows for s in across), None]
    labels = [*(r.n_two_labels for r in within), *(s.n_two_labels for s in across), same.n_two_labels]
    return _written(texts), _written(rows), _written(labels)


def _written(counts: Sequence[int | None]) -> list[str]:
    return [quantities.MISSING if count is None else f"{count:,}" for count in counts]


def _pair(first: str, second: str, page: Page, template: str = "{first} and {second}") -> str:
    if first == second:
        return page.say(first)
    return page.say(template).format(first=page.say(first), second=page.say(second))


def _near_texts(audit: Audit, page: Page) -> Iterator[RenderableType]:
    if audit.near is None:
        return
    title = page.say("Texts that are nearly the same (similarity {threshold} or more)")
    yield folding(page.text(title.format(threshold=audit.near.threshold), "bold underline"))
    headings = [
        Heading(page.say("where"), is_name=True),
        Heading(page.say("rows of first")),
        Heading(page.say("of second")),
    ]
    rows = [
        ([_pair(pair.first, pair.second, page), f"{pair.first_rows:,}", f"{pair.second_rows:,}"], "")
        for pair in audit.near.pairs
    ]
    yield from Grid(headings, rows).lines(page.glyphs.rule)
    explained = page.say("similarity: Jaccard index of all runs of {n} characters of the normalised texts")
    yield folding(page.text(explained.format(n=audit.near.shingle), "dim"))
    yield Text("")


@dataclass(frozen=True)
class _Example:
    """Rows that belong together, each with its split; what is told of them; whether their texts are all the same."""

    rows: Sequence[tuple[str, int]]
    remark: str = ""
    alike: bool = True


def _examples(audit: Audit, task: Task, page: Page) -> Iterator[RenderableType]:
    samples = [(title, examples) for title, examples in _sampled(audit, page) if examples]
    if not samples:
        return
    places = {s: {row: i for i, row in enumerate(getattr(task, s).rows_in_source().tolist())} for s in SPLITS}
    yield page.text(page.say("Examples, rows counted from 1"), "bold underline")
    for title, examples in samples:
        yield page.text(title, "bold")
        for example in examples[:EXAMPLES_SHOWN]:
            rows = [(split, row, places[split][row]) for split, row in example.rows]
            told = page.say(", ").join(_told(task, *each, page) for each in rows) + example.remark
            yield _indented(page.text(told))
            for split, _, place in rows[:1] if example.alike else rows:
                yield _indented(Text(page.short(getattr(task, split).texts[place], TEXT_LENGTH), style="dim"))


def _indented(text: Text) -> Padding:
    return Padding(folding(text), (0, 0, 0, 2))


def _sampled(audit: Audit, page: Page) -> Iterator[tuple[str, list[_Example]]]:
    """Yield where, and a few examples of it."""
    for pair in audit.normalised.across:
        shared = [_Example([(pair.first, first), (pair.second, second)]) for first, second in pair.examples]
        yield _pair(pair.first, pair.second, page), shared
    for split, repeated in audit.normalised.within.items():
        yield page.say(split), [_Example([(split, row) for row in rows]) for rows in repeated.examples]
    for near in audit.near.pairs if audit.near else ():
        title = page.say("nearly the same: {where}").format(where=_pair(near.first, near.second, page))
        yield (
            title,
            [
                _Example([(near.first, e.first_row), (near.second, e.second_row)], f": {e.similarity:.2f}", alike=False)
                for e in near.examples
            ],
        )


def _told(task: Task, split: str, row: int, place: int, page: Page) -> str:
    label = page.short(task.label_names[getattr(task, split).labels[place]], NAME_WIDTH)
    return f"{page.say(split)} {row + 1:,} ({label})"
