"""A folder that is no checkpoint is named as what it is; weights are loaded from the checkpoint's own folder only."""

import json
import re
import shutil
from pathlib import Path

import pytest

from harness import ModelError, UserError, find_model

from .tampering import load, set_json


def refusal(folder: Path | str) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def split_into(checkpoint: Path, file: str, index_name: str = "model.safetensors.index.json") -> None:
    """Let an index name one file for all weights."""
    keys = ["embeddings.word_embeddings.weight", "embeddings.LayerNorm.weight"]
    index = {"metadata": {}, "weight_map": dict.fromkeys(keys, file)}
    (checkpoint / index_name).write_text(json.dumps(index))


@pytest.mark.parametrize("file", ["../elsewhere/x.safetensors", "below/x.safetensors", "/x.safetensors", "x.bin", ".."])
def test_an_index_that_names_weights_outside_the_folder_is_refused(checkpoint: Path, file: str) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "unused.safetensors")
    split_into(checkpoint, file)
    message = refusal(checkpoint)
    assert f"names {file!r}; expected safetensors files beside it" in message
    assert "Put them into the folder" in message


def test_an_index_that_names_a_missing_file_is_refused(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "unused.safetensors")
    split_into(checkpoint, "model-00001-of-00001.safetensors")
    assert "'model-00001-of-00001.safetensors', which is missing" in refusal(checkpoint)


@pytest.mark.parametrize("file", ["below/x.safetensors", "../x.safetensors", "x.bin", 3])
def test_a_configuration_that_names_weights_outside_the_folder_is_refused(checkpoint: Path, file: str | int) -> None:
    set_json(checkpoint / "config.json", transformers_weights=file)
    assert f"its config.json names {str(file)!r}; expected a safetensors file beside it" in refusal(checkpoint)


def test_an_index_that_a_configuration_names_is_held_to_the_same(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", transformers_weights="other.safetensors.index.json")
    split_into(checkpoint, "below/x.safetensors", "other.safetensors.index.json")
    assert "its other.safetensors.index.json names 'below/x.safetensors'" in refusal(checkpoint)


def test_weights_beside_it_that_a_configuration_names_are_loaded(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "other.safetensors")
    set_json(checkpoint / "config.json", transformers_weights="other.safetensors")
    assert load(checkpoint).width == 32


@pytest.mark.parametrize("file", ["below/tokenizer.1.0.json", "../tokenizer.1.0.json", "/tokenizer.1.0.json", 3])
def test_a_tokenizer_outside_the_folder_is_refused(checkpoint: Path, file: str | int) -> None:
    set_json(checkpoint / "tokenizer_config.json", fast_tokenizer_files=["tokenizer.0.1.json", file])
    message = refusal(checkpoint)
    assert f"its tokenizer_config.json names {str(file)!r}; expected a JSON file beside it" in message
    with pytest.raises(ModelError, match="tokenizer_config"):
        find_model(str(checkpoint), "--set nli_zero_shot.model")


def test_a_configuration_that_is_none_of_config_json_is_refused(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", configuration_files=["config.1.0.0.json"])
    assert "lets another file take its place (configuration_files)" in refusal(checkpoint)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weight_map": []}', "[" * 10_000])
def test_a_broken_index_is_refused(checkpoint: Path, content: str) -> None:
    (checkpoint / "model.safetensors").rename(checkpoint / "unused.safetensors")
    (checkpoint / "model.safetensors.index.json").write_text(content)
    assert "model.safetensors.index.json" in refusal(checkpoint)


def test_weights_in_several_files_beside_the_index_are_loaded_and_known_by_all_of_them(checkpoint: Path) -> None:
    one = load(checkpoint).fingerprint
    load(checkpoint).model.save_pretrained(checkpoint, max_shard_size="20KB")
    (checkpoint / "model.safetensors").unlink(missing_ok=True)
    assert len(list(checkpoint.glob("*.safetensors"))) > 1
    several = load(checkpoint)
    assert one is not None
    assert several.fingerprint is not None
    assert several.fingerprint["weights"] != one["weights"]


@pytest.mark.parametrize("with_encoder", [True, False])
def test_an_adapter_is_named_as_one_with_the_command_that_merges_it(checkpoint: Path, with_encoder: bool) -> None:
    (checkpoint / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))
    (checkpoint / "harness.json").write_text(json.dumps({"label_names": ["a", "b", "c"]}))
    if not with_encoder:
        (checkpoint / "config.json").unlink()
    message = refusal(checkpoint)
    assert "is an adapter of peft for 'org/base', not a checkpoint" in message
    assert "merge_and_unload()" in message
    assert message.endswith(f"{checkpoint} 3")


def test_a_folder_above_checkpoints_names_them(checkpoint: Path, tmp_path: Path) -> None:
    above = tmp_path / "runs"
    shutil.copytree(checkpoint, above / "one" / "models" / "full_finetune-seed0")
    shutil.copytree(checkpoint, above / "checkpoint-20")
    message = refusal(above)
    assert (
        f"is a folder above checkpoints, not one. Name one with --model: {above / 'checkpoint-20'}, {above}" in message
    )


def test_a_module_with_weights_is_not_named_as_a_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "above" / "1_Encoder")
    shutil.copytree(checkpoint, tmp_path / "above" / "2_Dense")
    (tmp_path / "above" / "2_Dense" / "config.json").write_text('{"in_features": 32, "out_features": 8}')
    assert refusal(tmp_path / "above").endswith(f"Name one with --model: {tmp_path / 'above' / '1_Encoder'}.")


@pytest.mark.parametrize(
    ("file", "engine"), [("onnx/model.onnx", "ONNX"), ("model-q4.gguf", "GGUF"), ("tf_model.h5", "TensorFlow")]
)
def test_weights_of_another_engine_are_named(checkpoint: Path, file: str, engine: str) -> None:
    (checkpoint / "model.safetensors").unlink()
    (checkpoint / file).parent.mkdir(exist_ok=True)
    (checkpoint / file).write_bytes(b"x")
    assert f"its weights exist only for {engine} ({file}); expected model.safetensors" in refusal(checkpoint)


@pytest.mark.parametrize(
    ("asked", "told"),
    [("flash_attention_2", "needs a package of its own"), ("someone/kernel", "program code that is never fetched")],
)
@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation"])
def test_attention_that_is_not_torchs_is_refused(checkpoint: Path, key: str, asked: str, told: str) -> None:
    set_json(checkpoint / "config.json", **{key: asked})
    message = refusal(checkpoint)
    assert f"asks for {key} {asked!r}" in message
    assert told in message
    assert "Remove that line from config.json" in message


@pytest.mark.parametrize("asked", ["eager", "sdpa"])
def test_attention_of_torch_may_be_asked_for(checkpoint: Path, asked: str) -> None:
    set_json(checkpoint / "config.json", attn_implementation=asked)
    assert load(checkpoint).width == 32


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "paraphrase-multilingual-MiniLM-L12-v2", "LaBSE"])
def test_a_sentence_encoders_short_name_is_answered_with_its_whole_name(name: str) -> None:
    with pytest.raises(UserError, match=f"Did you mean sentence-transformers/{name}"):
        load(name)


