"""Errors and notes, which hold values, are translated by the words around these."""

import re
from collections import Counter
from pathlib import Path

import harness
from harness.wording.languages import catalogue, translator
from harness.wording.messages import SLOT, message_translator

from .raised import raised_in

ROOT = Path(harness.__file__).parents[1]
MESSAGES = catalogue("messages.zh-TW")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Messages put together of others, each of which has its translation.
COMPOSED = (
    *("{}: --{}-column {} is no column there", "{}, or {}.", "{} is {}.", "{}{} {}. {}", "{}, {}", "{}: {}"),
    *("{}: {} a list of labels ({}). {}", "Model {}: its {} cannot be read: {}.{}", "{} {}.{}: {}, got {}."),
    *("{} could not be loaded: {}", "Data set {} has no {} split, so there is nothing to {} on"),
)


def test_values_are_found_between_the_words_and_messages_among_them_are_translated_too() -> None:
    say = message_translator(
        {
            "{path} has {n_rows} rows. {advice}": "{n_rows} Reihen in {path}: {advice}",
            "Name {path}.": "Nenne {path}.",
            "Stop.": "Halt.",
        }
    )
    assert say("a b.csv has 3 rows. Name b c.") == "3 Reihen in a b.csv: Nenne b c."
    assert say("a.csv has 1,200 rows. Stop.") == "1,200 Reihen in a.csv: Halt."
    assert say("a.csv has many rows. Stop.") == "a.csv has many rows. Stop.", "n_ stands for numbers"
    assert say(" has 3 rows. Stop.") == " has 3 rows. Stop.", "no value is empty"
    assert say("anything else") == "anything else"
    assert say("Stop. has 3 rows. Stop.") == "3 Reihen in Stop.: Halt.", "a path stays as it is"


def test_templates_name_each_value_once_and_no_other() -> None:
    for message, translation in MESSAGES.items():
        names = SLOT.findall(message)
        assert max(Counter(names).values(), default=1) == 1, message
        assert set(SLOT.findall(translation)) <= set(names), translation
        assert CHINESE.search(translation) or not re.search("[a-z]{2} [a-z]{2}", SLOT.sub("", message)), message


def test_every_error_is_said_in_chinese() -> None:
    say = translator("zh-TW")
    composed = tuple(form.replace("{}", "7") for form in COMPOSED)
    missing = [
        f"{file.relative_to(ROOT)}:{line} {message}"
        for folder in ("harness", "plugins")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line, message in raised_in(file.read_text(encoding="utf-8"))
        if not CHINESE.search(say(message)) and not message.startswith(composed)
    ]
    assert missing == []
