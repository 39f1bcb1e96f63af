"""Features equal plain forward passes, whatever the model, the batches and the order; truncation is counted."""

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from harness import Features, ModelError, UserError
from harness.encoding.checkpoint import load_parts
from harness.encoding.transformer_encoder import TransformerEncoder

from ..encoders import (
    FAMILIES,
    PADDING_READERS,
    POOLINGS,
    TEXTS,
    WANTED,
    WORDS,
    batches_seen,
    loaded,
    plainly,
    write_family,
)

Table = NDArray[np.float32]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_family(tmp_path_factory.mktemp("encoder"), "distilbert")


@pytest.fixture(scope="module")
def tiny(folder: Path) -> TransformerEncoder:
    return loaded(folder)


@pytest.fixture(scope="module")
def expected(folder: Path) -> dict[Features, Table]:
    return plainly(folder, TEXTS)


@pytest.mark.parametrize("family", [*FAMILIES, *PADDING_READERS])
def test_features_equal_plain_forward_passes_for_every_family(family: str, tmp_path: Path) -> None:
    folder = write_family(tmp_path, family)
    expected, encoder = plainly(folder, TEXTS), loaded(folder, 100)
    for wanted in (WANTED, [Features()], [Features(-1, "mean"), Features(-1, "max")]):
        found = encoder.encode(TEXTS, wanted)
        assert list(found) == wanted
        for features in wanted:
            np.testing.assert_allclose(found[features], expected[features], atol=1e-5, err_msg=str(features))


@pytest.mark.parametrize("batch_tokens", [None, 1, 7, 64, 100_000])
def test_features_equal_plain_forward_passes_whatever_the_token_budget(
    folder: Path, expected: dict[Features, Table], batch_tokens: int | None
) -> None:
    encoder = loaded(folder, batch_tokens)
    for wanted in (WANTED, *([features] for features in WANTED)):
        for features, table in encoder.encode(TEXTS, wanted).items():
            assert (table.dtype, table.shape) == (np.float32, (len(TEXTS), 64 if "+" in features.pooling else 32))
            np.testing.assert_allclose(table, expected[features], atol=1e-5, err_msg=str(features))


@pytest.mark.parametrize("batch_tokens", [None, 64])
def test_the_order_of_the_texts_changes_no_feature(folder: Path, batch_tokens: int | None) -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, n)) for n in rng.integers(1, 40, 100)]
    encoder, order = loaded(folder, batch_tokens), rng.permutation(len(texts))
    tables, shuffled = encoder.encode(texts, WANTED), encoder.encode([texts[i] for i in order], WANTED)
    for features in WANTED:
        np.testing.assert_allclose(tables[features][order], shuffled[features], atol=1e-5)
        assert np.abs(tables[features][0] - tables[features][1]).max() > 1e-3 or features.layer == 0


