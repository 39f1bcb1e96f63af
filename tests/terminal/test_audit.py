"""An audit on the page: a few lines where something is to be known, tables and examples on demand."""

import io

import numpy as np
import pytest
from rich.cells import cell_len

from harness import Provenance, Split, Task
from harness.data.audit import Audit, audit_task
from harness.document.sections.data import finding_blocks
from harness.terminal import make_console, print_audit
from harness.terminal.console import Page
from harness.terminal.document import block_lines

from .factory import block, line_with, right_stripped
from .test_report import HOSTILE

CLEAN = (
    "the lake is calm",
    "tea at noon",
    "the train was late",
    "a crowd of people",
    "my friend laughed",
    "rain again",
)


def task_of(
    train: list[str],
    validation: list[str],
    test: list[str],
    labels: tuple[int, ...] = (0, 1),
    names: tuple[str, ...] = ("no", "yes"),
) -> Task:
    splits = [Split(tuple(texts), np.resize(labels, len(texts))) for texts in (train, validation, test)]
    return Task("reviews", names, *splits, Provenance("reviews.csv", notes=("a note",)), allow_unseen=True)


LEAKY = task_of(
    ["I like it", "i like  it", "never again", "fine", "so so", "fine"],
    ["never again", "would buy"],
    ["I like it", "FINE", "not for me", "would buy"],
)
CLEAN_TASK = task_of(list(CLEAN[:2]), list(CLEAN[2:4]), list(CLEAN[4:]))


def lines_of(audit: Audit, width: int = 80, language: str = "en") -> str:
    """What a run says of its data, in one line."""
    stream = io.StringIO()
    page = Page(make_console(stream, width=width), language)
    page.write(block_lines(finding_blocks(audit, page.say), page))
    return " ".join(stream.getvalue().split())


def page_of(task: Task, width: int, encoding: str = "utf-8", model: str | None = None, **options: object) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    audit = audit_task(task, **options)  # type: ignore[arg-type]
    print_audit(audit, task, model, make_console(stream, width=width))
    stream.flush()
    return right_stripped(stream.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]


def test_clean_data_get_two_lines_and_nothing_alarming() -> None:
    assert lines_of(audit_task(CLEAN_TASK)) == (
        "train: 3 words a text in the median, 3 to 4; 2 classes of equal size "
        "No text comes twice, within a split or in two, and none has two labels."
    )


def test_what_is_found_is_told_with_the_number_of_rows_it_is_of() -> None:
    text = lines_of(audit_task(LEAKY, {"train": 3, "validation": 0, "test": 1}, 512))
    for fact in (
        "2 of 4 test texts also stand in train, 1 of them letter by letter (texts with two labels: 1).",
        "1 of 2 validation texts also stand in train.",
        "1 of 4 test texts also stand in validation.",
        "Texts longer than the 512 tokens that the encoder reads: 3 of 6 train (50%), 1 of 4 test (25%).",
        "2 of 6 train rows repeat an earlier text (texts with two labels: 1).",
    ):
        assert fact in text


def test_near_duplicates_are_told_where_they_were_looked_for() -> None:
    long = "i would rather stay at home with a good book than go out"
    task = task_of([long, "a"], ["b", "c"], [f"{long}!", "d"])
    told = "1 of 2 test texts nearly stand in train (similarity 0.8 or more)."
    assert told in lines_of(audit_task(task, near_duplicates=True))
    assert told not in lines_of(audit_task(task))


def test_the_largest_and_the_smallest_class_are_named() -> None:
    task = task_of([f"text {i}" for i in range(8)], ["a", "b"], ["c", "d"], (0, 1, 1, 1))
    assert "largest class yes (75%), smallest no (25%)" in lines_of(audit_task(task), 120)


def test_empty_texts_are_told() -> None:
    task = task_of(["", "b", "c"], [" ", "\n"], ["c d", "d"])
    text = lines_of(audit_task(task))
    assert "1 of 3 train texts are empty." in text
    assert "2 of 2 validation texts are empty." in text


@pytest.mark.parametrize("width", [40, 80, 140])
def test_every_width_holds_all_counts(width: int) -> None:
    text = " ".join(page_of(LEAKY, width).split())
    assert "6 train / 2 validation / 4 test rows, 2 classes" in text
    assert "a note" in text
    tables = [text.index(title) for title in ("Classes", "Lengths", "Texts that come more than once", "Examples")]
    assert tables == sorted(tables)
    for place in ("characters: train", "words: test", "repeated in validation", "in train and test", "in all splits"):
        assert place in text


def test_columns_stand_side_by_side_where_there_is_room() -> None:
    lines = [" ".join(line.split()) for line in page_of(LEAKY, 80).splitlines()]
    assert "characters: train 4 4 4 5 10 11 11" in lines
    assert "in train and test 1 1 0 2 2 1" in lines
    assert "yes 3 50% 1 50% 2 50%" in lines


def test_examples_are_looked_up_in_the_data() -> None:
    assert page_of(LEAKY, 80).split("\n\n")[-1] == block(
        """
        Examples, rows counted from 1
        train and validation
          train 3 (no), validation 1 (no)
          never again
        train and test
          train 1 (no), test 1 (no)
          I like it
          train 4 (yes), test 2 (yes)
          fine
        validation and test
          validation 2 (yes), test 4 (yes)
          would buy
        train
          train 1 (no), train 2 (yes)
          I like it
          train 4 (yes), train 6 (yes)
          fine
        """
    )


def test_tokens_and_the_model_are_shown_where_an_encoder_counted() -> None:
    counts = {"train": np.arange(6), "validation": np.arange(2), "test": np.arange(4)}
    text = page_of(LEAKY, 80, model="tiny", lengths=counts, max_length=4)
    assert "model     tiny, at most 4 tokens a text" in text
    assert line_with(text, "tokens: train").split()[2:] == ["0", "0", "1", "2", "4", "5", "5"]
    assert "Texts longer than the 4 tokens that the encoder reads: 1 of 6 train (17%)." in text


def test_both_texts_of_a_near_duplicate_are_shown() -> None:
    long = "i would rather stay at home with a good book than go out"
    text = page_of(task_of([long, "a"], ["b", "c"], [f"{long}!", "d"]), 80, near_duplicates=True)
    after = text[text.index("nearly the same: train and test") :].splitlines()
    assert after[1].startswith("  train 1 (no), test 1 (no): 0.9")
    assert [line.strip() for line in after[2:4]] == [long, f"{long}!"]


def test_of_many_classes_the_largest_are_shown() -> None:
    labels = tuple(i for i in range(30) for _ in range(i + 1))
    texts = [f"text {i}" for i in range(len(labels))]
    task = task_of(texts, ["a"] * 30, ["b"] * 30, labels, tuple(f"class {i:02}" for i in range(30)))
    text = page_of(task, 80)
    assert "\nclass 29 " in text
    assert "\nclass 09 " not in text
    assert "The 20 largest of 30 classes" in text


@pytest.mark.parametrize("width", [40, 64, 80, 100, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_longer_than_the_page_whatever_the_texts(width: int, encoding: str) -> None:
    texts = [name * 30 for name in HOSTILE]
    task = task_of(texts * 2, texts, [*texts, f"{texts[5]}!"], tuple(range(6)), tuple(HOSTILE))
    text = page_of(task, width, encoding, model="中文" * 20, near_duplicates=True, max_length=512)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "\u202e" not in text
    if encoding == "ascii":
        assert text.isascii()
