"""Which class an answer of a language model names, and where, though names may differ in a sign or a capital alone."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from ._chat import Answer  # noqa: TID251  of the same package, so no second copy


def _plain(text: str) -> str:
    """Return letters and digits, without case."""
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


def _caseless(text: str) -> str:
    return _exact(text).casefold()


def _exact(text: str) -> str:
    """Return what is seen of a text: blanks are one space, invisible characters are left out."""
    seen = filter(str.isprintable, unicodedata.normalize("NFC", " ".join(text.split())))
    return "".join(seen).strip()


READINGS = (_plain, _caseless, _exact)  # from the loosest on


@dataclass(frozen=True)
class Reading:
    """A way to read answers and names of classes.

    Attributes:
        read: What is left of a text.
        names: Of each class what is left, (k,).
        pattern: Finds names in an answer that was read, longer ones first.
    """

    read: Callable[[str], str]
    names: tuple[str, ...]
    pattern: re.Pattern[str]


@cache
def _readings(label_names: tuple[str, ...]) -> tuple[Reading, ...]:
    """Return the loosest way to read that tells all names apart, then those that are looser still."""
    read_names = [tuple(map(read, label_names)) for read in READINGS]
    told_apart = (i for i, names in enumerate(read_names) if len({*names, ""}) > len(names))
    tried = range(next(told_apart, len(READINGS) - 1), -1, -1)
    return tuple(Reading(READINGS[i], read_names[i], _pattern(read_names[i])) for i in tried)


def _pattern(names: Sequence[str]) -> re.Pattern[str]:
    """Return what finds names where they are no part of a word; the end of C++ may touch one, a mere ! may not."""
    alternatives = []
    for name in sorted({*names} - {""}, key=len, reverse=True):
        is_mark = name.isascii() and not any(map(str.isalnum, name))
        before, after = (is_mark or edge.isalnum() for edge in (name[0], name[-1]))
        begin, end = "(?<![A-Za-z0-9])" * before, "(?![A-Za-z0-9])" * after
        alternatives.append(f"{begin}{re.escape(name)}{end}")
    return re.compile("|".join(alternatives) or "(?!)")


@dataclass(frozen=True)
class Named:
    """The class that an answer names.

    Attributes:
        label: Its id.
        reading: How it was found.
        start: Where it begins in the answer, as that was read.
    """

    label: int
    reading: Reading
    start: int


def named_class(text: str, label_names: tuple[str, ...]) -> Named | None:
    """Return the class that an answer names, alone or among other words; None where it names none, or several."""
    for reading in _readings(label_names):
        if found := list(reading.pattern.finditer(reading.read(text))):
            name, *others = {match[0] for match in found}
            if others or reading.names.count(name) > 1:
                return None
            return Named(reading.names.index(name), reading, found[0].start())
    return None


def probabilities(answer: Answer, named: Named) -> list[float]:
    """Return the probability of each class, (k,), by the place of the answer where the class that it names begins.

    A token counts for the classes whose names it begins, in equal parts; the one that was said, for its class. Where no
    place is told, all is on that class.
    """
    names, weights = named.reading.names, [0.0] * len(named.reading.names)
    said, place = _place(answer, named)
    for token, logprob in place.items():
        word = named.reading.read(token)
        begun = [i for i, name in enumerate(names) if word and name.startswith(word)]
        begun = [named.label] if word == said else begun
        for i in begun:
            weights[i] += math.exp(min(logprob, 0.0)) / len(begun)
    if not sum(weights) > 0:
        weights[named.label] = 1.0
    return [weight / sum(weights) for weight in weights]


def _place(answer: Answer, named: Named) -> tuple[str, dict[str, float]]:
    """Return the token at which the name begins, as it is read, and all that could have stood there.

    Nothing where the tokens do not spell the answer. A server may tell those of its thoughts before and of an end
    behind, too.
    """
    read, tokens, rest = named.reading.read, [next(iter(place), "") for place in answer.places], ""
    spelt, text = read("".join(tokens)), read(answer.text)
    before = 0 if spelt.startswith(text) else spelt.rfind(text)
    if before >= 0:
        for token, place in zip(reversed(tokens), reversed(answer.places), strict=True):
            rest = token + rest
            if len(read(rest)) >= len(spelt) - before - named.start:
                return read(token), place
    return "", {}


def nameless(label_names: Sequence[str]) -> str | None:
    """Return the first name that no answer can hold, or that looks like another one; None where there is none."""
    read = Counter(map(_exact, label_names))
    return next((name for name in label_names if not _exact(name) or read[_exact(name)] > 1), None)
