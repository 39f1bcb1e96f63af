"""What can change a number is a part of the key, each alone; what cannot is none."""

import importlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import Features
from harness.encoding.fingerprint import fingerprint
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.features.cache import FeatureCache
from harness.features.directory import CacheDirectory, differing
from harness.huggingface import load_encoder, write_tiny_checkpoint
from harness.testing import tiny_task

CLS = Features()
TEXTS = tiny_task().train.texts[:12]


class Cached:
    """A folder with a checkpoint, and a cache that knows its features of a few texts: `table`, or they are computed."""

    def __init__(self, folder: Path, table: Any = None) -> None:
        self.folder, self.checkpoint = folder, folder / "checkpoint"
        self.directory = CacheDirectory(folder / "cache")
        self.table = self.fill(self.load()) if table is None else table
        (self.key,) = (entry.key for entry in self.directory.entries())

    def load(self, dtype: str = "float32", batch_tokens: int | None = None) -> TransformerEncoder:
        return load_encoder(str(self.checkpoint), None, True, "cpu", dtype, batch_tokens)

    def fill(self, encoder: TransformerEncoder, texts: Sequence[str] = TEXTS, state: Features = CLS) -> Any:
        self.features = FeatureCache(encoder, self.directory)
        self.features.fill([texts], [state])
        assert self.features.notes == []
        return self.features.encode(texts, state).copy()

    @property
    def source(self) -> str:
        """Where the last features came from."""
        states = {CLS, Features(1), Features(-1, "mean")}
        (source,) = {cost.source for state in states if (cost := self.features.cost([state]))}
        return source

    def changed_parts(self) -> list[str]:
        """Return the parts in which the key of the one other entry differs."""
        (other,) = (entry.key for entry in self.directory.entries() if entry.key != self.key)
        return differing(self.key, other)

    def edit(self, file: str, change: Callable[[Any], object]) -> None:
        content = json.loads((self.checkpoint / file).read_text())
        change(content)
        (self.checkpoint / file).write_text(json.dumps(content))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Cached:
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(tiny_model, folder / "checkpoint")
    return Cached(folder)


@pytest.fixture
def cached(tmp_path: Path, filled: Cached) -> Cached:
    return Cached(shutil.copytree(filled.folder, tmp_path, dirs_exist_ok=True), filled.table)


def with_other_weights(cached: Cached) -> TransformerEncoder:
    other = cached.checkpoint.with_name("other")
    other.mkdir()
    write_tiny_checkpoint(other, ["word"], seed=1)
    vocabulary = json.loads((cached.checkpoint / "config.json").read_text())["vocab_size"]
    words = [f"word{i}" for i in range(vocabulary - json.loads((other / "config.json").read_text())["vocab_size"])]
    write_tiny_checkpoint(other, ["word", *words], seed=1)
    shutil.copy(other / "model.safetensors", cached.checkpoint)
    return cached.load()


def with_two_words_exchanged(cached: Cached) -> TransformerEncoder:
    def exchange(content: Any) -> None:
        vocabulary = content["model"]["vocab"]
        vocabulary["the"], vocabulary["tea"] = vocabulary["tea"], vocabulary["the"]

    cached.edit("tokenizer.json", exchange)
    return cached.load()


def with_another_activation(cached: Cached) -> TransformerEncoder:
    cached.edit("config.json", lambda content: content.update(activation="relu"))
    return cached.load()


def reading_less(cached: Cached) -> TransformerEncoder:
    cached.edit("tokenizer_config.json", lambda content: content.update(model_max_length=4))
    return cached.load()


REAL: dict[str, tuple[list[str], Callable[[Cached], tuple[TransformerEncoder, Sequence[str], Features]]]] = {
    "a text": (["texts"], lambda cached: (cached.load(), (*TEXTS[:-1], "another"), CLS)),
    "the order of texts": (["texts"], lambda cached: (cached.load(), TEXTS[::-1], CLS)),
    "where a text ends": (["texts"], lambda cached: (cached.load(), (TEXTS[0] + " ", *TEXTS[1:]), CLS)),
    "the layer": (["layer"], lambda cached: (cached.load(), TEXTS, Features(1))),
    "the pooling": (["pooling"], lambda cached: (cached.load(), TEXTS, Features(-1, "mean"))),
    "the weights": (["weights"], lambda cached: (with_other_weights(cached), TEXTS, CLS)),
    "the tokenizer": (["tokenizer"], lambda cached: (with_two_words_exchanged(cached), TEXTS, CLS)),
    "the configuration": (["config"], lambda cached: (with_another_activation(cached), TEXTS, CLS)),
    "the tokenizer's limit": (["max_length", "tokenizer"], lambda cached: (reading_less(cached), TEXTS, CLS)),
    "the limit alone": (["max_length"], lambda cached: (replace(cached.load(), max_length=4), TEXTS, CLS)),
    "the number format": (["dtype"], lambda cached: (cached.load("bfloat16"), TEXTS, CLS)),
}
IN_NAME = ("revision", "device", "torch", "transformers", "tokenizers", "encoding")


