"""The languages that tables and reports are written in: an English phrase -> what stands for it."""

import os
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

Say = Callable[[str], str]
"""English phrase -> the phrase in a language."""

LANGUAGES = ("en", "zh-TW")
_TRADITIONAL_CHINESE = ("zh_tw", "zh_hk", "zh_mo", "zh_hant")


def translator(language: str, kind: str = "") -> Say:
    """Return what translates fixed phrases; one that has no translation stays English.

    Args:
        language: One of `LANGUAGES`.
        kind: Which catalogue: "" of tables and reports, "help" of the command line's help.

    Raises:
        ValueError: For a language that is not among them.
    """
    if language not in LANGUAGES:
        raise ValueError(f"expected a language among {', '.join(LANGUAGES)}, got {language!r}")
    phrases = {} if language == "en" else catalogue(f"{kind}.{language}".lstrip("."))
    return lambda phrase: phrases.get(phrase, phrase)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return English phrase -> translation, of a language other than English or a part of it, such as help.zh-TW."""
    content: dict[str, str] = tomllib.loads((files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))
    return content


def language_of_locale() -> str:
    """Return the language of the environment's locale (POSIX: LC_ALL, LC_MESSAGES, LANG; the first that is set)."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh-TW" if locale.lower().replace("-", "_").startswith(_TRADITIONAL_CHINESE) else "en"
