"""Features are computed once a text, shared without being shared out, and completed on demand."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Features
from harness.encoding import Progress
from harness.feature_cache import FeatureCache

CLS, MEAN = Features(-1, "cls"), Features(-1, "mean")


class CountingEncoder:
    """Encodes a text as its length and its state, and writes down what it was asked."""

    name, revision, directory, width, max_length, n_parameters = "counting", None, "", 2, 64, 0

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[Features]]] = []

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> dict[Features, NDArray[np.float32]]:
        self.asked.append((list(texts), list(wanted)))
        if progress:
            progress("encode", len(texts), len(texts))
        states = {CLS: 0, MEAN: 1}
        return {f: np.array([[len(t), states[f]] for t in texts], dtype=np.float32).reshape(-1, 2) for f in wanted}

    def count_truncated(self, texts: Sequence[str]) -> int:
        return 0


@pytest.fixture
def counting() -> CountingEncoder:
    return CountingEncoder()


def test_every_distinct_text_is_encoded_once_in_one_pass(counting: CountingEncoder) -> None:
    cache = FeatureCache(counting)
    told: list[tuple[str, int, int]] = []
    cache.fill(["bb", "a", "bb", "ccc", "a"], [CLS, MEAN], lambda *step: told.append(step))
    assert counting.asked == [(["bb", "a", "ccc"], [CLS, MEAN])]
    assert told == [("encode", 3, 3)]
    assert cache.encode(["ccc", "a", "a", "bb"], CLS).tolist() == [[3, 0], [1, 0], [1, 0], [2, 0]]
    assert cache.encode(["a"], MEAN).tolist() == [[1, 1]]
    assert len(counting.asked) == 1


def test_unseen_texts_are_encoded_on_demand_and_only_they(counting: CountingEncoder) -> None:
    cache = FeatureCache(counting)
    cache.fill(["a", "bb"], [CLS, MEAN])
    assert cache.encode(["dddd", "a", "ccc", "dddd"], CLS).tolist() == [[4, 0], [1, 0], [3, 0], [4, 0]]
    assert counting.asked[1:] == [(["dddd", "ccc"], [CLS])]
    assert cache.encode(["ccc", "bb"], CLS).tolist() == [[3, 0], [2, 0]]
    assert len(counting.asked) == 2


def test_a_text_unseen_for_one_state_stays_unseen_for_another(counting: CountingEncoder) -> None:
    cache = FeatureCache(counting)
    cache.fill(["a"], [CLS, MEAN])
    cache.encode(["bb"], CLS)
    assert cache.encode(["a", "bb"], MEAN).tolist() == [[1, 1], [2, 1]]
    assert counting.asked[1:] == [(["bb"], [CLS]), (["bb"], [MEAN])]


def test_a_state_that_nobody_declared_is_encoded_on_demand(counting: CountingEncoder) -> None:
    cache = FeatureCache(counting)
    assert cache.encode(["bb", "a"], MEAN).tolist() == [[2, 1], [1, 1]]
    assert cache.encode(["a"], MEAN).tolist() == [[1, 1]]
    assert counting.asked == [(["bb", "a"], [MEAN])]


def test_what_a_strategy_does_to_its_features_reaches_nobody_else(counting: CountingEncoder) -> None:
    cache = FeatureCache(counting)
    cache.fill(["a", "bb"], [CLS])
    for texts in (["a", "bb"], ["a", "bb", "new"]):
        cache.encode(texts, CLS)[:] = -1
        assert cache.encode(texts, CLS).min() >= 0


def test_no_texts_give_an_empty_table(counting: CountingEncoder) -> None:
    cache = FeatureCache(counting)
    assert cache.encode([], CLS).shape == (0, 2)
    cache.fill(["a"], [CLS])
    assert cache.encode([], CLS).shape == (0, 2)
    assert cache.encode([], CLS).dtype == np.float32
