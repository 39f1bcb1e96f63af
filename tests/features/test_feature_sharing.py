"""One strategy's features are no other's, though they are built once: across strategies, forks and processes."""

import gc
import os
import pickle
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from harness import Features
from harness.encoding.encoder import Progress
from harness.features.cache import FeatureCache
from harness.features.directory import CacheDirectory

from ..letters import CLS, LetterEncoder, many_texts

SPLITS = (("bb", "a", "bb"), ("ccc", "a"), ("dd",))


def expected(texts: Sequence[str]) -> list[list[float]]:
    table: list[list[float]] = LetterEncoder().encode(texts, [CLS])[CLS].tolist()
    return table


@pytest.fixture(params=["kept on disk", "kept for the run"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[FeatureCache, LetterEncoder]:
    encoder = LetterEncoder()
    return FeatureCache(encoder, CacheDirectory(tmp_path) if request.param == "kept on disk" else None), encoder


Cache = tuple[FeatureCache, LetterEncoder]


@pytest.mark.parametrize("texts", [SPLITS[0], ("bb", "new"), ("bb", "a")], ids=["a split", "with a new text", "a part"])
@pytest.mark.parametrize("through_torch", [False, True])
def test_what_a_strategy_does_to_its_features_reaches_nobody_else(
    tmp_path: Path, texts: Sequence[str], through_torch: bool
) -> None:
    features = FeatureCache(LetterEncoder(), CacheDirectory(tmp_path))
    features.fill(SPLITS, [CLS])
    for _ in range(2):
        mine = features.encode(texts, CLS)
        assert mine.tolist() == expected(texts)
        (torch.from_numpy(mine) if through_torch else mine)[:] = -1
    again = FeatureCache(encoder := LetterEncoder(), CacheDirectory(tmp_path))
    again.fill(SPLITS, [CLS])
    assert again.encode(texts, CLS).tolist() == expected(texts)
    assert not again.notes
    assert encoder.texts_encoded == (["new"] if "new" in texts else [])


def many_features() -> tuple[tuple[str, ...], NDArray[np.float32]]:
    texts = many_texts(500)
    return texts, LetterEncoder().encode(texts, [CLS])[CLS]


def test_standardised_features_are_those_of_scikit_learn(cache: Cache) -> None:
    features, encoder = cache
    texts, table = many_features()
    reference = StandardScaler().fit(table)
    features.fill([texts, SPLITS[1]], [CLS])
    for asked in (texts, texts[:50], (*texts[:50], "new")):
        scaler, scaled = features.standardised(asked, CLS)
        raw = LetterEncoder().encode(asked, [CLS])[CLS]
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, StandardScaler().fit_transform(raw), atol=1e-6)
        np.testing.assert_allclose(scaler.transform(raw), scaled, atol=1e-6)
    np.testing.assert_allclose(features.standardised(texts, CLS)[0].scale_, reference.scale_, atol=1e-6)
    assert encoder.texts_encoded[len(texts) + 2 :] == ["new"]


def test_standardised_features_are_shared_and_yet_private(tmp_path: Path) -> None:
    texts, _ = many_features()
    features = FeatureCache(LetterEncoder(), CacheDirectory(tmp_path))
    features.fill([texts], [CLS])
    scaler, scaled = features.standardised(texts, CLS)
    before = scaled.copy()
    torch.from_numpy(scaled)[:] = -1
    scaler.mean_[:] = -1
    again, fresh = features.standardised(texts, CLS)
    assert np.array_equal(fresh, before)
    assert again.mean_.min() > 0
    assert np.array_equal(features.encode(texts, CLS), many_features()[1])


def test_a_pickled_copy_gives_the_same_and_spoils_nothing(cache: Cache) -> None:
    features, _ = cache
    texts, table = many_features()
    features.fill([texts, texts[::-1]], [CLS])
    copies = [pickle.loads(pickle.dumps(features)) for _ in range(2)]
    mine = features.standardised(texts, CLS)[1]
    before = mine.tolist()
    for copy in copies:
        assert np.array_equal(copy.encode(texts, CLS), table)
        assert copy.standardised(texts[::-1], CLS)[1].tolist() == before[::-1]
        assert copy.standardised(texts, CLS)[1].tolist() == before
    copies.clear()
    del copy
    assert mine.tolist() == before
    assert np.array_equal(features.encode(texts, CLS), table)


@pytest.mark.slow
def test_a_pickled_copy_outlives_the_files_of_the_run_that_made_it() -> None:
    features = FeatureCache(LetterEncoder())
    texts, table = many_features()
    features.fill([texts], [CLS])
    pickled = pickle.dumps(features)
    del features
    gc.collect()
    copy = pickle.loads(pickled)
    assert np.array_equal(copy.encode(texts, CLS), table)
    assert len(copy.notes) == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_process_that_a_strategy_forks_off_removes_nothing() -> None:
    features = FeatureCache(LetterEncoder())
    features.fill(SPLITS, [CLS])
    if (child := os.fork()) == 0:
        del features
        os._exit(0)
    os.waitpid(child, 0)
    assert features.encode(SPLITS[0], CLS).tolist() == expected(SPLITS[0])
    assert not features.notes


class WideEncoder(LetterEncoder):
    """Gives every text the same 256 numbers, so that only the cache's own memory counts."""

    def encode(
        self, texts: Sequence[str], wanted: Sequence[Features], progress: Progress | None = None
    ) -> dict[Features, NDArray[np.float32]]:
        return {features: np.ones((len(texts), self.width), np.float32) for features in wanted}


def peak_of(action: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_filling_holds_a_few_shards_in_memory_and_never_the_table(tmp_path: Path) -> None:
    texts, width = many_texts(60_000), 256
    features = FeatureCache(WideEncoder(width=width), CacheDirectory(tmp_path))
    whole = len(texts) * width * 4
    assert peak_of(lambda: features.fill([texts], [CLS])) < whole / 2
    assert peak_of(lambda: features.encode(texts, CLS)) < whole / 10
