"""A checkpoint is known again by its files alone, and by all of them; what is known of it is never believed blindly."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from harness import Features, ModelError, model_hash
from harness.encoding.fingerprint import EncoderFacts, fingerprint, read_facts, write_facts
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.features.directory import CacheDirectory
from harness.huggingface import load_encoder, weights_hash

from .tampering import Tensors, change_tensors, set_json, write_bert

FIRST = Features()
FACTS = EncoderFacts(width=8, max_length=9, n_parameters=10, n_layers=2, left_to_right=True, cls_is_last=False)
KNOWN = """
import sys
from pathlib import Path
from harness import Features
from harness.features.directory import CacheDirectory
from harness.huggingface import load_encoder
encoder = load_encoder(sys.argv[1], None, True, "cpu", "float32", cache=CacheDirectory(Path(sys.argv[2])))
print(encoder.width, encoder.max_length, encoder.n_layers, "torch" in sys.modules, "transformers" in sys.modules)
print(encoder.encode(["sun"], [Features()])[Features()].shape, "transformers" in sys.modules)
"""


@pytest.fixture
def cache(tmp_path: Path) -> CacheDirectory:
    return CacheDirectory(tmp_path / "cache")


def load(folder: Path, cache: CacheDirectory) -> TransformerEncoder:
    return load_encoder(str(folder), None, True, "cpu", "float32", cache=cache)


def identity(folder: Path) -> dict[str, str | None]:
    return fingerprint(folder, None, "cpu", "float32")


def test_the_hash_of_the_weights_covers_every_shard_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "model-1.safetensors").write_bytes(b"one")
    alone = weights_hash(str(tmp_path))
    (tmp_path / "model-2.safetensors").write_bytes(b"two")
    both = weights_hash(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert weights_hash(str(tmp_path)) == both
    (tmp_path / "model-2.safetensors").write_bytes(b"twp")
    assert len({alone, both, weights_hash(str(tmp_path))}) == 3


def test_the_same_files_have_the_same_fingerprint_wherever_they_lie(tiny: Path, checkpoint: Path) -> None:
    assert identity(tiny) == identity(checkpoint)


def shift_a_bias(tensors: Tensors) -> Tensors:
    tensors["transformer.layer.0.ffn.lin1.bias"][3] += 1e-6
    return tensors


CHANGES: dict[str, Callable[[Path], object]] = {
    "weights": lambda folder: change_tensors(folder, shift_a_bias),
    "config": lambda folder: set_json(folder / "config.json", layer_norm_eps=1e-6),
    "tokenizer": lambda folder: set_json(folder / "tokenizer_config.json", model_max_length=20),
}
ADDED = ("vocab.txt", "merges.txt", "spiece.model", "added_tokens.json", "bpe.codes", "qwen.tiktoken")
UNREAD = ("README.md", ".gitattributes", "LICENSE", "pytorch_model.bin", "model.onnx", "optimizer.pt", "modeling.py")


@pytest.mark.parametrize("part", CHANGES)
def test_a_change_of_one_file_changes_its_part_alone(checkpoint: Path, part: str) -> None:
    before = identity(checkpoint)
    CHANGES[part](checkpoint)
    after = identity(checkpoint)
    assert [name for name in before if before[name] != after[name]] == [part]


@pytest.mark.parametrize("name", ADDED)
def test_a_file_that_a_tokenizer_may_read_is_part_of_it(checkpoint: Path, name: str) -> None:
    seen = [identity(checkpoint)]
    for content in ("a", "b"):
        (checkpoint / name).write_text(content)
        seen.append(identity(checkpoint))
    assert len({each["tokenizer"] for each in seen}) == 3
    assert len({(each["weights"], each["config"]) for each in seen}) == 1


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_trained_module_behind_the_pooling_is_part_of_it_with_its_configuration(checkpoint: Path, name: str) -> None:
    (checkpoint / "2_Dense").mkdir()
    seen = []
    for content in ("a", "b"):
        (checkpoint / "2_Dense" / "model.safetensors").touch()
        (checkpoint / "2_Dense" / name).write_text(content)
        seen.append((identity(checkpoint)["modules"], model_hash(checkpoint)))
    assert len({part for each in seen for part in each}) == 4


@pytest.mark.parametrize("name", ["0_StaticEmbedding/model.safetensors", "bpe.codes", "config.json"])
def test_the_hash_of_a_model_of_a_strategy_covers_what_it_may_read(checkpoint: Path, name: str) -> None:
    (checkpoint / name).parent.mkdir(exist_ok=True)
    (checkpoint / name).write_text("a")
    before = model_hash(checkpoint)
    (checkpoint / name).write_text("b")
    assert model_hash(checkpoint) != before


@pytest.mark.parametrize("name", UNREAD)
def test_a_file_that_nobody_reads_changes_nothing(checkpoint: Path, name: str) -> None:
    before = identity(checkpoint)
    (checkpoint / name).write_text("a")
    (checkpoint / "onnx").mkdir()
    (checkpoint / "onnx" / "config.json").write_text("{}")
    assert identity(checkpoint) == before


def test_device_dtype_and_revision_are_part_of_it(tiny: Path) -> None:
    ways = [
        (None, "cpu", "float32"),
        ("c0ffee", "cpu", "float32"),
        (None, "cuda", "float32"),
        (None, "cpu", "bfloat16"),
    ]
    assert len({json.dumps(fingerprint(tiny, *way)) for way in ways}) == len(ways)


def test_facts_survive_the_disk(tmp_path: Path) -> None:
    write_facts(tmp_path / "new" / "facts.json", FACTS)
    assert read_facts(tmp_path / "new" / "facts.json") == FACTS


def damaged(content: bytes) -> dict[str, bytes]:
    other = {**json.loads(content), "more": 1}
    return {
        "empty": b"",
        "cut short": content[:-20],
        "zeroed": b"\0" * len(content),
        "changed": content.replace(b"10", b"11"),
        "no object": b"[1, 2]",
        "no UTF-8": b"\xff\xfe" + content,
        "more": json.dumps(other).encode(),
        "unsealed": json.dumps(asdict(FACTS)).encode(),
    }


@pytest.mark.parametrize("kind", damaged(b'{"a": 10}'))
def test_damaged_facts_are_no_facts(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "facts.json"
    write_facts(file, FACTS)
    whole = file.read_bytes()
    file.write_bytes(damaged(whole)[kind])
    assert file.read_bytes() != whole
    assert read_facts(file) is None


def test_facts_that_are_not_there_or_cannot_be_written_do_no_harm(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "none.json") is None
    (tmp_path / "file").write_text("in the way")
    write_facts(tmp_path / "file" / "facts.json", FACTS)
    assert read_facts(tmp_path / "file" / "facts.json") is None


def test_a_known_checkpoint_is_described_as_it_was_when_it_was_loaded(tiny: Path, cache: CacheDirectory) -> None:
    unknown, known = load(tiny, cache), load(tiny, cache)
    for name in ("name", "revision", "directory", "width", "max_length", "n_parameters", "n_layers", "notes"):
        assert getattr(known, name) == getattr(unknown, name), name
    assert known.fingerprint == unknown.fingerprint == identity(tiny)
    np.testing.assert_array_equal(known.encode(["sun"], [FIRST])[FIRST], unknown.encode(["sun"], [FIRST])[FIRST])


def test_a_known_checkpoint_is_not_loaded_before_somebody_encodes(tiny: Path, cache: CacheDirectory) -> None:
    load(tiny, cache)
    argv = [sys.executable, "-c", KNOWN, str(tiny), str(cache.root)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["32 64 2 False False", "(1, 32) True"]


def not_a_number(tensors: Tensors) -> Tensors:
    tensors["transformer.layer.1.ffn.lin2.bias"][0] = float("nan")
    return tensors


BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights": (lambda folder: change_tensors(folder, not_a_number), "holds NaN or infinity"),
    "cut weights": (lambda folder: cut(folder / "model.safetensors"), r"model\.safetensors cannot be read"),
    "config": (lambda folder: set_json(folder / "config.json", n_layers=1), "more layers than the distilbert encoder"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "expected a config.json"),
    "tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{"), r"tokenizer\.json cannot be read"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "expected a tokenizer file"),
}


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_checkpoint_that_broke_after_it_was_known_is_refused(
    checkpoint: Path, cache: CacheDirectory, name: str
) -> None:
    load(checkpoint, cache)
    lazy = load(checkpoint, cache)
    damage, message = BREAKAGES[name]
    damage(checkpoint)
    with pytest.raises(ModelError, match=message):
        load(checkpoint, cache)
    with pytest.raises(ModelError, match=message):  # nor is it served by who found it sound a moment before
        lazy.encode(["sun"], [FIRST])


def test_another_model_in_the_same_folder_is_described_anew(checkpoint: Path, cache: CacheDirectory) -> None:
    before = load(checkpoint, cache)
    write_bert(checkpoint)
    after = load(checkpoint, cache)
    assert after.n_parameters != before.n_parameters
    assert after.fingerprint != before.fingerprint


def test_damaged_facts_are_found_out_anew(tiny: Path, cache: CacheDirectory) -> None:
    before = load(tiny, cache)
    file = cache.facts_file(identity(tiny))
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b"64", b"32"))
    assert file.read_bytes() != whole
    after = load(tiny, cache)
    assert (after.width, after.max_length, after.n_parameters) == (before.width, before.max_length, before.n_parameters)
    assert file.read_bytes() == whole


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
def test_a_file_whose_content_is_gone_is_named(checkpoint: Path, name: str) -> None:
    (checkpoint / name).unlink(missing_ok=True)
    (checkpoint / name).symlink_to(checkpoint / "blob")
    if name == "vocab.txt":
        assert load_encoder(str(checkpoint), None, True, "cpu", "float32")  # it needs none
    else:
        with pytest.raises(ModelError, match=r"model\.safetensors cannot be read: No such file.*get it again"):
            load_encoder(str(checkpoint), None, True, "cpu", "float32")
