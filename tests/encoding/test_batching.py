"""Batches hold every row once, the longest first, within the budget; tokenising ahead leaves nothing behind."""

import threading
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from harness.encoding.batching import TOKENISED_AT_ONCE, Batch, TokenIds, batches_by_length


def one_token_a_letter(texts: Sequence[str]) -> TokenIds:
    return [[ord(letter) for letter in text] for text in texts]


def scattered(texts: Sequence[str]) -> TokenIds:
    """Numbers of tokens that have little to do with numbers of characters."""
    return [[len(text)] * (1 + (len(text) * 37) % 101) for text in texts]


def batches_of(
    lengths: Sequence[int], budget: int, tokenise: Callable[[Sequence[str]], TokenIds] = one_token_a_letter
) -> list[Batch]:
    return list(batches_by_length(["x" * length for length in lengths], tokenise, lambda: budget))


def tokenisers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("tokenise")]


@pytest.mark.parametrize("tokenise", [one_token_a_letter, scattered])
@pytest.mark.parametrize("budget", [1, 7, 64, 512, 100_000])
@pytest.mark.parametrize(
    "n",
    [
        *(1, 2, 99, TOKENISED_AT_ONCE, TOKENISED_AT_ONCE + 1),
        pytest.param(3 * TOKENISED_AT_ONCE + 5, marks=pytest.mark.slow),
    ],
)
def test_every_row_is_in_one_batch_within_the_budget(
    n: int, budget: int, tokenise: Callable[[Sequence[str]], TokenIds]
) -> None:
    lengths = np.random.default_rng(n * budget).integers(1, 80, n).tolist()
    expected = tokenise(["x" * length for length in lengths])
    batches = batches_of(lengths, budget, tokenise)
    assert sorted(np.concatenate([batch.rows for batch in batches]).tolist()) == list(range(n))
    for batch in batches:
        assert batch.token_ids == [expected[row] for row in batch.rows]
        assert batch.length == max(map(len, batch.token_ids))
        assert len(batch.rows) == 1 or len(batch.rows) * batch.length <= budget


@pytest.mark.parametrize("n", [40, TOKENISED_AT_ONCE])
def test_batches_come_longest_first_and_a_half_full_one_takes_no_shorter_text(n: int) -> None:
    lengths = np.random.default_rng(n).integers(1, 60, n).tolist()
    batches = batches_of(lengths, 256, scattered)
    ordered = [len(ids) for batch in batches for ids in batch.token_ids]
    assert ordered == sorted(ordered, reverse=True)
    for batch, following in pairwise(batches):
        full = 256 // batch.length
        assert len(batch.rows) == full or (len(batch.rows) >= full / 2 and following.length < batch.length)
        assert all(len(ids) == batch.length for ids in batch.token_ids[(full + 1) // 2 :])


def test_batches_are_filled_across_what_is_tokenised_together() -> None:
    batches = batches_of([3] * (2 * TOKENISED_AT_ONCE + 10), 3 * 1000)
    assert [len(batch.rows) for batch in batches] == [1000, 1000, 1000, 1000, 106]


def test_a_text_over_the_budget_has_a_batch_of_its_own_and_holds_up_no_other() -> None:
    assert [batch.rows.tolist() for batch in batches_of([2, 5000, 3], 2048)] == [[1], [2, 0]]


def test_without_padding_a_batch_holds_one_length_and_is_filled_across_what_is_tokenised_together() -> None:
    texts = ["x" * length for length in [9] * 5 + [3] * (2 * TOKENISED_AT_ONCE) + [2]]
    batches = batches_by_length(texts, one_token_a_letter, lambda: 3 * 2000, padding=False)
    shapes = [(len(batch.rows), {len(ids) for ids in batch.token_ids}) for batch in batches]
    assert shapes == [(5, {9}), (2000, {3}), (2000, {3}), (96, {3}), (1, {2})]


def test_no_texts_make_no_batches() -> None:
    assert batches_of([], 2048) == []
    assert not tokenisers()


def test_a_budget_that_shrinks_counts_from_the_next_batch_on() -> None:
    budgets = iter([40, 20, 20, 20])
    batches = batches_by_length(["x" * 10] * 10, one_token_a_letter, lambda: next(budgets))
    sizes = [len(batch.rows) for batch in batches]
    assert sizes == [4, 2, 2, 2]


def test_the_first_batch_does_not_wait_for_the_last_text() -> None:
    tokenised: list[int] = []

    def counting(texts: Sequence[str]) -> TokenIds:
        tokenised.append(len(texts))
        return one_token_a_letter(texts)

    batches = batches_by_length(["word"] * (5 * TOKENISED_AT_ONCE), counting, lambda: 64)
    next(batches)
    assert sum(tokenised) <= 2 * TOKENISED_AT_ONCE
    batches.close()  # type: ignore[attr-defined]
    assert sum(tokenised) <= 2 * TOKENISED_AT_ONCE


def test_an_exception_of_the_tokenizer_reaches_who_asked_for_batches() -> None:
    def fails_on_short(texts: Sequence[str]) -> TokenIds:
        if "y" in texts:
            raise LookupError("no such token: y")
        return one_token_a_letter(texts)

    texts = ["y", *["word"] * (2 * TOKENISED_AT_ONCE)]
    batches = batches_by_length(texts, fails_on_short, lambda: 8)
    found = [next(batches) for _ in range(TOKENISED_AT_ONCE // 2)]
    assert sum(len(batch.rows) for batch in found) == TOKENISED_AT_ONCE
    with pytest.raises(LookupError, match="no such token: y"):
        list(batches)
    assert not tokenisers()


@pytest.mark.parametrize("how", ["exhausted", "closed", "forgotten"])
def test_no_thread_is_left_behind(how: str) -> None:
    batches = batches_by_length(["word"] * (3 * TOKENISED_AT_ONCE), one_token_a_letter, lambda: 64)
    next(batches)
    assert tokenisers()
    if how == "exhausted":
        list(batches)
    elif how == "closed":
        batches.close()  # type: ignore[attr-defined]
    else:
        del batches
    assert not tokenisers()


def test_the_longer_half_of_a_batch_comes_first() -> None:
    (batch,) = batches_of([3, 1, 5, 2, 4], 100)
    longer, shorter = batch.halves()
    assert [half.rows.tolist() for half in (longer, shorter)] == [[2, 4], [0, 3, 1]]
    assert (longer.length, shorter.length) == (5, 3)
    assert longer.token_ids + shorter.token_ids == batch.token_ids
