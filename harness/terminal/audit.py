"""A data audit on the page, with examples from the data themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from harness.data.audit import Audit
from harness.data.task import SPLITS, Task
from harness.document.model import Section
from harness.document.sections.data import audit_blocks, finding_blocks
from harness.terminal.console import Page, folding
from harness.terminal.document import block_lines, section_lines
from harness.terminal.layout import NAME_WIDTH, label_value_lines
from harness.terminal.run import data_set_line, model_line

N_CLASSES = 20
EXAMPLES_SHOWN = 3  # of each kind
TEXT_LENGTH = 200  # columns of an example


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
    page.write([_heading(audit, task, model, page)])
    found = Section("data", page.say("Data audit"), list(finding_blocks(audit, page.say)))
    page.write(section_lines(found, page))
    page.write(block_lines(audit_blocks(audit, page.say, N_CLASSES), page))
    page.write(_examples(audit, task, page))


def _heading(audit: Audit, task: Task, model: str | None, page: Page) -> RenderableType:
    sizes = {split: of_split.n_rows for split, of_split in audit.splits.items()}
    lines = [("data set", data_set_line(task.name, sizes, len(audit.label_names), page))]
    if model is not None:
        lines.append(("model", model_line(model, audit.max_length or 0, page)))
    lines += [("note", page.say_message(note)) for note in task.provenance.notes]
    return label_value_lines([(page.say(label), value) for label, value in lines], page)


def _pair(first: str, second: str, page: Page) -> str:
    if first == second:
        return page.say(first)
    return page.say("{first} and {second}").format(first=page.say(first), second=page.say(second))


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
    yield Text("")
    yield page.text(page.say("Examples, rows counted from 1"), "bold underline")
    for title, examples in samples:
        yield page.text(title, "bold")
        for example in examples[:EXAMPLES_SHOWN]:
            rows = [(split, row, places[split][row]) for split, row in example.rows]
            told = page.say(", ").join(_row_and_label(task, *each, page) for each in rows) + example.remark
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


def _row_and_label(task: Task, split: str, row: int, place: int, page: Page) -> str:
    label = page.short(task.label_names[getattr(task, split).labels[place]], NAME_WIDTH)
    return f"{page.say(split)} {row + 1:,} ({label})"
