"""A frozen state is named by a layer and a pooling that exists."""

import pytest

from harness import Features, UserError


def test_the_last_layers_first_token_is_the_default() -> None:
    assert Features() == Features(-1, "cls")


def test_a_pooling_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="pooling must be one of cls, mean, max, got 'sum'"):
        Features(-1, "sum")  # type: ignore[arg-type]


def test_states_can_be_sorted_and_stand_in_a_set() -> None:
    states = [Features(2, "max"), Features(-1, "mean"), Features(-1, "cls"), Features(2, "max")]
    assert sorted(set(states)) == [Features(-1, "cls"), Features(-1, "mean"), Features(2, "max")]
