"""Members: the fitted classifiers that a strategy combines, by what they predict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError


@dataclass(frozen=True)
class Member:
    """A fitted classifier of another strategy, of the same seed and rows of train.

    Attributes:
        name: Name of its strategy in the run.
        predict_proba: `predict_proba(texts)` -> float32 (n, k). While a run is under way it knows the texts of
            validation and test alone.
        optimism: By how much what it chose on validation flatters its f1_macro there, 0 where nothing is known.
    """

    name: str
    predict_proba: Callable[[Sequence[str]], NDArray[np.float32]]
    optimism: float = 0.0


@dataclass(frozen=True)
class KnownAnswers:
    """What a classifier predicted in its own trial, in place of itself.

    Attributes:
        splits: Texts and their probabilities, float32 (n, k), a pair each of validation and test.
    """

    splits: tuple[tuple[tuple[str, ...], NDArray[np.float32]], ...]

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the probabilities of texts of these splits, private to the caller.

        Raises:
            UserError: For a text of neither.
        """
        asked = tuple(texts)
        for known, table in self.splits:
            if asked == known:
                return table.copy()
        every = [text for texts, _ in self.splits for text in texts]
        rows = dict(zip(reversed(every), reversed(range(len(every))), strict=True))  # the first of equal texts
        if missing := [text for text in asked if text not in rows]:
            raise UserError(
                f"A member of a run that is under way knows the texts of validation and test alone, and was asked for "
                f"{len(missing):,} others. Ask for those that fit and predict_proba are given."
            )
        tables = np.concatenate([table for _, table in self.splits])
        found: NDArray[np.float32] = tables[np.array([rows[text] for text in asked], np.int64)]
        return found
