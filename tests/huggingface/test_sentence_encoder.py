"""What a checkpoint declares beside its weights: how `pooling=auto` pools, and the prompt before each text."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import GPT2Config, GPT2Model, XLNetConfig, XLNetModel

from harness import Features, ModelError, UserError
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.huggingface import load_encoder

from ..encoders import TEXTS
from .tampering import load, small_sizes

AUTO = Features(pooling="auto")
SOME = [text for text in TEXTS if text.strip()]


def declare(folder: Path, pooling: Any = None, behind: tuple[str, ...] = (), prompts: Any = None) -> Path:
    """Write the files that sentence-transformers writes beside a model."""
    kinds = ["Transformer", *(["Pooling"] if pooling is not None else []), *behind]
    modules = [
        {"idx": n, "name": str(n), "path": f"{n}_{kind}" if n else "", "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    if pooling is not None:
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    if prompts is not None:
        (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return folder


def prompted(folder: Path, prompt: str | None) -> TransformerEncoder:
    return load_encoder(str(folder), None, True, "cpu", "float32", prompt=prompt)


def switches(*modes: str) -> dict[str, Any]:
    names = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
    return {"word_embedding_dimension": 32, **{f"pooling_mode_{name}": name in modes for name in names}}


@pytest.mark.parametrize(
    ("declared", "pooling"),
    [
        (switches("cls_token"), "cls"),
        (switches("mean_tokens"), "mean"),
        (switches("max_tokens"), "max"),
        (switches("weightedmean_tokens"), "weightedmean"),
        (switches("lasttoken"), "lasttoken"),
        (switches("mean_tokens", "cls_token"), "cls+mean"),
        ({"embedding_dimension": 32}, "mean"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
        ({"pooling_mode": ["mean", "max"]}, "mean+max"),
    ],
)
def test_auto_pools_as_the_checkpoint_declares(checkpoint: Path, declared: Any, pooling: str) -> None:
    encoder = load(declare(checkpoint, declared))
    asked = [AUTO, Features(pooling=pooling), Features()]
    found = encoder.encode(SOME, asked)
    assert (encoder.pooling, encoder.pooling_source) == (pooling, "checkpoint")
    np.testing.assert_array_equal(found[AUTO], found[Features(pooling=pooling)])
    assert list(found) == list(dict.fromkeys(asked))


@pytest.mark.slow
@pytest.mark.parametrize("modes", [("mean_tokens",), ("max_tokens", "lasttoken"), ("weightedmean_tokens",)])
@pytest.mark.parametrize("include_prompt", [True, False])
def test_auto_gives_what_sentence_transformers_gives(
    checkpoint: Path, modes: tuple[str, ...], include_prompt: bool
) -> None:
    library = pytest.importorskip("sentence_transformers")
    prompts = {"prompts": {"task": "the busy sun: "}, "default_prompt_name": "task"}
    declared = {**switches(*modes), "include_prompt": include_prompt}
    ours = load(declare(checkpoint, declared, prompts=prompts))
    theirs = library.SentenceTransformer(str(checkpoint), device="cpu", local_files_only=True)
    theirs.max_seq_length = ours.max_length
    expected = theirs.encode(SOME, show_progress_bar=False)
    np.testing.assert_allclose(ours.encode(SOME, [AUTO])[AUTO], expected, atol=1e-5)


def test_a_checkpoint_that_declares_nothing_keeps_its_first_token(checkpoint: Path) -> None:
    assert (load(checkpoint).pooling, load(checkpoint).pooling_source) == ("cls", "default")


@pytest.mark.parametrize("family", ["gpt2", "xlnet"])
def test_without_a_declaration_the_token_that_has_read_the_whole_text_is_taken(checkpoint: Path, family: str) -> None:
    sizes = small_sizes(checkpoint)
    if family == "gpt2":
        config = GPT2Config(vocab_size=sizes["vocab_size"], n_embd=32, n_layer=2, n_head=2, n_positions=64)
        GPT2Model(config).save_pretrained(checkpoint)
    else:
        config = XLNetConfig(vocab_size=sizes["vocab_size"], d_model=32, n_layer=2, n_head=2, d_inner=64)
        XLNetModel(config).save_pretrained(checkpoint)
    encoder = load(checkpoint)
    expected = ("lasttoken", "left to right") if family == "gpt2" else ("cls", "default")
    assert (encoder.pooling, encoder.pooling_source) == expected
    assert any("pooling=cls cannot work" in note for note in encoder.notes) == (family == "gpt2")


def test_modules_behind_the_pooling_are_told_of_and_unit_length_is_not(checkpoint: Path) -> None:
    assert load(declare(checkpoint, switches("mean_tokens"), ("Normalize",))).notes == ()
    (note,) = load(declare(checkpoint, switches("mean_tokens"), ("Dense", "Normalize"))).notes
    assert "Dense behind its pooling: not applied" in note


def test_a_declared_pooling_whose_file_is_missing_is_told_of(checkpoint: Path) -> None:
    declare(checkpoint, switches("mean_tokens"))
    (checkpoint / "1_Pooling" / "config.json").unlink()
    encoder = load(checkpoint)
    assert (encoder.pooling, encoder.pooling_source) == ("cls", "default")
    assert "1_Pooling/config.json, which names it, is missing" in encoder.notes[0]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", "{"),
        ("modules.json", "{}"),
        ("modules.json", "[[]]"),
        ("modules.json", '[{"type": 3}]'),
        ("modules.json", '[{"type": "x.Pooling"}]'),
        ("modules.json", '[{"type": "x.Pooling", "path": "../elsewhere"}]'),
        ("modules.json", '[{"type": "x.Pooling", "path": "/etc"}]'),
        ("modules.json", "[" * 100_000),
        ("modules.json", "[" + " " * 1_000_000 + "]"),
        ("1_Pooling/config.json", "[]"),
        ("1_Pooling/config.json", '{"pooling_mode": "sum"}'),
        ("1_Pooling/config.json", '{"pooling_mode": []}'),
        ("1_Pooling/config.json", '{"pooling_mode": [["cls"]]}'),
        ("1_Pooling/config.json", '{"pooling_mode": 3}'),
        ("1_Pooling/config.json", '{"include_prompt": "no"}'),
        ("config_sentence_transformers.json", "[]"),
        ("config_sentence_transformers.json", '{"default_prompt_name": "query"}'),
        ("config_sentence_transformers.json", '{"default_prompt_name": ["query"], "prompts": {"query": "q"}}'),
        ("config_sentence_transformers.json", '{"default_prompt_name": "query", "prompts": {"query": 3}}'),
        ("config_sentence_transformers.json", '{"default_prompt_name": "query", "prompts": ["query"]}'),
    ],
)
def test_a_declaration_that_is_none_is_refused_and_the_file_is_named(checkpoint: Path, file: str, content: str) -> None:
    declare(checkpoint, switches("mean_tokens"))
    (checkpoint / file).write_text(content)
    with pytest.raises(ModelError, match=Path(file).name):
        load(checkpoint)


def test_a_prompt_stands_before_each_text(checkpoint: Path) -> None:
    plain = load(checkpoint)
    declare(checkpoint, switches("mean_tokens"), prompts={"prompts": {"a": "the sun "}, "default_prompt_name": "a"})
    before = ["the sun " + text for text in SOME]
    for encoder, prompt in ((load(checkpoint), "the sun "), (prompted(checkpoint, "rain "), "rain ")):
        expected = plain.encode([prompt + text for text in SOME], [Features()])[Features()]
        np.testing.assert_array_equal(encoder.encode(SOME, [Features()])[Features()], expected)
    assert load(checkpoint).count_truncated(SOME) == plain.count_truncated(before)
    without = prompted(checkpoint, "").encode(SOME, [Features()])[Features()]
    np.testing.assert_array_equal(without, plain.encode(SOME, [Features()])[Features()])


def test_each_prompt_has_cache_entries_of_its_own_and_none_those_of_before(checkpoint: Path) -> None:
    plain, first, second = (prompted(checkpoint, prompt).fingerprint for prompt in ("", "one ", "two "))
    assert plain == load(checkpoint).fingerprint
    assert first is not None
    assert second is not None
    assert first["prompt"] != second["prompt"]
    declare(checkpoint, {**switches("mean_tokens"), "include_prompt": False})
    assert prompted(checkpoint, "one ").fingerprint != first


def test_a_prompt_that_leaves_nothing_of_the_texts_is_refused(checkpoint: Path) -> None:
    with pytest.raises(UserError, match=r"prompt before each text has 301 tokens.*reads at most 64"):
        prompted(checkpoint, "sun " * 300).encode(["rain"], [Features()])


def test_a_checkpoint_of_the_hub_is_asked_for_its_pooling_and_for_no_other_folder() -> None:
    from huggingface_hub.utils import filter_repo_objects

    from harness.huggingface.hub import UNWANTED_FILES, WANTED_FILES

    files = ["model.safetensors", "modules.json", "1_Pooling/config.json", "2_Dense/model.safetensors", "onnx/x.json"]
    kept = filter_repo_objects(files, allow_patterns=WANTED_FILES, ignore_patterns=UNWANTED_FILES)
    assert list(kept) == ["model.safetensors", "modules.json", "1_Pooling/config.json"]


def test_what_the_folder_above_declares_counts_where_the_transformer_has_one_of_its_own(checkpoint: Path) -> None:
    inner = checkpoint.rename(checkpoint.with_name("0_Transformer"))
    assert load(inner).pooling == "cls"
    declare(inner.parent, {"pooling_mode_mean_tokens": True})
    assert load(inner).pooling == "mean"
