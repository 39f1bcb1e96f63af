"""Features equal plain forward passes, whatever the batches; truncation is counted by the tokenizer itself."""

import json
import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

from harness import Features, ModelError, UserError
from harness.encoding import TOKEN_BUDGET, TransformerEncoder, length_sorted_batches, weights_hash
from harness.huggingface import load_encoder, write_tiny_checkpoint

Pooling = Literal["cls", "mean", "max"]
WORDS = ("the", "a", "i", "feel", "sun", "rain", "calm", "busy", "glad", "today")
LAYERS = (0, 1, -1, -2)
WANTED = [Features(layer, pooling) for layer in LAYERS for pooling in get_args(Pooling)]
TEXTS = (
    "i feel glad today",
    "",
    "   ",
    "the sun " * 200,
    "rain",
    "\U0001f600\U0001f389 party \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "今天天氣很好",
    "i feel glad today",
    "[/] <b> \x1b[31m \x00 \ufffd",
    "unknownwordspeltinletters, and another one!",
    "the busy rain . " * 7,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoding")
    write_tiny_checkpoint(path, WORDS, seed=3)
    return path


def loaded(folder: Path, batch_size: int | None = None) -> TransformerEncoder:
    return load_encoder(str(folder), None, True, "cpu", "float32", batch_size)


@pytest.fixture(scope="module")
def tiny(folder: Path) -> TransformerEncoder:
    return loaded(folder)


def plainly(folder: Path, texts: Sequence[str]) -> dict[Features, NDArray[np.float32]]:
    """Encode one text at a time with nothing but transformers."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    rows: dict[Features, list[NDArray[np.float32]]] = {features: [] for features in WANTED}
    for text in texts:
        inputs = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        with torch.no_grad():
            states = model(**inputs, output_hidden_states=True).hidden_states
        for features in WANTED:
            tokens = states[features.layer][0].numpy()  # (tokens, width)
            pooled = {"cls": tokens[0], "mean": tokens.mean(axis=0), "max": tokens.max(axis=0)}
            rows[features].append(pooled[features.pooling])
    return {features: np.stack(found) for features, found in rows.items()}


@pytest.mark.parametrize("batch_size", [None, 1, 3, 100])
def test_features_equal_plain_forward_passes_whatever_the_batch_size(folder: Path, batch_size: int | None) -> None:
    expected = plainly(folder, TEXTS)
    found = loaded(folder, batch_size).encode(TEXTS, WANTED)
    assert list(found) == WANTED
    for features in WANTED:
        assert found[features].dtype == np.float32
        assert found[features].shape == (len(TEXTS), 32)
        np.testing.assert_allclose(found[features], expected[features], atol=1e-5, err_msg=str(features))


@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_the_last_layer_alone_is_the_same_as_among_others(tiny: TransformerEncoder, pooling: Pooling) -> None:
    last = Features(-1, pooling)
    alone, among = tiny.encode(TEXTS, [last])[last], tiny.encode(TEXTS, WANTED)[last]
    np.testing.assert_array_equal(alone, among)
    counted = tiny.encode(TEXTS, [Features(2, pooling)])[Features(2, pooling)]
    np.testing.assert_array_equal(alone, counted)


def test_equal_texts_get_equal_features_and_order_is_kept(tiny: TransformerEncoder) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, n)) for n in rng.integers(1, 40, 300)]
    forward = tiny.encode(texts, [Features()])[Features()]
    backward = tiny.encode(texts[::-1], [Features()])[Features()]
    np.testing.assert_allclose(forward, backward[::-1], atol=1e-6)
    assert np.abs(forward[0] - forward[1]).max() > 1e-3


def test_only_the_tokens_that_fit_are_read(tiny: TransformerEncoder) -> None:
    full = "sun " * 62
    first, second, shorter = tiny.encode([full, full + "rain " * 500, "sun " * 61], [Features(-1, "mean")])[
        Features(-1, "mean")
    ]
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert np.abs(first - shorter).max() > 1e-5


def test_no_texts_give_an_empty_table(tiny: TransformerEncoder) -> None:
    assert tiny.encode([], [Features()])[Features()].shape == (0, 32)
    assert tiny.count_truncated([]) == 0


def test_more_texts_than_the_tokenizer_is_given_at_once_are_all_encoded(tiny: TransformerEncoder) -> None:
    texts = [WORDS[i % len(WORDS)] for i in range(5000)]
    table = tiny.encode(texts, [Features()])[Features()]
    np.testing.assert_allclose(table, np.resize(table[: len(WORDS)], table.shape), atol=1e-6)


def test_several_features_cost_one_pass(tiny: TransformerEncoder) -> None:
    sizes: list[int] = []
    hook = tiny.model.register_forward_hook(
        lambda module, args, kwargs, output: sizes.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    try:
        tiny.encode(TEXTS, WANTED)
    finally:
        hook.remove()
    assert sum(sizes) == len(TEXTS)
    assert len(sizes) == 1  # all of them fit into one batch


@pytest.mark.parametrize("batch_size", [None, 2])
def test_progress_only_grows_and_reaches_the_total(folder: Path, batch_size: int | None) -> None:
    texts = [*TEXTS, *("the sun " * 40 for _ in range(60))]
    told: list[tuple[str, int, int]] = []
    loaded(folder, batch_size).encode(texts, [Features()], lambda *step: told.append(step))
    assert len(told) > 1
    assert {(what, total) for what, _, total in told} == {("encode", len(texts))}
    done = [step[1] for step in told]
    assert done == sorted(set(done))
    assert done[-1] == len(texts)


@pytest.mark.parametrize("layer", [3, -4, 100])
def test_a_layer_that_the_model_does_not_have_is_refused(tiny: TransformerEncoder, layer: int) -> None:
    with pytest.raises(UserError, match=rf"Model .* has layers 0\.\.2, but layer {layer} was asked for"):
        tiny.encode(["sun"], [Features(), Features(layer)])


def test_a_pooling_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="pooling must be one of cls, mean, max, got 'sum'"):
        Features(-1, "sum")  # type: ignore[arg-type]


def test_a_model_that_computes_nan_is_refused_and_the_layer_is_named(folder: Path) -> None:
    encoder = loaded(folder)
    encoder.model.transformer.layer[0].output_layer_norm.bias[0] = float("nan")
    assert encoder.encode(["sun"], [Features(0)])
    with pytest.raises(ModelError, match=r"layer 1 computes NaN or infinity.*--dtype float32 or another model"):
        encoder.encode(["sun"], [Features(0), Features(1)])


def test_an_empty_text_has_a_token_even_without_special_tokens(folder: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(folder, tmp_path / "bare"))
    content = json.loads((bare / "tokenizer.json").read_text())
    (bare / "tokenizer.json").write_text(json.dumps({**content, "post_processor": None}))
    encoder = loaded(bare)
    assert encoder.tokenizer("sun")["input_ids"] == encoder.tokenizer.convert_tokens_to_ids(["sun"])
    for texts in (["", "sun"], [""]):
        assert all(np.isfinite(table).all() for table in encoder.encode(texts, WANTED).values())


def test_an_encoder_pickles(tiny: TransformerEncoder) -> None:
    again = pickle.loads(pickle.dumps(tiny))
    for features, table in tiny.encode(TEXTS, WANTED).items():
        np.testing.assert_array_equal(again.encode(TEXTS, WANTED)[features], table)
    assert (again.name, again.width, again.n_parameters) == (tiny.name, tiny.width, tiny.n_parameters)


def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without merges, as GPT-2's and RoBERTa's on text they rarely saw."""
    vocabulary = {letter: i for i, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="!")


def unfolding_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tiny tokenizer with NFKD, which spells one ligature as three letters."""
    content = json.loads((folder / "tokenizer.json").read_text())
    content["normalizer"] = {"type": "NFKD"}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(content)), pad_token="[PAD]")


def test_truncated_texts_are_counted_as_the_tokenizer_counts(tiny: TransformerEncoder, folder: Path) -> None:
    texts = [
        *(piece * n for piece in ("sun ", "今", "\U0001f600", "\ufb03", "x", "İ", "\ufdfa ") for n in range(1, 70)),
        *TEXTS,
    ]
    counts = {}
    for name, tokenizer in {
        "tiny": tiny.tokenizer,
        "bytes": bytes_tokenizer(),
        "unfolding": unfolding_tokenizer(folder),
    }.items():
        encoder = TransformerEncoder(name, None, str(folder), tiny.model, tokenizer, 64)
        expected = sum(len(tokenizer(text, verbose=False)["input_ids"]) > 64 for text in texts)
        assert encoder.count_truncated(texts) == expected, name
        counts[name] = expected
    assert 0 < counts["tiny"] < counts["unfolding"] < counts["bytes"] < len(texts)


def test_short_texts_of_many_tokens_count_as_truncated(tiny: TransformerEncoder, folder: Path) -> None:
    for tokenizer, text in ((bytes_tokenizer(), "\U0001f600" * 17), (unfolding_tokenizer(folder), "\ufb03" * 25)):
        assert len(text) < 32
        assert TransformerEncoder("t", None, str(folder), tiny.model, tokenizer, 64).count_truncated([text, "x"]) == 1


def test_a_text_of_exactly_the_longest_length_is_not_truncated(tiny: TransformerEncoder) -> None:
    assert tiny.count_truncated(["sun " * 62]) == 0
    assert tiny.count_truncated(["sun " * 63]) == 1


def test_batches_hold_every_row_once_longest_first_within_the_budget() -> None:
    rng = np.random.default_rng(0)
    for lengths in (rng.integers(1, 513, 1000), rng.integers(0, 9, 100), np.full(7, 512), np.array([5000, 3, 2])):
        batches = list(length_sorted_batches(lengths.astype(np.int64), TOKEN_BUDGET))
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
        ordered = lengths[np.concatenate(batches)]
        assert (np.diff(ordered) <= 0).all()
        for rows in batches:
            assert len(rows) == 1 or len(rows) * lengths[rows].max() <= TOKEN_BUDGET
    assert len(batches) == 2  # a text over the budget has a batch of its own, and the others are not held up by it


def test_batches_of_a_fixed_size_ignore_the_budget() -> None:
    lengths = np.arange(1, 11, dtype=np.int64) * 1000
    assert [rows.tolist() for rows in length_sorted_batches(lengths, TOKEN_BUDGET, 4)] == [
        [9, 8, 7, 6],
        [5, 4, 3, 2],
        [1, 0],
    ]


def test_no_rows_make_no_batches() -> None:
    assert list(length_sorted_batches(np.array([], dtype=np.int64), TOKEN_BUDGET)) == []


def test_the_hash_of_the_weights_covers_every_shard_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "model-1.safetensors").write_bytes(b"one")
    alone = weights_hash(str(tmp_path))
    (tmp_path / "model-2.safetensors").write_bytes(b"two")
    both = weights_hash(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert weights_hash(str(tmp_path)) == both
    (tmp_path / "model-2.safetensors").write_bytes(b"twp")
    assert len({alone, both, weights_hash(str(tmp_path))}) == 3