def with_tokenizer_file(checkpoint: Path, file: str, kind: str) -> None:
    for each in checkpoint.glob("tokenizer*"):
        each.unlink()
    (checkpoint / file).write_bytes(b"no sentencepiece model")
    (checkpoint / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind}))


@pytest.mark.parametrize(
    ("file", "kind"), [("spiece.model", "AlbertTokenizer"), ("sentencepiece.bpe.model", "XLMRobertaTokenizer")]
)
def test_a_tokenizer_that_other_packages_read_is_named(checkpoint: Path, file: str, kind: str) -> None:
    with_tokenizer_file(checkpoint, file, kind)
    message = refusal(checkpoint)
    assert f"its tokenizer exists only as {file}, which other packages read: pip install sentencepiece" in message


def test_a_tokenizer_without_the_file_that_it_reads_is_refused(checkpoint: Path) -> None:
    with_tokenizer_file(checkpoint, "sentencepiece.bpe.model", "AlbertTokenizer")
    assert "its tokenizer knows its 5 special tokens and no word" in refusal(checkpoint)


@pytest.mark.parametrize(
    ("entry", "value"),
    [("n_layers", 10**9), ("num_labels", 10**9), ("max_position_embeddings", 10**9), ("num_hidden_groups", 10**9)],
)
def test_absurd_numbers_of_what_is_built_one_by_one_are_refused(checkpoint: Path, entry: str, value: int) -> None:
    set_json(checkpoint / "config.json", part={entry: [value]})
    assert f"config.json says {entry} {value:g}; expected at most" in refusal(checkpoint)


@pytest.mark.parametrize(("entry", "value"), [("vocab_size", 10**8), ("hidden_dim", 10**9), ("dim", 10**9)])
def test_an_encoder_far_larger_than_its_weights_is_refused_before_memory_is_taken(
    checkpoint: Path, entry: str, value: int
) -> None:
    set_json(checkpoint / "config.json", **{entry: value})
    message = refusal(checkpoint)
    assert re.search(r"describes an encoder of [\d,]+ numbers, its weights hold [\d,]+; the largest tensor", message)
    assert f"{value}" in message
