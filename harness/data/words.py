"""Number of words of a text, in scripts with and without white space between them."""

import re

# Hiragana, katakana and the Chinese characters of the Basic Multilingual Plane (The Unicode Standard, chapter 18).
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]+")


def count_words(text: str) -> int:
    """Return the number of words: what white space parts, and each Chinese or Japanese character.

    These scripts put no space between words, and where one ends is for a dictionary to say; so characters count.
    """
    return len(text.split()) if text.isascii() else len(_WORD.findall(text))
