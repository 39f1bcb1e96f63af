"""Features are computed once a text, kept on disk, and shared without being shared out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from harness import Features
from harness.features.cache import FeatureCache
from harness.features.directory import CacheDirectory

from ..letters import CLS, MEAN, LetterEncoder, many_texts

SPLITS = (("bb", "a", "bb"), ("ccc", "a"), ("dd",))


def expected(texts: Sequence[str], features: Features = CLS) -> list[list[float]]:
    table: list[list[float]] = LetterEncoder().encode(texts, [features])[features].tolist()
    return table


@pytest.fixture(params=["kept on disk", "kept for the run"])
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[FeatureCache, LetterEncoder]:
    encoder = LetterEncoder()
    return FeatureCache(encoder, CacheDirectory(tmp_path) if request.param == "kept on disk" else None), encoder


Cache = tuple[FeatureCache, LetterEncoder]


def test_every_distinct_text_of_all_splits_is_encoded_once_for_all_states(cache: Cache) -> None:
    features, encoder = cache
    told: list[tuple[str, int, int]] = []
    features.fill(SPLITS, [CLS, MEAN], lambda *step: told.append(step))
    assert encoder.texts_encoded == ["bb", "a", "ccc", "dd"]
    assert {tuple(wanted) for _, wanted in encoder.asked} == {(CLS, MEAN)}
    assert told[-1] == ("encode", 4, 4)
    for split in SPLITS:
        for state in (CLS, MEAN):
            assert features.encode(split, state).tolist() == expected(split, state)
    assert len(encoder.texts_encoded) == 4


def test_equal_splits_share_their_features(cache: Cache) -> None:
    features, encoder = cache
    features.fill([("a", "bb"), ("a", "bb"), ("bb", "a")], [CLS])
    assert encoder.texts_encoded == ["a", "bb"]
    assert features.encode(["bb", "a"], CLS).tolist() == expected(["bb", "a"])


def test_texts_of_no_split_are_encoded_on_demand_and_only_they(cache: Cache) -> None:
    features, encoder = cache
    features.fill(SPLITS, [CLS, MEAN])
    encoder.asked.clear()
    mixed = ["dddd", "a", "new", "dddd", "ccc"]
    assert features.encode(mixed, CLS).tolist() == expected(mixed)
    assert encoder.asked == [(["dddd", "new"], [CLS])]
    assert features.encode(["new", "bb"], CLS).tolist() == expected(["new", "bb"])
    assert len(encoder.asked) == 1


def test_a_text_unseen_for_one_state_stays_unseen_for_another(cache: Cache) -> None:
    features, encoder = cache
    features.fill(SPLITS, [CLS, MEAN])
    features.encode(["new"], CLS)
    assert features.encode(["a", "new"], MEAN).tolist() == expected(["a", "new"], MEAN)
    assert encoder.asked[-2:] == [(["new"], [CLS]), (["new"], [MEAN])]


def test_a_state_that_nobody_declared_is_encoded_on_demand(cache: Cache) -> None:
    features, encoder = cache
    features.fill([("a",)], [CLS])
    assert features.encode(["bb", "a"], MEAN).tolist() == expected(["bb", "a"], MEAN)
    assert features.encode(["a"], MEAN).tolist() == expected(["a"], MEAN)
    assert encoder.asked[1:] == [(["bb", "a"], [MEAN])]
    assert features.cost([MEAN]) is None


def test_a_split_that_is_filled_later_keeps_what_was_there(cache: Cache) -> None:
    features, encoder = cache
    features.fill([("a", "bb")], [CLS])
    assert features.encode(["ccc", "a"], CLS).tolist() == expected(["ccc", "a"])
    features.fill([("ccc", "bb")], [CLS, MEAN])
    assert features.encode(["a", "ccc"], MEAN).tolist() == expected(["a", "ccc"], MEAN)
    assert features.encode(["ccc", "bb"], CLS).tolist() == expected(["ccc", "bb"])
    assert encoder.asked[1][0] == ["ccc"]


def test_no_texts_give_an_empty_table(cache: Cache) -> None:
    features, encoder = cache
    assert features.encode([], CLS).shape == (0, 8)
    features.fill([(), ("a",)], [CLS])
    assert features.encode([], CLS).shape == (0, 8)
    assert features.encode([], CLS).dtype == np.float32
    assert encoder.texts_encoded == ["a"]


def test_a_second_run_reads_and_says_what_the_first_one_paid(tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        features = FeatureCache(encoder := LetterEncoder(), CacheDirectory(tmp_path))
        features.fill(SPLITS, [CLS, MEAN])
        runs.append((features.cost([CLS]), features.cost([MEAN, CLS]), encoder.texts_encoded))
    (first, both, _), (again, both_again, texts_encoded) = runs
    assert texts_encoded == []
    assert None not in (first, again, both, both_again)
    assert (first.source, again.source) == ("computed", "cached")
    assert first.seconds == again.seconds > 0
    assert both.seconds == both_again.seconds


def test_features_of_which_only_a_part_was_there_are_partly_cached(tmp_path: Path) -> None:
    FeatureCache(LetterEncoder(), CacheDirectory(tmp_path)).fill(SPLITS[:2], [CLS])
    features = FeatureCache(encoder := LetterEncoder(), CacheDirectory(tmp_path))
    features.fill(SPLITS, [CLS, MEAN])
    sources = [cost.source for wanted in ([CLS], [MEAN]) if (cost := features.cost(wanted))]
    assert sources == ["partly cached", "computed"]
    assert encoder.asked[-1][0] == ["dd"]


def test_texts_cut_off_are_counted_once_and_remembered(tmp_path: Path) -> None:
    for _ in range(2):
        features = FeatureCache(LetterEncoder(max_length=2), CacheDirectory(tmp_path))
        features.fill(SPLITS, [CLS])
        assert [features.truncated_texts(split) for split in SPLITS] == [0, 1, 0]
        assert features.truncated_texts(["other"]) is None


@pytest.mark.parametrize("fingerprint", [None, {"weights": "letters"}])
def test_without_a_cache_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fingerprint: dict[str, str | None] | None
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    directory = CacheDirectory(tmp_path / "cache") if fingerprint is None else None
    features = FeatureCache(LetterEncoder(fingerprint), directory)
    features.fill(SPLITS, [CLS])
    features.standardised(SPLITS[0], CLS)
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    del features
    assert list((tmp_path / "temporary").iterdir()) == []
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_is_a_note_and_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    features = FeatureCache(LetterEncoder(), CacheDirectory(tmp_path / "file" / "cache"))
    features.fill(SPLITS, [CLS])
    features.fill(SPLITS, [MEAN])
    assert [features.encode(split, MEAN).tolist() for split in SPLITS] == [expected(split, MEAN) for split in SPLITS]
    (note,) = features.notes
    assert note.startswith("features are not kept for the next run: Cannot write to")
    assert f"{tmp_path / 'file'} is a file, not a folder" in note
    assert "--cache-dir" in note


def test_a_cache_that_is_cleared_under_a_run_is_built_again(tmp_path: Path) -> None:
    features = FeatureCache(encoder := LetterEncoder(), directory := CacheDirectory(tmp_path))
    features.fill(SPLITS, [CLS, MEAN])
    mapped = features.encode(SPLITS[0], CLS)
    for entry in directory.entries():
        directory.discard(entry.folder)
    assert mapped.tolist() == expected(SPLITS[0])
    for split in SPLITS:
        assert features.encode(split, CLS).tolist() == expected(split)
    assert features.standardised(SPLITS[0], MEAN)[1].shape == (3, 8)
    assert len(encoder.texts_encoded) == 8
    (note,) = features.notes
    assert "removed" in note


def test_a_cache_that_is_cleared_while_it_is_filled_costs_a_note(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path)

    def clear(number: int) -> None:
        if number == 2:
            for entry in directory.entries():
                directory.discard(entry.folder)

    texts = many_texts()
    features = FeatureCache(LetterEncoder(before=clear), directory)
    features.fill([texts], [CLS])
    assert np.array_equal(features.encode(texts, CLS), LetterEncoder().encode(texts, [CLS])[CLS])
    (note,) = features.notes
    assert note.startswith("features are not kept for the next run: ")


def test_a_state_that_cannot_be_computed_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    def refuse(number: int) -> None:
        raise ValueError("no such layer")

    features = FeatureCache(LetterEncoder(before=refuse), directory := CacheDirectory(tmp_path))
    with pytest.raises(ValueError, match="no such layer"):
        features.fill(SPLITS, [CLS])
    assert directory.entries() == []


def test_an_interrupt_keeps_finished_shards_and_frees_the_lock(tmp_path: Path) -> None:
    def press_control_c(number: int) -> None:
        if number == 3:
            raise KeyboardInterrupt

    texts = many_texts()
    with pytest.raises(KeyboardInterrupt):
        FeatureCache(LetterEncoder(before=press_control_c), CacheDirectory(tmp_path)).fill([texts], [CLS])
    features = FeatureCache(encoder := LetterEncoder(), CacheDirectory(tmp_path))
    features.fill([texts], [CLS])
    assert encoder.texts_encoded == list(texts[2 * 8192 :])
    assert np.array_equal(features.encode(texts, CLS), LetterEncoder().encode(texts, [CLS])[CLS])
    assert not features.notes


def test_a_fingerprint_cannot_stand_for_texts_or_layer(tmp_path: Path) -> None:
    features = FeatureCache(LetterEncoder({"layer": "1"}), CacheDirectory(tmp_path))
    with pytest.raises(ValueError, match="fingerprint of encoder letters must not name its parts layer"):
        features.fill(SPLITS, [CLS])
