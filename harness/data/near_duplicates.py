"""Texts that are nearly the same: MinHash finds candidates, their shingles decide."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.data.same_texts import N_EXAMPLES, NumberedTexts, normalised
from harness.data.task import SPLITS, Task
from harness.errors import UserError
from harness.frozen_model import Count, Fraction, FrozenModel

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH

THRESHOLD = 0.8  # about one word in twenty changed
SHINGLE = 5  # characters
# Of two texts with similarity 0.8 this misses 2 in 1,000, of 0.9 none; most pairs below 0.5 are never compared.
BANDS, ROWS_A_BAND = 21, 6
INSTALL = "pip install 'strategy-harness[near-duplicates]'"


class NearPair(FrozenModel):
    """Two rows, from 0, with nearly the same text; `similarity` is the Jaccard index of their shingles."""

    first_row: Count
    second_row: Count
    similarity: Fraction


class NearTexts(FrozenModel):
    """Texts of a split that nearly stand in another one, or in the same one where both names are equal.

    `first_rows` and `second_rows` count the rows of each split with a near-duplicate in the other.
    """

    first: str
    second: str
    first_rows: Count
    second_rows: Count
    examples: list[NearPair]


class NearDuplicates(FrozenModel):
    """Texts that are nearly the same, and not the same after normalisation.

    Two texts are where the sets of their runs of `shingle` characters, normalised, have a Jaccard index of
    `threshold` or more (Broder, "On the resemblance and containment of documents", 1997).
    """

    threshold: Fraction
    shingle: Count
    pairs: list[NearTexts]


def find_near_duplicates(task: Task) -> NearDuplicates:
    """Find texts of a task that are nearly the same, within each split and across each pair of splits.

    Args:
        task: The splits.

    Returns:
        The counts, with a few examples of each.

    Raises:
        UserError: Where datasketch is not installed.
    """
    _refuse_missing_datasketch()
    numbered = NumberedTexts.of(task, normalised)
    nearest = _nearest(numbered)
    pairs = [_near(numbered, nearest, first, second) for first, second in combinations_with_replacement(SPLITS, 2)]
    return NearDuplicates(threshold=THRESHOLD, shingle=SHINGLE, pairs=pairs)


@dataclass(frozen=True)
class _Nearest:
    """For each text and split a near-duplicate that stands there.

    Attributes:
        texts: Split -> number of the other text, -1 for none, int64 (m,).
        similarities: Split -> their Jaccard index, float (m,).
    """

    texts: dict[str, NDArray[np.int64]]
    similarities: dict[str, NDArray[np.float64]]

    @classmethod
    def none(cls, m: int) -> "_Nearest":
        """Start without any."""
        return cls({split: np.full(m, -1) for split in SPLITS}, {split: np.zeros(m) for split in SPLITS})

    def lacks(self, text: int, splits: Sequence[str]) -> list[str]:
        """Return those of the splits in which no near-duplicate of a text is known yet."""
        return [split for split in splits if self.texts[split][text] < 0]

    def note(self, text: int, other: int, splits: Sequence[str], similarity: float) -> None:
        """Note a near-duplicate that stands in these splits."""
        for split in splits:
            self.texts[split][text], self.similarities[split][text] = other, similarity


def _nearest(numbered: NumberedTexts) -> _Nearest:
    """Find one near-duplicate a text and split: of a thousand texts all alike, half a million pairs tell no more."""
    nearest, hashed, index = _Nearest.none(len(numbered.keys)), _hasher(), _index()
    splits_of = [[s for s in SPLITS if numbered.times[s][text]] for text in range(len(numbered.keys))]
    for text, key in enumerate(numbered.keys):
        minhash, mine = hashed(key), shingles(key)
        for other in sorted(index.query(minhash)):
            here, there = nearest.lacks(text, splits_of[other]), nearest.lacks(other, splits_of[text])
            if (here or there) and (similarity := jaccard(mine, shingles(numbered.keys[other]))) >= THRESHOLD:
                nearest.note(text, other, here, similarity)
                nearest.note(other, text, there, similarity)
        index.insert(text, minhash, check_duplication=False)
    return nearest


def shingles(text: str) -> set[str]:
    """Return all runs of `SHINGLE` characters of a text; a shorter text is its own."""
    return {text[start : start + SHINGLE] for start in range(max(len(text) - SHINGLE + 1, 1))}


def jaccard(first: set[str], second: set[str]) -> float:
    """Return the share that two sets, not both empty, have in common of all that they hold, 0-1."""
    common = len(first & second)
    return common / (len(first) + len(second) - common)


def _hasher() -> Callable[[str], "MinHash"]:
    from datasketch import MinHash

    blank = MinHash(num_perm=BANDS * ROWS_A_BAND, hashfunc=zlib.crc32)

    def hashed(text: str) -> MinHash:
        minhash = blank.copy()
        minhash.update_batch(shingle.encode("utf-8", "surrogatepass") for shingle in shingles(text))
        return minhash

    return hashed


def _index() -> "MinHashLSH":
    from datasketch import MinHashLSH

    return MinHashLSH(num_perm=BANDS * ROWS_A_BAND, params=(BANDS, ROWS_A_BAND))


def _near(numbered: NumberedTexts, nearest: _Nearest, first: str, second: str) -> NearTexts:
    first_rows, second_rows = (
        int(numbered.times[here][nearest.texts[there] >= 0].sum()) for here, there in ((first, second), (second, first))
    )
    found = np.flatnonzero((numbered.times[first] > 0) & (nearest.texts[second] >= 0))
    if first == second:  # of a pair within a split, one of the two is enough
        found = found[nearest.texts[second][found] > found]
    return NearTexts(
        first=first,
        second=second,
        first_rows=first_rows,
        second_rows=second_rows,
        examples=[
            NearPair(
                first_row=numbered.rows_of(text, first)[0],
                second_row=numbered.rows_of(int(nearest.texts[second][text]), second)[0],
                similarity=round(float(nearest.similarities[second][text]), 4),
            )
            for text in map(int, found[:N_EXAMPLES])
        ],
    )


def _refuse_missing_datasketch() -> None:
    if find_spec("datasketch") is None:
        raise UserError(f"Near-duplicates are found by datasketch, which is not installed. Install it: {INSTALL}")
