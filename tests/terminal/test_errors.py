"""Where a strategy fails, on the page: with texts and without, wide and narrow, whatever the texts hold."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from harness.analysis.error_analysis import analyse_errors
from harness.results.predictions import Predictions
from harness.results.row_facts import RowFacts
from harness.terminal import make_console, print_errors

from .factory import block, right_stripped
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


def test_eighty_columns_hold_rows_classes_and_groups() -> None:
    assert page_of() == block(
        """
        run       2025-reviews
        strategy  probe, seed 0
        5 of 8 test rows are right: accuracy 0.6250, 95 % interval .3057-.8632.

        Rows with the highest loss
        row 2: true sad (0.0500), predicted glad (0.9000), loss 3.00
          it rained all day
        row 3: true sad (0.0500), predicted glad (0.9000), loss 3.00
          nobody came

        Classes most often confused
        sad → glad: 2 of 3 (67%)
          row 2: it rained all day
          row 3: nobody came
        calm → sad: 1 of 2 (50%)
          row 7: tea

        Rows that none of the 2 strategies gets right: 2 of 8
        Those first that they are surest of; wrong labels are likely among them.
        row 3: labelled sad, 2 of 2 say glad (mean probability 0.8000)
          nobody came
        row 7: labelled calm, 1 of 2 say sad (mean probability 0.5250)
          tea

        Rows that one strategy alone gets right
        strategy  right  alone
        ────────  ─────  ─────
        probe         5      1
        bag           5      1
        The right choice of strategy for each row would reach 0.7500; the best single
        one, probe, 0.6250.
        Only probe gets these right:
          row 4: such a gift

        Accuracy on groups of rows
        words in text  rows  accuracy         95 %
        ─────────────  ────  ────────  ───────────
        1-2               3    0.3333  .0615-.7923
        3                 2    1.0000  .3424-1.000
        4                 2    0.5000  .0945-.9055
        19                1    1.0000  .2065-1.000
        negation word  rows  accuracy         95 %
        ─────────────  ────  ────────  ───────────
        with              2    0.5000  .0945-.9055
        without           6    0.6667  .3000-.9032
        truncation  rows  accuracy         95 %
        ──────────  ────  ────────  ───────────
        truncated      1    1.0000  .2065-1.000
        whole          7    0.5714  .2505-.8418
        text in train  rows  accuracy         95 %
        ─────────────  ────  ────────  ───────────
        yes               1    1.0000  .2065-1.000
        no                7    0.5714  .2505-.8418
        Negation words are English ones; 95 % intervals are Wilson's.

        Rows are counted from 1 in the test split as it was read.
        Not compared, as they guess or predict the same class for every row: majority.
        """
    )


def test_forty_columns_hold_the_same() -> None:
    text = page_of(40)
    assert (
        block(
            """
        Rows with the highest loss
        row 2: true sad (0.0500), predicted glad
        (0.9000), loss 3.00
          it rained all day
        """
        )
        in text
    )
    assert (
        block(
            """
        negation word  rows    acc         95 %
        ─────────────  ────  ─────  ───────────
        with              2  .5000  .0945-.9055
        without           6  .6667  .3000-.9032
        """
        )
        in text
    )


def test_only_so_many_rows_of_each_kind_are_shown() -> None:
    text = page_of(top=1)
    assert text.count("loss") == 2  # the heading and one row
    assert text.count(" → ") == 1
    assert text.count("labelled") == 1
    assert "Rows that none of the 2 strategies gets right: 2 of 8" in text


def test_without_texts_rows_are_named_and_it_is_said_how_to_see_them() -> None:
    text = page_of(facts=replace(FACTS, texts=None))
    assert "  row 2, row 3\n" in text
    assert "This run kept no texts." in text
    assert "nobody came" not in text
    assert "negation word" in text


def test_without_facts_there_are_no_groups_and_it_is_said_why() -> None:
    text = page_of(facts=None)
    assert "Accuracy on groups of rows" not in text
    assert "This run kept no facts of its test rows" in text
    assert "row 2: true sad" in text


def test_a_strategy_without_errors_has_no_confused_classes() -> None:
    text = page_of(strategies={"probe": predicting(LABELS), "bag": STRATEGIES["bag"]})
    assert "None: every row is right." in text
    assert "Rows that none of the 2 strategies gets right: 0 of 8" in text
    assert "wrong labels" not in text


def test_one_strategy_alone_is_said_to_have_no_other_to_compare_with() -> None:
    text = page_of(100, strategies={"probe": STRATEGIES["probe"]})
    assert "The run has no second strategy to compare with" in text
    assert "none of the" not in text


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
    assert "true {label} (0.0500), predicted {}" in text
    assert "Only {row} gets these right:" in text
