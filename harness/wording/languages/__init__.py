"""The languages that tables and reports are written in: an English phrase -> what stands for it."""

import os
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files

from harness.wording.messages import message_translator

Say = Callable[[str], str]
"""English phrase -> the phrase in a language."""

LANGUAGES = ("en", "zh-TW")
_TRADITIONAL_CHINESE = ("zh_tw", "zh_hk", "zh_mo", "zh_hant")


def translator(language: str, kind: str = "") -> Say:
    """Return what translates phrases, and errors and notes with their values; one without translation stays English.

    Args:
        language: One of `LANGUAGES`.
        kind: Which catalogue: "" of tables, reports, errors, notes and progress, "help" of the command line's help.

    Raises:
        ValueError: For a language that is not among them.
    """
    if language not in LANGUAGES:
        raise ValueError(f"expected a language among {', '.join(LANGUAGES)}, got {language!r}")
    if language == "en":
        return lambda phrase: phrase
    phrases = catalogue(f"{kind}.{language}".lstrip("."))
    if kind:
        return lambda phrase: phrases.get(phrase, phrase)
    say_message = _message_translator(language)
    return lambda phrase: phrases[phrase] if phrase in phrases else say_message(phrase)


@cache
def _message_translator(language: str) -> Say:
    return message_translator(catalogue(f"messages.{language}"))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return English phrase -> translation, of a language other than English or a part of it, such as help.zh-TW."""
    content: dict[str, str] = tomllib.loads((files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))
    return content


def language_of_locale() -> str:
    """Return the language of the environment's locale (POSIX: LC_ALL, LC_MESSAGES, LANG; the first that is set)."""
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh-TW" if locale.lower().replace("-", "_").startswith(_TRADITIONAL_CHINESE) else "en"
