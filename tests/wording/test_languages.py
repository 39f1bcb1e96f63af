import re

import pytest

from harness.wording.languages import LANGUAGES, catalogue, language_of_locale, translator


def test_english_phrases_stay_as_they_are() -> None:
    assert translator("en")("strategy") == "strategy"


def test_a_phrase_is_translated_and_one_without_translation_stays_english() -> None:
    say = translator("zh-TW")
    assert say("strategy") == "策略"
    assert say("a phrase that nobody ever translated") == "a phrase that nobody ever translated"


def test_a_language_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="zh-TW"):
        translator("tlh")


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_a_translation_names_the_same_placeholders_as_the_phrase(language: str) -> None:
    for phrase, translated in catalogue(language).items():
        assert sorted(re.findall(r"{\w*}", phrase)) == sorted(re.findall(r"{\w*}", translated)), phrase


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_TW.UTF-8"}, "zh-TW"),
        ({"LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_MESSAGES": "zh_HK.UTF-8", "LANG": "en_GB.UTF-8"}, "zh-TW"),
        ({}, "en"),
    ],
)
def test_the_locale_decides_where_nobody_names_a_language(
    variables: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language_of_locale() == language
