"""The efficient set."""

from harness.analysis.tradeoff import efficient


def test_the_efficient_are_those_that_none_beats_in_cost_and_score() -> None:
    assert efficient([(1, 0.5), (2, 0.4), (3, 0.9), (3, 0.8), (0, 0.1), (4, 0.9)]) == [4, 0, 2]
    assert efficient([(1, 0.5), (1, 0.5)]) == [0, 1]
    assert efficient([]) == []
