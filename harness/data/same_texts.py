"""Texts that come more than once: within a split, across two splits, under two labels."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from harness.data.task import SPLITS, Task
from harness.frozen_model import Count, FrozenModel

N_EXAMPLES = 5


class RepeatedTexts(FrozenModel):
    """Texts that come more than once within one split.

    `n_distinct` counts the different texts of the split, `n_texts` those of them that come more than once and
    `n_two_labels` those that carry two labels or more. `n_rows` counts the repeated rows: all but the first of
    each text, so the rows less the distinct texts. An example is some rows of one text, from 0; texts with two
    labels come first.
    """

    n_distinct: Count
    n_texts: Count
    n_rows: Count
    n_two_labels: Count
    examples: list[list[Count]]


class SharedTexts(FrozenModel):
    """Texts that stand in two splits.

    `n_texts` counts the different texts that both splits hold, `n_two_labels` those of them that carry two labels
    or more in the two together, `first_rows` and `second_rows` the rows of each split that hold such a text. An
    example is a row of the first and one of the second with the same text, from 0; texts with two labels come
    first.
    """

    first: str
    second: str
    n_texts: Count
    first_rows: Count
    second_rows: Count
    n_two_labels: Count
    examples: list[tuple[Count, Count]]


class SameTexts(FrozenModel):
    """What the splits hold more than once.

    `within` maps split -> texts repeated there; `n_two_labels` counts the different texts that carry two labels
    or more in all splits together.
    """

    within: dict[str, RepeatedTexts]
    across: list[SharedTexts]
    n_two_labels: Count

    def shared(self, first: str, second: str) -> SharedTexts:
        """Return the texts that stand in both of two splits, named in the order train, validation, test."""
        return next(pair for pair in self.across if (pair.first, pair.second) == (first, second))


def normalised(text: str) -> str:
    """Return a text without what a person overlooks: case, spacing and the choice of Unicode form.

    Unicode's caseless matching (The Unicode Standard, section 3.13) in normal form NFC, every run of white space
    one space, none at the ends.
    """
    folded = text.casefold() if text.isascii() else _folded(text)
    return " ".join(folded.split())


def text_numbers(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return numbers that are equal where texts are, but for case, spacing and Unicode form, int64 (n,)."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(normalised(text), i) for i, text in enumerate(texts)], dtype=np.int64)


def _folded(text: str) -> str:
    # Folding the case of a composed letter may leave it decomposed, so it is composed before and after.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def as_it_is(text: str) -> str:
    """Return the text."""
    return text


def find_same_texts(task: Task, key: Callable[[str], str]) -> SameTexts:
    """Find repeated and shared texts of a task, in one pass over its texts.

    Args:
        task: The splits.
        key: Two texts are the same where their keys are: `as_it_is` or `normalised`.

    Returns:
        The counts, with a few examples of each.
    """
    numbered = NumberedTexts.of(task, key)
    return SameTexts(
        within={split: _repeated(numbered, split) for split in SPLITS},
        across=[_shared(numbered, first, second) for first, second in combinations(SPLITS, 2)],
        n_two_labels=int((numbered.n_labels(*SPLITS) > 1).sum()),
    )


@dataclass(frozen=True)
class NumberedTexts:
    """The texts of a task by number, the same number for the same text.

    Attributes:
        keys: The m different keys, in order of their first occurrence.
        numbers: Split -> number of the text in each row, int64 (n,).
        task: The task.
    """

    keys: Sequence[str]
    numbers: Mapping[str, NDArray[np.int64]]
    task: Task

    @classmethod
    def of(cls, task: Task, key: Callable[[str], str]) -> "NumberedTexts":
        """Number the texts of a task; two texts are the same where their keys are."""
        known: dict[str, int] = {}
        numbers = {
            split: np.array([known.setdefault(key(text), len(known)) for text in getattr(task, split).texts])
            for split in SPLITS
        }
        return cls(list(known), numbers, task)

    @cached_property
    def times(self) -> Mapping[str, NDArray[np.int64]]:
        """Split -> how often each text stands there, int64 (m,)."""
        return {split: np.bincount(rows, minlength=len(self.keys)) for split, rows in self.numbers.items()}

    def n_labels(self, *splits: str) -> NDArray[np.int64]:
        """Return how many different labels each text carries in these splits, int64 (m,)."""
        k = self.task.n_classes
        pairs = [self.numbers[split] * k + getattr(self.task, split).labels for split in splits]
        return np.bincount(np.unique(np.concatenate(pairs)) // k, minlength=len(self.keys))

    def rows_of(self, text: int, split: str) -> list[int]:
        """Return a few rows of a split that hold a text, by its number, as they were read."""
        found = np.flatnonzero(self.numbers[split] == text)[:N_EXAMPLES]
        return [int(row) for row in getattr(self.task, split).rows_in_source()[found]]


def _repeated(numbered: NumberedTexts, split: str) -> RepeatedTexts:
    times, n_labels = numbered.times[split], numbered.n_labels(split)
    n_distinct = int((times > 0).sum())
    return RepeatedTexts(
        n_distinct=n_distinct,
        n_texts=int((times > 1).sum()),
        n_rows=int(times.sum()) - n_distinct,
        n_two_labels=int((n_labels > 1).sum()),
        examples=[numbered.rows_of(text, split) for text in _examples(times > 1, n_labels)],
    )


def _shared(numbered: NumberedTexts, first: str, second: str) -> SharedTexts:
    in_both = (numbered.times[first] > 0) & (numbered.times[second] > 0)
    n_labels = numbered.n_labels(first, second)
    examples = [(numbered.rows_of(t, first)[0], numbered.rows_of(t, second)[0]) for t in _examples(in_both, n_labels)]
    return SharedTexts(
        first=first,
        second=second,
        n_texts=int(in_both.sum()),
        first_rows=int(numbered.times[first][in_both].sum()),
        second_rows=int(numbered.times[second][in_both].sum()),
        n_two_labels=int((n_labels[in_both] > 1).sum()),
        examples=examples,
    )


def _examples(found: NDArray[np.bool_], n_labels: NDArray[np.int64]) -> list[int]:
    """Return a few of the texts that were found, by number, those with two labels first."""
    texts = np.flatnonzero(found)
    return [int(text) for text in texts[np.argsort(n_labels[texts] < 2, kind="stable")][:N_EXAMPLES]]  # noqa: PLR2004
