"""A checkpoint that is not the encoder it claims to be is refused, with a message that says what to do."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, CLIPTextConfig, T5Config, T5Model

from harness import Features, ModelError, UnavailableError, UserError

from .tampering import Tensors, change_tensors, load, set_json, small_sizes, vocabulary_size, write_bert


def refusal(folder: Path) -> str:
    """Return the message a folder is refused with; it names the folder."""
    with pytest.raises(ModelError) as caught:
        load(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


def test_weights_that_exist_only_as_pickle_are_refused_without_being_opened(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    (checkpoint / "pytorch_model.bin").write_bytes(b"cbuiltins\nexit\n(tR.")
    message = refusal(checkpoint)
    assert "only as pickle (pytorch_model.bin), which can run any code" in message
    assert "Use a revision with model.safetensors" in message


def test_a_folder_without_weights_is_refused(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    assert "no model.safetensors among its files" in refusal(checkpoint)


def test_weights_in_a_subfolder_only_do_not_count(checkpoint: Path) -> None:
    (checkpoint / "onnx").mkdir()
    shutil.move(checkpoint / "model.safetensors", checkpoint / "onnx" / "model.safetensors")
    assert "no model.safetensors among its files" in refusal(checkpoint)


def test_a_folder_without_config_json_is_refused(checkpoint: Path) -> None:
    (checkpoint / "config.json").unlink()
    assert "expected a config.json beside the weights, found none. Restore the one" in refusal(checkpoint)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{oops", "config.json cannot be read: Expecting property name"),
        ("\udcff", "config.json cannot be read: 'utf-8' codec"),
        ("[1]", "expected a JSON object in its config.json, got list"),
        ("{}", "expected model_type in its config.json to be an architecture of transformers"),
        ('{"model_type": ["bert"]}', "got ['bert']"),
        ('{"model_type": "frobnicate"}', "got 'frobnicate'. Restore the config.json of this checkpoint"),
        ('{"model_type": "distilbert", "n_layers": "two"}', "config.json is not valid: Validation error for field"),
    ],
)
def test_a_broken_config_json_is_refused(checkpoint: Path, content: str, told: str) -> None:
    (checkpoint / "config.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert told in refusal(checkpoint)


def test_a_folder_without_a_tokenizer_is_refused(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()
    message = refusal(checkpoint)
    assert "expected a tokenizer file such as tokenizer.json or vocab.txt beside the weights, found none" in message
    assert "tokenizer.save_pretrained(folder)" in message


def test_a_broken_tokenizer_is_refused(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").write_text("{")
    assert "its tokenizer.json cannot be read: Expecting" in refusal(checkpoint)


def test_a_tokenizer_that_knows_more_tokens_than_the_weights_is_refused(checkpoint: Path) -> None:
    name, n_kept = "embeddings.word_embeddings.weight", vocabulary_size(checkpoint) - 3
    change_tensors(checkpoint, lambda tensors: {**tensors, name: tensors[name][:n_kept].clone()})
    set_json(checkpoint / "config.json", vocab_size=n_kept)
    message = refusal(checkpoint)
    assert f"its tokenizer gives ids up to {n_kept + 2}, its weights know {n_kept} tokens" in message
    assert "restore the tokenizer files" in message


def test_a_bert_configuration_over_distilbert_weights_is_refused(checkpoint: Path) -> None:
    BertConfig(**small_sizes(checkpoint)).save_pretrained(checkpoint)
    message = refusal(checkpoint)
    assert "its weights do not fill the bert encoder that config.json describes: 33 missing" in message
    assert "They would be random numbers. Restore the config.json that belongs to these weights." in message


def test_a_distilbert_configuration_over_bert_weights_is_refused(checkpoint: Path) -> None:
    described = (checkpoint / "config.json").read_text()
    write_bert(checkpoint)
    (checkpoint / "config.json").write_text(described)
    assert "do not fill the distilbert encoder that config.json describes" in refusal(checkpoint)


def test_weights_with_a_missing_tensor_are_refused(checkpoint: Path) -> None:
    gone = "transformer.layer.1.ffn.lin1.weight"

    def drop(tensors: Tensors) -> Tensors:
        assert tensors.pop(gone).ndim == 2
        return tensors

    change_tensors(checkpoint, drop)
    assert f"1 missing or of another shape, {gone} first" in refusal(checkpoint)


def test_weights_of_another_shape_are_refused(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", hidden_dim=48)
    message = refusal(checkpoint)
    assert "6 missing or of another shape, transformer.layer.0.ffn.lin1.bias first" in message


def test_a_configuration_with_fewer_layers_than_the_weights_is_refused(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", n_layers=1)
    message = refusal(checkpoint)
    assert "its weights have more layers than the distilbert encoder" in message
    assert "16 would be left out, transformer.layer.1." in message


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_single_weight_that_is_no_finite_number_is_refused(checkpoint: Path, number: float) -> None:
    name = "transformer.layer.1.attention.q_lin.bias"

    def spoil(tensors: Tensors) -> Tensors:
        tensors[name][7] = number
        return tensors

    change_tensors(checkpoint, spoil)
    assert f"its tensor {name} holds NaN or infinity. Get an undamaged copy" in refusal(checkpoint)


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_weights_that_were_cut_short_are_refused(checkpoint: Path, kept: float) -> None:
    file = checkpoint / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept * len(whole))])
    assert "its model.safetensors cannot be read: Error while deserializing header" in refusal(checkpoint)


def test_weights_of_whole_numbers_are_refused(checkpoint: Path) -> None:
    name = "transformer.layer.1.ffn.lin2.bias"
    change_tensors(checkpoint, lambda tensors: {**tensors, name: tensors[name].to(torch.int32)})
    assert f"tensor {name} of its model.safetensors holds whole numbers (1 such weights)" in refusal(checkpoint)


@pytest.mark.parametrize(
    ("file", "setting", "told"),
    [
        ("config.json", {"seq_classif_dropout": 5}, "config.json sets seq_classif_dropout to 5; expected a share 0-1"),
        ("tokenizer_config.json", {"model_max_length": "x"}, "expected model_max_length in its tokenizer_config.json"),
        ("tokenizer_config.json", {"model_max_length": 0}, "expected model_max_length in its tokenizer_config.json"),
    ],
)
def test_settings_out_of_range_are_refused_with_their_file(
    checkpoint: Path, file: str, setting: dict[str, Any], told: str
) -> None:
    set_json(checkpoint / file, **setting)
    assert told in refusal(checkpoint)


def test_a_setting_that_transformers_does_not_know_is_named(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", activation="swishy")
    assert "describes no encoder that can be built: KeyError: " in refusal(checkpoint)


def test_outputs_come_by_name_whatever_the_configuration_says(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", return_dict=False)
    assert load(checkpoint).encode(["a text"], [Features()])[Features()].shape == (1, 32)


def add_code(folder: Path) -> Path:
    """Put program code beside the weights that notes that it ran, and return where it would."""
    trace = folder / "ran"
    (folder / "custom.py").write_text(f"open({str(trace)!r}, 'w').close()\nraise SystemExit\n")
    return trace


def test_a_checkpoint_that_needs_code_of_its_own_is_refused_without_running_or_asking(
    checkpoint: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    trace = add_code(checkpoint)
    code = {"AutoConfig": "custom.Config", "AutoModel": "custom.Model"}
    set_json(checkpoint / "config.json", model_type="mine", auto_map=code)
    message = refusal(checkpoint)
    assert "needs program code of its own (auto_map in its config.json), which is never run here" in message
    assert not trace.exists()
    assert capfd.readouterr() == ("", "")


def test_code_beside_a_known_architecture_is_left_alone(checkpoint: Path, tiny: Path) -> None:
    trace = add_code(checkpoint)
    set_json(checkpoint / "config.json", auto_map={"AutoModel": "custom.Model"})
    set_json(checkpoint / "tokenizer_config.json", auto_map={"AutoTokenizer": ["custom.T", None]})
    encoder, original = load(checkpoint), load(tiny)
    assert not trace.exists()
    assert all(map(torch.equal, encoder.model.parameters(), original.model.parameters()))


def test_an_encoder_decoder_is_refused(checkpoint: Path) -> None:
    sizes = {"vocab_size": vocabulary_size(checkpoint), "d_model": 32, "d_kv": 16, "d_ff": 64}
    T5Model(T5Config(**sizes, num_layers=1, num_heads=2)).save_pretrained(checkpoint)
    assert load_file(checkpoint / "model.safetensors")
    assert "is an encoder-decoder (t5); expected an encoder, such as BERT. Choose another" in refusal(checkpoint)


def test_a_model_of_several_towers_is_refused(checkpoint: Path) -> None:
    set_json(checkpoint / "config.json", model_type="clip", text_config=CLIPTextConfig().to_diff_dict())
    assert "is not one stack of layers (clip); expected an encoder, such as BERT" in refusal(checkpoint)


@pytest.mark.parametrize("name", ["./none", "~/none", "../none", "/none/such"])
def test_a_path_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(UnavailableError, match=f"There is no folder {name}. Name an existing checkpoint folder"):
        load(name)


def test_a_file_is_no_checkpoint_folder(checkpoint: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json is a file; .* Name its folder"):
        load(checkpoint / "config.json")


def test_a_file_named_without_its_folder_is_not_taken_for_a_hub_id(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkpoint)
    with pytest.raises(UserError, match=r"config\.json is a file; .* Name its folder"):
        load("config.json")


def test_a_revision_of_a_folder_is_refused(checkpoint: Path) -> None:
    with pytest.raises(UserError, match=r"--revision v1: the folder .* has no revisions\. Leave it out"):
        load(checkpoint, revision="v1")


@pytest.mark.parametrize("name", ["a/b/c", "no spaces", "x/../y", "-name", "folder/", "é/è"])
def test_a_name_that_can_be_neither_folder_nor_hub_id_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"There is no folder .* and it cannot be a hub id\. Check --model"):
        load(name)
