"""Families of models that this program would read otherwise than transformers are refused, with the reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers

from harness import ModelError
from harness.huggingface import load_encoder

from ..encoders import loaded, write_family

SIZES = {
    "vocab_size": 100,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}
FUNNEL = {"block_sizes": [1, 1], "d_model": 32, "n_head": 2, "d_head": 16, "d_inner": 64, "num_decoder_layers": 1}
OPT = {"ffn_dim": 64, "word_embed_proj_dim": 16, "max_position_embeddings": 66}
REFORMER = {
    **{"attn_layers": ["local"] * 2, "attention_head_size": 16, "feed_forward_size": 64, "is_decoder": False},
    **{"axial_pos_shape": [8, 8], "axial_pos_embds_dim": [8, 24], "local_attn_chunk_length": 8},
    "max_position_embeddings": 64,
}
CANINE = {"local_transformer_stride": 8, "num_hash_buckets": 64, "num_hash_functions": 2}


def _vocabulary(folder: Path) -> str:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz?", *(f"##{x}" for x in "abcd")]
    (folder / "vocab.txt").write_text("\n".join(words))
    return str(folder / "vocab.txt")


def _roc_bert(folder: Path) -> Any:
    ids = {token: row for row, token in enumerate(Path(_vocabulary(folder)).read_text().split("\n"))}
    for name in ("word_shape.json", "word_pronunciation.json"):
        (folder / name).write_text(json.dumps(ids))
    files = [str(folder / name) for name in ("vocab.txt", "word_shape.json", "word_pronunciation.json")]
    return transformers.RoCBertTokenizer(*files, model_max_length=64)


def _tapas(folder: Path) -> Any:
    return transformers.TapasTokenizer(_vocabulary(folder), model_max_length=64)


def _canine(folder: Path) -> Any:
    return transformers.CanineTokenizer(model_max_length=64)


PARTS = {f"{kind}_{part}": 100 for kind in ("shape", "pronunciation") for part in ("vocab_size", "embed_dim")}
REFUSED: dict[str, tuple[dict[str, Any], Callable[[Path], Any] | None, str]] = {
    "canine": ({**SIZES, **CANINE}, _canine, "layer . holds . states for .* tokens|hidden states"),
    "funnel": ({"vocab_size": 100, **FUNNEL}, None, "hidden states, its config.json says 2 layers"),
    "mra": (SIZES, None, "no token's state depends on the tokens before it"),
    "opt": ({**SIZES, **OPT}, None, "have 16 numbers a token, its config.json says 32"),
    "reformer": ({**SIZES, **REFORMER}, None, "states for .* tokens"),
    "roc_bert": ({**SIZES, **PARTS}, _roc_bert, "reads input_shape_ids and input_pronunciation_ids beside token ids"),
    "tapas": (SIZES, _tapas, "its tokenizer cannot read a text by itself"),
}


LARGEST_VOCABULARY = "canine"  # its tokenizer lists every character of Unicode


@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=[pytest.mark.slow] * (name == LARGEST_VOCABULARY)) for name in REFUSED]
)
def test_a_family_that_would_be_read_wrongly_is_refused_with_the_reason(family: str, tmp_path: Path) -> None:
    settings, tokenizer, told = REFUSED[family]
    write_family(tmp_path, "bert")
    if tokenizer:
        for file in tmp_path.glob("tokenizer*"):
            file.unlink()
        tokenizer(tmp_path).save_pretrained(tmp_path)
    if family == "canine":  # it has no vocabulary
        settings = {name: value for name, value in settings.items() if name != "vocab_size"}
    config = transformers.AutoConfig.for_model(family, **settings)
    config.architectures = ["FunnelModel"] if family == "funnel" else None
    transformers.AutoModel.from_config(config).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=rf"cannot be used \({family}\): .*({told})"):
        loaded(tmp_path)


def test_a_family_that_cannot_compute_in_bfloat16_is_refused_with_the_option_that_helps(tmp_path: Path) -> None:
    folder = write_family(tmp_path, "deberta")
    with pytest.raises(ModelError, match=r"transformers cannot compute a text with it.* Use --dtype float32"):
        load_encoder(str(folder), None, True, "cpu", "bfloat16")
    assert loaded(folder).n_layers == 2


def test_the_encoder_half_of_an_encoder_decoder_is_named_as_such(tmp_path: Path) -> None:
    folder = write_family(tmp_path, "bert")
    sizes = {"vocab_size": 100, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
    transformers.T5EncoderModel(transformers.T5Config(**sizes)).save_pretrained(folder)
    with pytest.raises(ModelError, match=r"is the encoder of an encoder-decoder \(t5\), saved alone"):
        loaded(folder)
