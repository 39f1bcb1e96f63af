"""An entry that is not what was written is computed again with one note, and never served."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.features.cache import FeatureCache
from harness.features.directory import CacheDirectory
from harness.system.files import read_sealed, write_sealed

from ..letters import CLS, MEAN, LetterEncoder, many_texts

TEXTS = many_texts(300)


def flip(file: Path, position: int) -> None:
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(bytes(content))


def cut(file: Path, length: int) -> None:
    file.write_bytes(file.read_bytes()[:length])


def append(file: Path, more: bytes) -> None:
    file.write_bytes(file.read_bytes() + more)


def zero(file: Path, start: int = 0) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:start] + bytes(len(content) - start))


def change_manifest(folder: Path, **changes: object) -> None:
    """Write a manifest that differs, with a checksum of its own that is right."""
    write_sealed(folder / "manifest.json", {**read_sealed(folder / "manifest.json"), **changes})


def put_in_place_of(folder: Path, name: str, texts: tuple[str, ...] = TEXTS, state: object = MEAN) -> None:
    """Put a file of another whole entry there; `*` puts them all."""
    other = CacheDirectory(folder.parent.parent / "other")
    FeatureCache(LetterEncoder(), other).fill([texts], [state])  # type: ignore[list-item]
    (entry,) = other.entries()
    for file in entry.folder.glob(name):
        shutil.copy(file, folder / file.name)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "features cut short": lambda folder: cut(folder / "features.npy", 1000),
    "features cut short by a row": lambda folder: cut(folder / "features.npy", 128 + 299 * 32),
    "features cut to nothing": lambda folder: cut(folder / "features.npy", 0),
    "features with a row more": lambda folder: append(folder / "features.npy", bytes(32)),
    "features gone": lambda folder: (folder / "features.npy").unlink(),
    "features with one bit flipped": lambda folder: flip(folder / "features.npy", 5000),
    "features with the last bit flipped": lambda folder: flip(folder / "features.npy", -1),
    "features with a bit of the header flipped": lambda folder: flip(folder / "features.npy", 20),
    "features zeroed": lambda folder: zero(folder / "features.npy"),
    "features zeroed behind the header": lambda folder: zero(folder / "features.npy", 128),
    "features a text": lambda folder: (folder / "features.npy").write_text("not features\n" * 800),
    "features a folder": lambda folder: ((folder / "features.npy").unlink(), (folder / "features.npy").mkdir()),
    "features of another state": lambda folder: put_in_place_of(folder, "features.npy"),
    "features of other texts": lambda folder: put_in_place_of(folder, "features.npy", many_texts(301), CLS),
    "manifest cut short": lambda folder: cut(folder / "manifest.json", 100),
    "manifest cut to nothing": lambda folder: cut(folder / "manifest.json", 0),
    "manifest with one bit flipped": lambda folder: flip(folder / "manifest.json", 30),
    "manifest with its checksum flipped": lambda folder: flip(folder / "manifest.json", -10),
    "manifest zeroed": lambda folder: zero(folder / "manifest.json"),
    "manifest a text": lambda folder: (folder / "manifest.json").write_text("not a manifest"),
    "manifest other JSON": lambda folder: (folder / "manifest.json").write_text('{"rows": 300}'),
    "manifest a list": lambda folder: (folder / "manifest.json").write_text("[1, 2]"),
    "manifest nested deep": lambda folder: (folder / "manifest.json").write_text("[" * 100_000),
    "manifest no UTF-8": lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe\x00"),
    "manifest of another state": lambda folder: put_in_place_of(folder, "manifest.json"),
    "all files another state's": lambda folder: put_in_place_of(folder, "*"),
    "all files other texts'": lambda folder: put_in_place_of(folder, "*", many_texts(301), CLS),
    "a newer schema": lambda folder: change_manifest(folder, schema_version=2),
    "a schema that is no number": lambda folder: change_manifest(folder, schema_version="x"),
    "no schema": lambda folder: change_manifest(folder, schema_version=None),
    "fewer rows": lambda folder: change_manifest(folder, rows=299),
    "another width": lambda folder: change_manifest(folder, width=4),
    "no shards": lambda folder: change_manifest(folder, shards=[]),
    "shards that are no list": lambda folder: change_manifest(folder, shards=7),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_computed_again_with_one_note(tmp_path: Path, damage: str) -> None:
    directory = CacheDirectory(tmp_path / "cache")
    FeatureCache(LetterEncoder(), directory).fill([TEXTS, ("b",)], [CLS])
    entry = next(entry for entry in directory.entries() if entry.rows == 300)
    DAMAGES[damage](entry.folder)
    clean = LetterEncoder().encode(TEXTS, [CLS])[CLS]
    for expected_notes, expected_texts in ((1, 300), (0, 0)):
        features = FeatureCache(encoder := LetterEncoder(), directory)
        features.fill([TEXTS, ("b",)], [CLS])
        assert np.array_equal(features.encode(TEXTS, CLS), clean)
        assert len(features.notes) == expected_notes
        assert len(encoder.texts_encoded) == expected_texts
        assert all(str(entry.folder) in note and "damaged" in note and "recomputed" in note for note in features.notes)
    assert np.array_equal(np.load(entry.folder / "features.npy"), clean)


def test_the_note_says_what_is_wrong(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path / "cache")
    reasons = {
        "features with one bit flipped": "shard 0 of features.npy is cut short or changed",
        "features gone": "features.npy is missing",
        "a newer schema": "manifest.json has schema version 2, this program knows 1",
        "manifest of another state": "manifest.json belongs to other features",
        "manifest with one bit flipped": "manifest.json",
    }
    for damage, reason in reasons.items():
        FeatureCache(LetterEncoder(), directory).fill([TEXTS], [CLS])
        (entry,) = directory.entries()
        DAMAGES[damage](entry.folder)
        features = FeatureCache(LetterEncoder(), directory)
        features.fill([TEXTS], [CLS])
        assert reason in features.notes[0]


def test_damage_to_every_entry_is_one_note_each(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path / "cache")
    splits = (TEXTS, TEXTS[:10], TEXTS[5:20])
    FeatureCache(LetterEncoder(), directory).fill(splits, [CLS, MEAN])
    for entry in directory.entries():
        cut(entry.folder / "features.npy", 130)
    features = FeatureCache(encoder := LetterEncoder(), directory)
    features.fill(splits, [CLS, MEAN])
    assert len(features.notes) == len(set(features.notes)) == 6
    assert encoder.texts_encoded == list(TEXTS)


def test_a_damaged_entry_that_a_run_has_mapped_does_not_harm_that_run(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path / "cache")
    first = FeatureCache(LetterEncoder(), directory)
    first.fill([TEXTS], [CLS])
    mapped = first.encode(TEXTS, CLS)
    (entry,) = directory.entries()
    for leftover in ("manifest.json", None):
        if leftover:
            (entry.folder / leftover).unlink()
        else:
            change_manifest(entry.folder, schema_version=2)
        FeatureCache(LetterEncoder(), directory).fill([TEXTS], [CLS])
        assert np.array_equal(mapped, LetterEncoder().encode(TEXTS, [CLS])[CLS])


def test_a_damaged_entry_that_another_run_mended_meanwhile_is_taken_as_it_is(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path / "cache")
    FeatureCache(LetterEncoder(), directory).fill([TEXTS], [CLS])
    (entry,) = directory.entries()
    flip(entry.folder / "features.npy", 5000)

    def mend(what: str, done: int, total: int) -> None:
        """Mend it as soon as the other run has found it damaged and before it has the lock."""
        if done == 0:
            flip(entry.folder / "features.npy", 5000)

    features = FeatureCache(encoder := LetterEncoder(), directory)
    features.fill([TEXTS], [CLS], mend)
    assert not encoder.asked
    assert not features.notes
    cost = features.cost([CLS])
    assert cost is not None
    assert cost.source == "cached"


def test_damaged_features_in_a_cache_that_cannot_be_written_are_not_served_either(tmp_path: Path) -> None:
    directory = CacheDirectory(tmp_path / "cache")
    FeatureCache(LetterEncoder(), directory).fill([TEXTS], [CLS])
    (entry,) = directory.entries()
    flip(entry.folder / "features.npy", 5000)
    shutil.rmtree(tmp_path / "cache" / "locks")
    (tmp_path / "cache" / "locks").write_text("so that no lock can be taken")
    features = FeatureCache(LetterEncoder(), directory)
    features.fill([TEXTS], [CLS])
    assert np.array_equal(features.encode(TEXTS, CLS), LetterEncoder().encode(TEXTS, [CLS])[CLS])
    (note,) = features.notes
    assert note.startswith("features are not kept for the next run")


def test_the_manifest_tells_what_the_features_are_of(tmp_path: Path) -> None:
    FeatureCache(LetterEncoder(), directory := CacheDirectory(tmp_path), "emotion").fill([TEXTS], [CLS])
    (entry,) = directory.entries()
    manifest = json.loads((entry.folder / "manifest.json").read_text())
    assert manifest["key"]["layer"] == -1
    assert manifest["key"]["pooling"] == "cls"
    assert manifest["about"] == {"model": "letters", "data": "emotion"}
    assert [shard["rows"] for shard in manifest["shards"]] == [300]
