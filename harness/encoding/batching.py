"""Texts -> batches of similar length under a token budget, tokenised while the batches before are computed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOKENISED_AT_ONCE = 2048  # texts handed to the tokenizer in one call

TokenIds = list[list[int]]


@dataclass(frozen=True)
class Batch:
    """Rows of a list of texts, the longest first.

    Attributes:
        rows: Positions of the texts, int64 (m,).
        token_ids: Their m lists of token ids, special tokens included.
    """

    rows: NDArray[np.int64]
    token_ids: TokenIds

    @property
    def length(self) -> int:
        """Tokens of the longest text, to which the others are padded."""
        return len(self.token_ids[0])

    def halves(self) -> tuple["Batch", "Batch"]:
        """Return the longer and the shorter half of at least two rows."""
        middle = len(self.rows) // 2
        return (
            Batch(self.rows[:middle], self.token_ids[:middle]),
            Batch(self.rows[middle:], self.token_ids[middle:]),
        )


def batches_by_length(
    texts: Sequence[str],
    tokenise: Callable[[Sequence[str]], TokenIds],
    token_budget: Callable[[], int],
    padding: bool = True,
) -> Iterator[Batch]:
    """Yield batches of similar length, longest first.

    Longest first, so that running out of memory shows at once and the time left is never too hopeful. Texts
    are ordered by characters first and by tokens among those tokenised together, so that the first batch need
    not wait for the last text.

    Args:
        texts: n texts.
        tokenise: Texts -> token ids, at least one each; called in another thread, ahead of need.
        token_budget: Returns the tokens a batch may hold now, padding included; a longer text gets a batch of
            its own.
        padding: Whether a batch may hold texts of different lengths.
    """
    waiting: list[tuple[int, list[int]]] = []
    for tokenised, is_last in _tokenised_ahead(texts, tokenise):
        waiting = sorted([*waiting, *tokenised], key=lambda item: -len(item[1]))
        start = 0
        while start < len(waiting):
            longest = len(waiting[start][1])
            stop = start + max(token_budget() // longest, 1)
            # A batch that is half full takes no shorter text: many then hold no padding at all.
            enough = (start + stop + 1) // 2 if padding else start
            shorter = (i for i in range(enough, min(stop, len(waiting))) if len(waiting[i][1]) < longest)
            stop = next(shorter, stop)
            if stop > len(waiting) and not is_last:
                break  # the next texts may fill it up
            rows, token_ids = zip(*waiting[start:stop], strict=True)
            yield Batch(np.array(rows, dtype=np.int64), list(token_ids))
            start = stop
        waiting = waiting[start:]


def _tokenised_ahead(
    texts: Sequence[str], tokenise: Callable[[Sequence[str]], TokenIds]
) -> Iterator[tuple[list[tuple[int, list[int]]], bool]]:
    """Yield (row, token ids) of portions of the texts, and whether it is the last, one portion ahead."""
    order = np.argsort([-len(text) for text in texts], kind="stable").tolist()
    portions = [order[start : start + TOKENISED_AT_ONCE] for start in range(0, len(order), TOKENISED_AT_ONCE)]
    with ThreadPoolExecutor(1, thread_name_prefix="tokenise") as thread:
        pending = [thread.submit(tokenise, [texts[row] for row in portion]) for portion in portions[:1]]
        for number, portion in enumerate(portions):
            token_ids = pending.pop().result()
            if following := portions[number + 1 : number + 2]:
                pending.append(thread.submit(tokenise, [texts[row] for row in following[0]]))
            yield list(zip(portion, token_ids, strict=True)), not following
