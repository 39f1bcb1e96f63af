r"""What a bag of words counts: words, characters where a script puts no space between words, or any sign at all.

scikit-learn's own pattern, `\b\w\w+\b`, takes a Chinese clause for one word, and cuts Indic words at their vowel signs,
which are marks and no part of `\w` (scikit-learn 1.9, `CountVectorizer`; Python's `re`).
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Literal

Tokens = Literal["word", "mixed", "char"]

# Scripts that put no space between words: letters of Unicode's line breaking classes ID and CJ, where a line breaks
# anywhere, and SA, where a dictionary says (Unicode Standard Annex 14, "Unicode Line Breaking Algorithm").
_UNSPACED = (
    *((0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1B000, 0x1B16F)),  # hiragana and katakana
    *((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)),  # Han
    *((0xA000, 0xA4CF), (0x17000, 0x18D0F)),  # Yi, Tangut
    *((0x0E01, 0x0E3A), (0x0E40, 0x0E4E), (0x0E80, 0x0EFF)),  # Thai, Lao
    *((0x1000, 0x103F), (0x1050, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),  # Burmese, Shan
    *((0x1780, 0x17D3), (0x1950, 0x19DF), (0x1A20, 0x1AAF), (0xAA80, 0xAADF)),  # Khmer, Tai Le, Lue, Tham, Viet
)
_LAST_MARK = 0x1FFFF  # behind it are Han characters, tags and private use
_JOINERS = "\u200c\u200d"  # inside of Persian and Indic words


def choose_tokens(texts: Iterable[str]) -> Tokens:
    """Return what to count in texts, from their scripts.

    Args:
        texts: Those of train.

    Returns:
        `word` where every script parts words, `mixed` where one does not, `char` where there are no words at all.
    """
    word, unspaced = re.compile(token_pattern("word")), re.compile(f"[{_ranges(_UNSPACED)}]")
    found: Tokens = "char"
    for text in texts:
        if unspaced.search(text):
            return "mixed"
        if found == "char" and word.search(text):
            found = "word"
    return found


def token_pattern(tokens: Tokens) -> str:
    """Return the regular expression of one token, as scikit-learn's vectorizers take it.

    Args:
        tokens: `word`: two letters, digits or underscores or more, with their marks; or one symbol, such as an emoji.
            `mixed`: the same, but in scripts that put no space between words, each character with its marks.
            `char`: each character that is no white space, with its marks.
    """
    marks, unspaced = _ranges(_marks()), _ranges(_UNSPACED)
    attached = rf"[{marks}{_JOINERS}]*"
    symbol = rf"[{_ranges(_symbols())}]"
    if tokens == "char":
        return rf"[^\s{marks}]{attached}"
    if tokens == "word":
        return rf"\w[\w{marks}{_JOINERS}]+|{symbol}"
    return rf"[{unspaced}]{attached}|(?![{unspaced}])\w(?:(?![{unspaced}])[\w{marks}{_JOINERS}])+|{symbol}"


def _ranges(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@cache
def _marks() -> tuple[tuple[int, int], ...]:
    return _of_category("M")


@cache
def _symbols() -> tuple[tuple[int, int], ...]:
    return _of_category("So")


def _of_category(category: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of the characters of a general category, or of all that begin with its letter."""
    found: list[tuple[int, int]] = []
    for code in range(0x80, _LAST_MARK):
        if unicodedata.category(chr(code)).startswith(category):
            if found and found[-1][1] == code - 1:
                found[-1] = (found[-1][0], code)
            else:
                found.append((code, code))
    return tuple(found)
