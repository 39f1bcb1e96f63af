"""A frozen state is named by a layer and a pooling that exists; an encoder may count tokens."""

import numpy as np
import pytest

from harness import Encoder, Features, UserError
from harness.encoding.encoder import token_counts

from ..letters import LetterEncoder


def test_the_last_layers_first_token_is_the_default() -> None:
    assert Features() == Features(-1, "cls")


def test_a_pooling_that_does_not_exist_is_refused() -> None:
    for pooling in ("sum", "", "cls+sum", "cls+cls", "auto+cls"):
        with pytest.raises(UserError, match="pooling must be one of auto, cls, mean, max"):
            Features(-1, pooling)


def test_states_can_be_sorted_and_stand_in_a_set() -> None:
    states = [Features(2, "max"), Features(-1, "mean"), Features(-1, "cls"), Features(2, "max")]
    assert sorted(set(states)) == [Features(-1, "cls"), Features(-1, "mean"), Features(2, "max")]


def test_tokens_are_counted_before_a_text_is_cut_special_tokens_included(encoder: Encoder) -> None:
    texts = ["", "sun", "sun song", "sun " * 100]
    counts = token_counts(encoder, texts)
    assert counts is not None
    assert (counts.tolist(), counts.dtype) == ([2, 3, 4, 102], np.int64)
    assert encoder.count_truncated(texts) == (counts > encoder.max_length).sum() == 1
    many = token_counts(encoder, texts * 600)
    assert many is not None
    assert many.tolist() == [2, 3, 4, 102] * 600


def test_an_encoder_that_does_not_count_tokens_is_not_asked() -> None:
    assert token_counts(LetterEncoder(), ["sun"]) is None