@pytest.mark.parametrize("change", REAL)
def test_features_that_differ_are_not_taken_from_the_cache(change: str, cached: Cached) -> None:
    parts, changed = REAL[change]
    encoder, texts, state = changed(cached)
    table = cached.fill(encoder, texts, state)
    assert cached.source == "computed"
    assert cached.changed_parts() == parts
    assert change == "where a text ends" or not np.array_equal(table, cached.table)


@pytest.mark.parametrize("part", IN_NAME)
def test_a_part_that_only_another_machine_or_version_has_is_a_miss_alone(part: str, cached: Cached) -> None:
    encoder = cached.load()
    assert encoder.fingerprint is not None
    cached.fill(replace(encoder, fingerprint={**encoder.fingerprint, part: "another"}))
    assert cached.source == "computed"
    assert cached.changed_parts() == [part]


def test_every_part_of_the_key_is_tried_above(cached: Cached) -> None:
    tried = {part for parts, _ in REAL.values() for part in parts} | {*IN_NAME}
    assert {*cached.key} == tried | {"format"}


def test_no_entry_opens_with_any_part_of_its_key_changed(cached: Cached) -> None:
    assert cached.directory.open(cached.key) is not None
    for part in cached.key:
        assert cached.directory.open({**cached.key, part: "another"}) is None
        assert cached.directory.open({name: value for name, value in cached.key.items() if name != part}) is None


def test_the_device_and_the_number_format_are_told_apart(cached: Cached) -> None:
    cpu = fingerprint(cached.checkpoint, None, "cpu", "float32")
    assert differing(cpu, fingerprint(cached.checkpoint, None, "cuda", "float32")) == ["device"]
    assert differing(cpu, fingerprint(cached.checkpoint, None, "cpu", "bfloat16")) == ["dtype"]
    assert differing(cpu, fingerprint(cached.checkpoint, "a commit", "cpu", "float32")) == ["revision"]


@pytest.mark.parametrize("library", ["torch", "transformers", "tokenizers"])
def test_the_version_of_a_library_that_computes_is_told_apart(
    library: str, cached: Cached, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = fingerprint(cached.checkpoint, None, "cpu", "float32")
    info = tmp_path / "site" / f"{library}-99.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {library}\nVersion: 99.0\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()
    after = fingerprint(cached.checkpoint, None, "cpu", "float32")
    assert after[library] == "99.0"
    assert differing(before, after) == [library]


def test_every_file_that_a_tokenizer_reads_counts_and_no_other(cached: Cached) -> None:
    before = fingerprint(cached.checkpoint, None, "cpu", "float32")
    for name in ("README.md", "pytorch_model.bin", ".gitattributes"):
        (cached.checkpoint / name).write_text("whatever")
    assert fingerprint(cached.checkpoint, None, "cpu", "float32") == before
    for name in ("special_tokens_map.json", "added_tokens.json", "vocab.txt", "merges.txt", "spiece.model"):
        (cached.checkpoint / name).write_text("{}")
        assert differing(before, fingerprint(cached.checkpoint, None, "cpu", "float32")) == ["tokenizer"]
        (cached.checkpoint / name).unlink()


def test_one_model_at_two_places_is_one(cached: Cached, tmp_path: Path) -> None:
    cached.checkpoint = shutil.move(cached.checkpoint, tmp_path / "elsewhere")
    assert np.array_equal(cached.fill(cached.load()), cached.table)
    assert cached.source == "cached"


@pytest.mark.slow
def test_batches_and_threads_change_no_key(cached: Cached) -> None:
    threads = torch.get_num_threads()
    try:
        for tokens, count in ((64, 1), (7, 2), (4096, 3)):
            torch.set_num_threads(count)
            assert np.array_equal(cached.fill(cached.load(batch_tokens=tokens)), cached.table)
            assert cached.source == "cached"
    finally:
        torch.set_num_threads(threads)


def test_what_else_is_computed_and_in_which_order_changes_no_key(cached: Cached) -> None:
    mean, other = Features(-1, "mean"), TEXTS[:5]
    for splits, states in (([other, TEXTS], [mean, CLS]), ([TEXTS, other], [CLS, mean])):
        features = FeatureCache(cached.load(), cached.directory, "another name")
        features.fill(splits, states)
        cost = features.cost([CLS])
        assert cost is not None
        assert np.array_equal(features.encode(TEXTS, CLS), cached.table)
    assert cost.source == "cached"
    assert len(cached.directory.entries()) == 4
