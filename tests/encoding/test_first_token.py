"""The last block of BERT and DistilBERT is computed for the first token alone, and nobody can tell by the features."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import Features
from harness.encoding.first_token import first_token_only, supports_first_token_only
from harness.encoding.transformer_encoder import TransformerEncoder

from ..encoders import FAMILIES, POOLINGS, TEXTS, WANTED, batches_seen, loaded, plainly, write_family

FIRST = Features(-1, "cls")
SKIPPING = ("bert", "distilbert")


@pytest.fixture(params=SKIPPING)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_family(tmp_path / "checkpoint", request.param)


def blocks(model: Any) -> Any:
    return model.encoder.layer if model.config.model_type == "bert" else model.transformer.layer


@contextmanager
def tokens_through_the_last_feed_forward(model: Any) -> Iterator[list[int]]:
    counts: list[int] = []
    last = blocks(model)[-1]
    network = last.intermediate if model.config.model_type == "bert" else last.ffn.lin1
    hook = network.register_forward_hook(lambda module, args, output: counts.append(args[0].shape[:-1].numel()))
    try:
        yield counts
    finally:
        hook.remove()


@pytest.mark.parametrize("batch_tokens", [None, 1, 64])
def test_the_first_token_is_that_of_the_plain_path(folder: Path, batch_tokens: int | None) -> None:
    encoder = loaded(folder, batch_tokens)
    assert encoder.skips_last_layer([FIRST])
    found = encoder.encode(TEXTS, [FIRST])[FIRST]
    np.testing.assert_allclose(found, plainly(folder, TEXTS, [FIRST])[FIRST], atol=1e-5)


@pytest.mark.parametrize("batch_tokens", [None, 1, 64])
def test_what_else_is_wanted_changes_not_even_the_last_digit(folder: Path, batch_tokens: int | None) -> None:
    encoder = loaded(folder, batch_tokens)
    alone = encoder.encode(TEXTS, [FIRST])[FIRST]
    for others in ([Features(-1, "mean")], [Features(0, "max")], WANTED):
        among = encoder.encode(TEXTS, [*others, FIRST, Features(2, "cls")])
        np.testing.assert_array_equal(among[FIRST], alone)
        np.testing.assert_array_equal(among[Features(2, "cls")], alone)


def test_with_another_implementation_of_attention_features_are_the_same(folder: Path) -> None:
    encoder, expected = loaded(folder), plainly(folder, TEXTS)
    encoder.model.set_attn_implementation("eager")
    for wanted in ([FIRST], WANTED):
        for features, table in encoder.encode(TEXTS, wanted).items():
            np.testing.assert_allclose(table, expected[features], atol=1e-5, err_msg=str(features))


def test_only_one_token_a_text_goes_through_the_last_feed_forward(folder: Path) -> None:
    encoder = loaded(folder)
    assert encoder.skips_last_layer([FIRST])
    lower = [Features(0, "cls"), Features(1, "mean"), Features(-2, "max")]
    for wanted in ([FIRST], [Features(2, "cls")], [FIRST, Features(2, "cls")], [FIRST, *lower], lower):
        with tokens_through_the_last_feed_forward(encoder.model) as counts:
            encoder.encode(TEXTS, wanted)
        assert sum(counts) == len(TEXTS)


def test_lower_layers_beside_it_are_those_of_the_plain_path(folder: Path) -> None:
    wanted = [FIRST, *(Features(layer, pooling) for layer in (0, 1, -2) for pooling in POOLINGS)]
    expected = plainly(folder, TEXTS, wanted)
    for features, table in loaded(folder).encode(TEXTS, wanted).items():
        np.testing.assert_allclose(table, expected[features], atol=1e-5, err_msg=str(features))


@pytest.mark.parametrize("other", [Features(-1, "mean"), Features(-1, "max"), Features(2, "mean")])
def test_where_anything_else_of_its_layer_is_wanted_all_tokens_are_computed(folder: Path, other: Features) -> None:
    encoder = loaded(folder)
    with batches_seen(encoder) as batches, tokens_through_the_last_feed_forward(encoder.model) as counts:
        encoder.encode(TEXTS, [other])
    every_token = sum(texts * longest for texts, longest in batches)
    assert sum(counts) == every_token
    assert not encoder.skips_last_layer([FIRST, other])
    with tokens_through_the_last_feed_forward(encoder.model) as counts:
        encoder.encode(TEXTS, [FIRST, other])
    assert sum(counts) == every_token + len(TEXTS)  # the first tokens once more


def assert_as_loaded(model: Any, parts: list[torch.nn.Module]) -> None:
    """Check that these are the model's parts, and that each computes what its class says."""
    assert all(a is b for a, b in zip(parts, model.modules(), strict=True))
    assert not [part for part in parts if "forward" in vars(part)]


