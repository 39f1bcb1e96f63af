"""Accuracy on groups of test rows: by length, by negation, by truncation, by whether train holds the text."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.intervals import Interval, wilson
from harness.results.row_facts import RowFacts

QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class RowGroup:
    """Rows that have something in common, at least one.

    Attributes:
        name: What they have in common.
        n: Number of rows.
        n_right: How many of them are predicted right.
        interval: Wilson's 95 % interval of the accuracy.
    """

    name: str
    n: int
    n_right: int
    interval: Interval

    @property
    def accuracy(self) -> float:
        """Share of the rows that are predicted right, 0-1."""
        return self.n_right / self.n


@dataclass(frozen=True)
class Breakdown:
    """All rows, divided into two groups or more.

    Attributes:
        by: What they are divided by: words in text, negation word, truncation or text in train.
        groups: The groups, none of them empty.
    """

    by: str
    groups: tuple[RowGroup, ...]


def breakdowns(right: NDArray[np.bool_], facts: RowFacts) -> tuple[Breakdown, ...]:
    """Return the accuracy on groups of rows, for every division that has two groups or more.

    Args:
        right: Whether each row is predicted right, bool (n,).
        facts: Facts of the same rows.

    Returns:
        By number of words, in quarters of the rows as far as equal lengths allow, by negation, by truncation where
        that is known, and by whether train holds the text.
    """
    divided = [Breakdown("words in text", tuple(_by_words(right, facts.n_words)))]
    flags = (
        ("negation word", facts.negated, "with", "without"),
        ("truncation", facts.truncated, "truncated", "whole"),
        ("text in train", facts.in_train, "yes", "no"),
    )
    for by, flag, yes, no in flags:
        if flag is not None:
            divided.append(Breakdown(by, tuple(_groups(right, {yes: flag, no: ~flag}))))
    return tuple(breakdown for breakdown in divided if len(breakdown.groups) > 1)


def _by_words(right: NDArray[np.bool_], n_words: NDArray[np.int64]) -> Iterator[RowGroup]:
    edges = np.unique(np.quantile(n_words, QUARTILES, method="inverted_cdf"))
    quarter = np.searchsorted(edges, n_words)  # an edge belongs to the quarter below it
    members = {int(q): quarter == q for q in np.unique(quarter)}
    yield from _groups(right, {_span(n_words[member]): member for member in members.values()})


def _span(n_words: NDArray[np.int64]) -> str:
    low, high = int(n_words.min()), int(n_words.max())
    return f"{low}" if low == high else f"{low}-{high}"


def _groups(right: NDArray[np.bool_], members: dict[str, NDArray[np.bool_]]) -> Iterator[RowGroup]:
    for name, member in members.items():
        n, n_right = int(member.sum()), int(right[member].sum())
        if n:
            yield RowGroup(name, n, n_right, wilson(n_right, n))
