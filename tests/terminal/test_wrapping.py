"""Long lines: as rich wraps them where there are spaces, and between any two wide characters."""

import io
from itertools import pairwise

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from harness.terminal.console import Page, folding
from harness.terminal.wrapping import break_positions

ENGLISH = "95 % intervals: chance of the test rows, with anUnusuallyLongWordThatNoLineHolds and what follows"
CHINESE = "95% 信賴區間：測試資料的抽樣誤差（準確率用 Wilson 法），取「最小」的種子。"  # noqa: RUF001


def lines(text: str, width: int) -> list[str]:
    positions = [0, *break_positions(text, width), len(text)]
    return [text[start:end].rstrip() for start, end in pairwise(positions)]


@pytest.mark.parametrize("width", [1, 2, 7, 20, 40, 200])
def test_text_without_wide_characters_wraps_as_rich_wraps_it(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    expected = [line.plain.rstrip() for line in Text(ENGLISH).wrap(console, width, overflow="fold")]
    assert lines(ENGLISH, width) == expected


def test_a_line_of_chinese_is_filled_before_the_next_begins() -> None:
    assert lines("信賴區間 " + "測試資料的抽樣誤差", 12) == ["信賴區間 測", "試資料的抽樣", "誤差"]


@pytest.mark.parametrize("width", range(4, 80))
def test_no_line_begins_with_closing_or_ends_with_opening_punctuation(width: int) -> None:
    broken = lines(CHINESE, width)
    assert max(map(cell_len, broken)) <= width
    assert "".join(broken).replace(" ", "") == CHINESE.replace(" ", "")
    if width >= cell_len("（準確率"):  # noqa: RUF001
        assert not any(line.startswith(tuple("：），。」")) for line in broken)  # noqa: RUF001
        assert not any(line.endswith(tuple("（「")) for line in broken)  # noqa: RUF001


def test_latin_words_and_numbers_in_chinese_stay_whole() -> None:
    assert lines("準確率用Wilson法", 10) == ["準確率用", "Wilson法"]


def test_what_modifies_a_character_stays_with_it() -> None:
    family = "\U0001f469\u200d\U0001f467"
    assert all(not line.startswith("\u200d") for line in lines(family * 9, 4))


def test_a_style_goes_on_in_the_next_line_and_padding_keeps_its_width() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=12, force_terminal=True, color_system="standard")
    Page(console).write([Padding(folding(Text("信賴區間測試資料", style="red")), (0, 0, 0, 2))])
    first, second = stream.getvalue().splitlines()
    assert "\x1b[31m信賴區間測\x1b[0m" in first
    assert "\x1b[31m試資料\x1b[0m" in second