def test_the_model_is_untouched_afterwards(folder: Path) -> None:
    encoder, expected = loaded(folder), plainly(folder, TEXTS)
    parts = list(encoder.model.modules())
    encoder.encode(TEXTS, [FIRST])
    assert_as_loaded(encoder.model, parts)
    for features, table in encoder.encode(TEXTS, WANTED).items():
        np.testing.assert_allclose(table, expected[features], atol=1e-5, err_msg=str(features))
    encoder.encode(TEXTS, [FIRST])
    assert_as_loaded(encoder.model, parts)


def test_the_model_is_restored_after_an_exception(folder: Path) -> None:
    encoder = loaded(folder)
    parts = list(encoder.model.modules())
    assert encoder.skips_last_layer([FIRST])
    assert_as_loaded(encoder.model, parts)

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encoder.encode(TEXTS, [FIRST], stop)
    assert_as_loaded(encoder.model, parts)


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - set(SKIPPING)))
def test_other_families_are_left_alone(family: str, tmp_path: Path) -> None:
    assert not supports_first_token_only(loaded(write_family(tmp_path, family)).model)


def wrapped(block: Any) -> torch.nn.Module:
    """Hide all that the block is made of."""

    class Wrapped(torch.nn.Module):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            return block(*args, **kwargs)

    return Wrapped()


def doubled(block: Any) -> Any:
    """Let the block compute something else with the same parts."""

    class Doubled(type(block)):  # type: ignore[misc]
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            return 2 * super().forward(*args, **kwargs)

    block.__class__ = Doubled
    return block


@pytest.mark.parametrize("alter", [wrapped, doubled])
def test_a_model_with_other_blocks_is_left_alone(folder: Path, alter: Any) -> None:
    encoder = loaded(folder)
    stack = blocks(encoder.model)
    altered = stack[-1] = alter(stack[-1])
    plain = encoder.encode(TEXTS, [FIRST, Features(-1, "mean")])[FIRST]
    assert not encoder.skips_last_layer([FIRST])
    assert blocks(encoder.model)[-1] is altered
    np.testing.assert_array_equal(encoder.encode(TEXTS, [FIRST])[FIRST], plain)


def test_a_model_that_reads_from_left_to_right_is_left_alone(tmp_path: Path) -> None:
    decoder = loaded(write_family(tmp_path, "bert", is_decoder=True))
    assert not supports_first_token_only(decoder.model)
    np.testing.assert_allclose(
        decoder.encode(TEXTS, [FIRST])[FIRST], plainly(tmp_path, TEXTS, [FIRST])[FIRST], atol=1e-5
    )


def test_a_model_of_very_few_positions_can_be_tried(tmp_path: Path) -> None:
    encoder = loaded(write_family(tmp_path, "bert", max_position_embeddings=4))
    assert supports_first_token_only(encoder.model)
    assert encoder.max_length == 4
    assert np.isfinite(encoder.encode(TEXTS, [FIRST])[FIRST]).all()


def test_a_model_without_blocks_has_none_to_skip(tmp_path: Path) -> None:
    encoder = loaded(write_family(tmp_path, "bert", num_hidden_layers=0))
    assert not supports_first_token_only(encoder.model)
    assert np.isfinite(encoder.encode(TEXTS, [FIRST])[FIRST]).all()


def test_broken_weights_are_not_hidden(folder: Path) -> None:
    model: Any = loaded(folder).model
    next(blocks(model)[-1].parameters())[0] = float("nan")
    assert not supports_first_token_only(model)


def test_inside_the_block_the_state_of_the_first_token_is_all_there_is(folder: Path) -> None:
    encoder: TransformerEncoder = loaded(folder)
    with torch.inference_mode(), first_token_only(encoder.model):
        states = encoder.model(input_ids=torch.full((3, 7), 5)).last_hidden_state
    assert states.shape == (3, 1, 32)
