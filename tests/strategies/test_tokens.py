"""What a bag of words counts in texts of several scripts."""

import re

import pytest

from harness import choose_tokens, token_pattern

SKLEARN = r"(?u)\b\w\w+\b"


@pytest.mark.parametrize("text", ["I love it, 2day!", "naïve café_au lait", "한국어가 좋아요", "и так далее", "don't"])
def test_words_of_scripts_with_spaces_are_those_of_scikit_learn(text: str) -> None:
    assert choose_tokens([text]) == "word"
    assert re.findall(token_pattern("word"), text) == re.findall(SKLEARN, text)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("हिन्दी में किताब", ["हिन्दी", "में", "किताब"]),
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
        ("这家店iPhone15很好", ["这", "家", "店", "iPhone15", "很", "好"]),
        ("ភាសា", ["ភា", "សា"]),
        ("ดีมาก", ["ดี", "ม", "า", "ก"]),
    ],
)
def test_marks_stay_with_their_letter_and_unparted_scripts_are_cut_into_characters(
    text: str, tokens: list[str]
) -> None:
    assert re.findall(token_pattern(choose_tokens([text])), text) == tokens


def test_one_text_without_spaces_among_others_makes_its_characters_count() -> None:
    assert choose_tokens(["an apple", "蘋果"]) == "mixed"
    assert choose_tokens(["! ?", "1 2"]) == "char"
