"""Words are counted as a person would, with and without white space between them."""

import pytest

from harness.data.words import count_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        (" \t", 0),
        ("i am  fine", 3),
        ("caf\u00e9 au lait", 3),
        ("我今天很高興", 6),
        ("用 harness 比較兩種方法!", 9),  # a mark after a character is one, too
        ("とても嬉しい", 6),
        ("오늘 정말 행복해요", 3),  # Korean is written with spaces
    ],
)
def test_white_space_parts_words_and_chinese_and_japanese_characters_are_words(text: str, words: int) -> None:
    assert count_words(text) == words