def test_texts_of_one_length_and_texts_that_need_padding_get_the_same_features(
    folder: Path, tiny: TransformerEncoder
) -> None:
    tiny.budget.tokens = None
    equal, longer = ["i feel glad", "the busy sun", "a calm rain"], ["the sun and the rain today"]
    alone, padded = tiny.encode(equal, WANTED), tiny.encode(equal + longer, WANTED)
    for features in WANTED:
        np.testing.assert_allclose(alone[features], padded[features][:3], atol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_the_last_layer_has_two_names(tiny: TransformerEncoder, pooling: Any) -> None:
    last, counted = Features(-1, pooling), Features(2, pooling)
    both = tiny.encode(TEXTS, [last, counted])
    np.testing.assert_array_equal(both[last], both[counted])
    np.testing.assert_array_equal(tiny.encode(TEXTS, [counted])[counted], both[last])


def test_only_the_tokens_that_fit_are_read(tiny: TransformerEncoder) -> None:
    full, mean = "sun " * 62, Features(-1, "mean")
    first, second, shorter = tiny.encode([full, full + "rain " * 500, "sun " * 61], [mean])[mean]
    np.testing.assert_allclose(first, second, atol=1e-6)
    assert np.abs(first - shorter).max() > 1e-5


def test_no_texts_give_an_empty_table(folder: Path) -> None:
    encoder = loaded(folder)
    assert {f: len(table) for f, table in encoder.encode([], WANTED).items()} == dict.fromkeys(WANTED, 0)
    assert encoder.count_truncated([]) == 0
    assert len(encoder.encode(TEXTS, [Features()])[Features()]) == len(TEXTS)


def test_more_texts_than_the_tokenizer_is_given_at_once_are_all_encoded(tiny: TransformerEncoder) -> None:
    texts = [WORDS[i % len(WORDS)] for i in range(5000)]
    table = tiny.encode(texts, [Features()])[Features()]
    np.testing.assert_allclose(table, np.resize(table[: len(WORDS)], table.shape), atol=1e-6)


def test_several_features_cost_one_pass(tiny: TransformerEncoder) -> None:
    tiny.budget.tokens = 64
    with batches_seen(tiny) as one:
        tiny.encode(TEXTS, WANTED[-1:])
    with batches_seen(tiny) as all_of_them:
        tiny.encode(TEXTS, WANTED)
    assert one == all_of_them
    assert sum(texts for texts, _ in one) == len(TEXTS)


def test_batches_stay_within_the_budget_unless_one_text_is_longer(folder: Path) -> None:
    encoder = loaded(folder, 40)
    with batches_seen(encoder) as batches:
        encoder.encode(TEXTS, [Features(-1, "mean")])
    assert sum(texts for texts, _ in batches) == len(TEXTS)
    assert all(texts == 1 or texts * longest <= 40 for texts, longest in batches)
    assert batches[0] == (1, 64)


@pytest.mark.parametrize("family", PADDING_READERS)
def test_a_model_that_reads_padding_gets_texts_of_one_length_together(family: str, tmp_path: Path) -> None:
    encoder = loaded(write_family(tmp_path, family))
    texts = [*["the sun"] * 20, *["a calm day"] * 20, "rain"]
    encoder.encode(["sun"], WANTED)  # its trial runs are over then
    with batches_seen(encoder) as batches:
        encoder.encode(texts, WANTED)
    assert batches == [(20, 7), (20, 4), (1, 3)]


def test_a_long_text_is_the_same_before_a_short_one_and_after_it(tmp_path: Path) -> None:
    folder = write_family(tmp_path, "big_bird", block_size=4, num_random_blocks=1, max_position_embeddings=128)
    long, wanted = ["the sun " * 40], [Features(-1, "mean")]
    tried = loaded(folder)  # on short texts
    untried = replace(tried).with_parts(load_parts(folder, str(folder), "cpu", "float32"))
    np.testing.assert_array_equal(*(encoder.encode(long, wanted)[wanted[0]] for encoder in (tried, untried)))


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"bert", "distilbert"}))
def test_other_models_get_texts_of_different_lengths_together(family: str, tmp_path: Path) -> None:
    encoder = loaded(write_family(tmp_path, family))
    encoder.encode(["sun"], WANTED)
    with batches_seen(encoder) as batches:
        encoder.encode(["the sun", "rain", "sun", "a calm rain today"], WANTED)
    assert batches == [(4, 6)]


@pytest.mark.parametrize("batch_tokens", [None, 30])
def test_progress_only_grows_and_reaches_the_total(folder: Path, batch_tokens: int | None) -> None:
    texts = [*TEXTS, *("the sun " * 40 for _ in range(60))]
    told: list[tuple[str, int, int]] = []
    loaded(folder, batch_tokens).encode(texts, [Features()], lambda *step: told.append(step))
    assert len(told) > 1
    assert {(what, total) for what, _, total in told} == {("encode", len(texts))}
    done = [step[1] for step in told]
    assert done == sorted(set(done))
    assert done[-1] == len(texts)


@pytest.mark.parametrize("layer", [3, -4, 100])
def test_a_layer_that_the_model_does_not_have_is_refused(tiny: TransformerEncoder, layer: int) -> None:
    with pytest.raises(UserError, match=rf"Model .* has layers 0\.\.2, but layer {layer} was asked for"):
        tiny.encode(["sun"], [Features(), Features(layer)])


