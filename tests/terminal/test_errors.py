"""Where a strategy fails, on the page: with texts and without, wide and narrow, whatever the texts hold."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from harness.analysis.error_analysis import analyse_errors
from harness.document.numbers import DASH
from harness.results.predictions import Predictions
from harness.results.row_facts import RowFacts
from harness.terminal import make_console, print_errors

from .factory import right_stripped
from .test_report import HOSTILE

NAMES = ("sad", "glad", "calm")
LABELS = (0, 0, 0, 1, 1, 2, 2, 1)
TEXTS = (
    "I do not know",
    "it rained all day",
    "nobody came",
    "such a gift",
    "we laughed and danced until the sun came up, and then we laughed some more over tea and bread",
    "quiet lake",
    "tea",
    "what a day",
)


def predicting(classes: tuple[int, ...], sure: float = 0.8) -> Predictions:
    table = np.full((len(classes), 3), (1 - sure) / 2, dtype=np.float32)
    table[np.arange(len(classes)), classes] = sure
    return Predictions(np.arange(len(classes)), np.array(LABELS), table)


STRATEGIES = {
    "probe": predicting((0, 1, 1, 1, 1, 2, 0, 1), 0.9),
    "bag": predicting((0, 0, 1, 0, 1, 2, 1, 1), 0.7),
    "majority": predicting((0,) * 8),
}
FACTS = RowFacts(
    rows=np.arange(8),
    texts=TEXTS,
    n_words=np.array([len(text.split()) for text in TEXTS]),
    negated=np.array([True, False, True, False, False, False, False, False]),
    truncated=np.array([False] * 4 + [True] + [False] * 3),
    in_train=np.array([False] * 7 + [True]),
)


def page_of(
    width: int = 80,
    *,
    facts: RowFacts | None = FACTS,
    strategies: dict[str, Predictions] = STRATEGIES,
    names: tuple[str, ...] = NAMES,
    top: int = 2,
    encoding: str = "utf-8",
) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    strategy = next(iter(strategies))
    about = [("run", "2025-reviews"), ("strategy", f"{strategy}, seed 0")]
    analysis = analyse_errors(strategy, strategies, facts, top)
    print_errors(analysis, names, facts, about, make_console(stream, width=width), top=top)
    stream.flush()
    return right_stripped(stream.buffer.getvalue().decode(encoding))  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 80, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_every_width_holds_rows_classes_and_groups(width: int, encoding: str) -> None:
    text = " ".join(page_of(width, encoding=encoding).split())
    facts = [
        "strategy probe, seed 0",
        "5 of 8 test rows are right: accuracy 0.6250",
        *("it rained all day", "nobody came"),  # the highest losses
        *("0.0500", "0.9000", "3.00"),  # probabilities of label and prediction, loss
        "2 / 3",  # of class sad taken for glad
        "2 of 8 rows are missed by all 2 strategies",
        "would reach accuracy 0.7500; the best single one, probe, reaches 0.6250",
        "Only probe gets these right:",
        "such a gift",
        *("words in text: 19", "negation word: without", "truncation: truncated", "text in train: yes"),
        *("0.6667", "0.300-0.903" if encoding == "ascii" else f"0.300{DASH}0.903"),  # accuracy without negation
        "Rows are counted from 1",
        "Not compared, as they guess or predict the same class for every row: majority.",
    ]
    assert [fact for fact in facts if fact not in text] == []


def test_columns_stand_side_by_side_where_there_is_room_and_texts_below_them() -> None:
    lines = page_of(80).splitlines()
    row = next(i for i, line in enumerate(lines) if line.split() == ["2", "sad", "glad", "0.0500", "0.9000", "3.00"])
    assert lines[row + 1] == "  it rained all day"
    assert f"negation word: without     6  0.6667 0.300{DASH}0.903" in lines


def test_only_so_many_rows_of_each_kind_are_shown() -> None:
    text = page_of(top=1)
    assert "it rained all day" in text
    assert "calm  sad" not in text
    assert "tea" not in text
    assert "2 of 8 rows are missed by all" in text


def test_without_texts_rows_are_named_and_it_is_said_how_to_see_them() -> None:
    text = page_of(facts=replace(FACTS, texts=None))
    assert "2, 3\n" in text
    assert "This run kept no texts." in text
    assert "nobody came" not in text
    assert "negation word" in text


def test_without_facts_there_are_no_groups_and_it_is_said_why() -> None:
    text = page_of(facts=None)
    assert "Accuracy on groups" not in text
    assert "This run kept no facts of its test rows" in text
    assert "sad   glad" in text


def test_a_strategy_without_errors_has_no_confused_classes() -> None:
    text = page_of(strategies={"probe": predicting(LABELS), "bag": STRATEGIES["bag"]})
    assert "no confusions: every text was classified right" in text
    assert "0 of 8 rows are missed by all 2 strategies" in text
    assert "likely label errors" not in text


def test_one_strategy_alone_is_said_to_have_no_other_to_compare_with() -> None:
    text = page_of(100, strategies={"probe": STRATEGIES["probe"]})
    assert "The run has no second strategy to compare with" in text
    assert "missed by all" not in text


def test_a_long_text_is_cut() -> None:
    text = page_of(facts=replace(FACTS, texts=("word " * 1000,) * 8))
    assert "…" in text
    assert len(text) < 5000


@pytest.mark.parametrize("width", [40, 64, 80, 100, 140])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_no_line_is_longer_than_the_page_whatever_it_holds(width: int, encoding: str) -> None:
    strategies = dict(zip(HOSTILE[:3], STRATEGIES.values(), strict=True))
    facts = replace(FACTS, texts=tuple(name * 40 for name in (*HOSTILE, "中文" * 200, "\x00")))
    text = page_of(width, facts=facts, strategies=strategies, names=tuple(HOSTILE[:3]), top=5, encoding=encoding)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\x00" not in text
    if encoding == "ascii":
        assert text.isascii()


def test_braces_in_names_are_just_braces() -> None:
    strategies = {"{row}": STRATEGIES["probe"], "{0}": STRATEGIES["bag"]}
    text = page_of(strategies=strategies, names=("{label}", "{}", "{n!r}"))
    assert "{label}  {}" in text
    assert "Only {row} gets these right:" in text
