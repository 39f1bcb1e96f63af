"""Answers of one classifier to the same texts in calls of many kinds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.testing.expecting import expecting

ALONE = 4  # texts that are asked for one by one
FEW = 24  # texts of a call, as many as test of the tiny task holds


@dataclass(frozen=True)
class Answers:
    """Class probabilities, float32, each row at the place of its text.

    Attributes:
        together: Of n texts in one call, the first of all, (n, k).
        backwards: Of the same in the reverse order, (n, k).
        alone: Of the first few by themselves, (4, k).
        many: Of m other texts in one call, (m, k).
        by_few: Of these in calls of 24, (m, k).
        again: Of the n texts in one call, the last of all, (n, k).
    """

    together: NDArray[np.float32]
    backwards: NDArray[np.float32]
    alone: NDArray[np.float32]
    many: NDArray[np.float32]
    by_few: NDArray[np.float32]
    again: NDArray[np.float32]


def ask(
    predict: Callable[[Sequence[str]], NDArray[np.float32]], texts: Sequence[str], others: Sequence[str]
) -> Answers:
    """Ask for the same texts in many ways.

    Args:
        predict: Texts -> their class probabilities.
        texts: Asked for at first, in other ways, and at last.
        others: Asked for in between.

    Raises:
        AssertionError: Where a call fails, with how many texts it had.
    """

    def asked(some: Sequence[str]) -> NDArray[np.float32]:
        with expecting(f"probabilities for a call of {len(some)}"):
            return predict(some)

    return Answers(
        together=asked(texts),
        backwards=asked(texts[::-1])[::-1],
        alone=np.vstack([asked([text]) for text in texts[:ALONE]]),
        many=asked(others),
        by_few=np.vstack([asked(others[i : i + FEW]) for i in range(0, len(others), FEW)]),
        again=asked(texts),
    )
