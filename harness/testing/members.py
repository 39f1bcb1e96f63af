"""Members for strategies that combine others: two small classifiers of any text, quick to fit and to hand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Split, Task
from harness.strategies.member import Member

BUCKETS = 512  # that pieces of texts are counted in
LONGEST = 200  # pieces of a text


@dataclass(frozen=True)
class PiecesClassifier:
    """Multinomial naive Bayes, by counts of words or of three letters in a row.

    Args:
        letters: Whether it counts letters.
        log_shares: Log of the share of each bucket in each class, float64 (buckets, k).
    """

    letters: bool
    log_shares: NDArray[np.float64]

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        scores = _counts(texts, letters=self.letters) @ self.log_shares
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)


def tiny_members(task: Task) -> tuple[Member, ...]:
    """Return two classifiers that were fitted on train of a task."""
    return tuple(
        Member("letters" if letters else "words", _fitted(task.train, task.n_classes, letters=letters))
        for letters in (False, True)
    )


def _fitted(train: Split, k: int, *, letters: bool) -> PiecesClassifier:
    counts = np.eye(k)[train.labels].T @ _counts(train.texts, letters=letters) + 1.0  # (k, buckets)
    return PiecesClassifier(letters, np.log(counts / counts.sum(axis=1, keepdims=True)).T)


def _counts(texts: Sequence[str], *, letters: bool) -> NDArray[np.float64]:
    table = np.zeros((len(texts), BUCKETS))
    for row, text in enumerate(texts):
        pieces = [text[i : i + 3] for i in range(len(text))] if letters else text.split()
        for piece in pieces[:LONGEST]:
            table[row, crc32(piece.encode("utf-8", "surrogatepass")) % BUCKETS] += 1
    return table
