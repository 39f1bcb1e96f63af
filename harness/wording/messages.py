"""Messages with values in them -> another language: templates of the catalogue, found by the words around the values.

Errors and notes are written once, in English, where they arise: `run.json` keeps them so, and whoever catches one reads
it so. What a person is shown is translated here, at the end.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SLOT = re.compile(r"\{(\w+)\}")
NUMBER = re.compile(r"[\d,.]+")
SHOWN_AT_ONCE = 20_000  # characters; a longer message stays as it is
# What somebody called something, or typed: it stays as it is, even where it is called "test".
GIVEN = ("name", "names", "path", "file", "folder", "column", "label", "option", "strategy", "trial", "command", "text")
NOUN, SENTENCE = "kind", re.compile(r"[.:]( |$)")
DEEPEST = 5  # messages within messages


@dataclass(frozen=True)
class Template:
    """A message whose values are named in braces; names that begin with `n_` stand for numbers, `kind` for a noun.

    Attributes:
        literals: What stands before, between and behind the values.
        names: The names of the values, one fewer.
        translation: The message in another language, with the same names, each of them once or never.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    def values(self, text: str) -> dict[str, str] | None:
        """Return the values that make the message this text, None where none do."""
        first, *others = self.literals
        if not text.startswith(first) or not text.endswith(self.literals[-1]):
            return None
        values, start = {}, len(first)
        for number, (name, literal) in enumerate(zip(self.names, others, strict=True), 1):
            end = len(text) - len(literal) if number == len(others) else text.find(literal, start + 1)
            if end <= start or (name.startswith("n_") and not NUMBER.fullmatch(text, start, end)):
                return None
            if name == NOUN and SENTENCE.search(text[start:end]):  # of another message, which this one stands in
                return None
            values[name] = text[start:end]
            start = end + len(literal)
        return values if start == len(text) else None


def templates_of(phrases: Mapping[str, str]) -> list[Template]:
    """Return the templates of a catalogue, those with the most words of their own first."""
    made = []
    for message, translation in phrases.items():
        parts = SLOT.split(message)
        made.append(Template(tuple(parts[::2]), tuple(parts[1::2]), translation))
    return sorted(made, key=lambda template: -sum(map(len, template.literals)))


def message_translator(phrases: Mapping[str, str]) -> Callable[[str], str]:
    """Return what translates messages; a value that is a message itself is translated, too, unless it is `GIVEN`.

    Args:
        phrases: English message with names of values in braces -> the same in another language.
    """
    templates = templates_of(phrases)

    def translate(text: str, depth: int = 0) -> str:
        if text in phrases or depth == DEEPEST or len(text) > SHOWN_AT_ONCE:
            return phrases.get(text, text)
        for template in templates:
            if template.names and (values := template.values(text)) is not None:
                said = {name: value if name in GIVEN else translate(value, depth + 1) for name, value in values.items()}
                return template.translation.format_map(said)
        return text

    return translate