@pytest.mark.parametrize("wanted", [[Features(0), Features(1)], [Features(1, "mean")]])
def test_a_model_that_computes_nan_is_refused_and_the_layer_is_named(folder: Path, wanted: list[Features]) -> None:
    encoder = loaded(folder)
    encoder.model.transformer.layer[0].output_layer_norm.bias[0] = float("nan")
    assert encoder.encode(["sun"], [Features(0)])
    with pytest.raises(ModelError, match=r"layer 1 computes NaN or infinity.*--dtype float32 or another model"):
        encoder.encode(["sun"], wanted)
    with pytest.raises(ModelError, match=r"layer -1 computes NaN or infinity"):
        encoder.encode(["sun"], [Features()])


def test_an_empty_text_has_a_token_even_without_special_tokens(folder: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(folder, tmp_path / "bare"))
    content = json.loads((bare / "tokenizer.json").read_text())
    (bare / "tokenizer.json").write_text(json.dumps({**content, "post_processor": None}))
    encoder = loaded(bare)
    assert encoder.tokenizer("sun")["input_ids"] == encoder.tokenizer.convert_tokens_to_ids(["sun"])
    for texts in (["", "sun"], [""]):
        assert all(np.isfinite(table).all() for table in encoder.encode(texts, WANTED).values())


def test_bfloat16_means_of_many_tokens_are_as_near_as_those_of_few(folder: Path) -> None:
    wide = replace(loaded(folder), load=lambda: as_bfloat16(folder))
    few, many = "sun " * 8, "sun " * 62  # texts of one word differ in their positions only
    mean = Features(0, "mean")
    exact, rough = (e.encode([many, few], [mean])[mean] for e in (loaded(folder), wide))
    assert 0 < np.abs(exact - rough).max() < 0.02


def as_bfloat16(folder: Path) -> tuple[Any, Any]:
    encoder = loaded(folder)
    return encoder.model.to(torch.bfloat16), encoder.tokenizer


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
def test_an_encoder_pickles(folder: Path, used: bool) -> None:
    encoder = loaded(folder, 50)
    before = encoder.encode(TEXTS, WANTED) if used else None
    again = pickle.loads(pickle.dumps(encoder))
    for features, table in (before or encoder.encode(TEXTS, WANTED)).items():
        np.testing.assert_array_equal(again.encode(TEXTS, WANTED)[features], table)
    assert (again.name, again.width, again.n_parameters) == (encoder.name, encoder.width, encoder.n_parameters)
    assert (again.fingerprint, again.token_budget) == (encoder.fingerprint, 50)


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


def with_tokenizer(encoder: TransformerEncoder, tokenizer: PreTrainedTokenizerFast) -> TransformerEncoder:
    return replace(encoder, load=lambda: (encoder.model, tokenizer))


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
        expected = sum(len(tokenizer(text, verbose=False)["input_ids"]) > 64 for text in texts)
        assert with_tokenizer(tiny, tokenizer).count_truncated(texts) == expected, name
        counts[name] = expected
    assert 0 < counts["tiny"] < counts["unfolding"] < counts["bytes"] < len(texts)


def test_short_texts_of_many_tokens_count_as_truncated(tiny: TransformerEncoder, folder: Path) -> None:
    for tokenizer, text in ((bytes_tokenizer(), "\U0001f600" * 17), (unfolding_tokenizer(folder), "\ufb03" * 25)):
        assert len(text) < 32
        assert with_tokenizer(tiny, tokenizer).count_truncated([text, "x"]) == 1


def test_a_text_of_exactly_the_longest_length_is_not_truncated(tiny: TransformerEncoder) -> None:
    assert tiny.count_truncated(["sun " * 62]) == 0
    assert tiny.count_truncated(["sun " * 63]) == 1


def test_counting_what_is_truncated_leaves_truncation_as_it_was(tiny: TransformerEncoder) -> None:
    mean = Features(-1, "mean")
    before = tiny.encode(TEXTS, [mean])[mean]
    assert tiny.count_truncated(TEXTS) == 1
    np.testing.assert_array_equal(tiny.encode(TEXTS, [mean])[mean], before)
    assert tiny.count_truncated(list(TEXTS) * 400) == 400
