"""Encoder and head as one graph, or as the sequence classifier of an architecture: what the parts compute."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from harness import Features, UserError, standardising_layer
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.export.checking import TOLERANCE
from harness.export.form import Described, write_tokenizer
from harness.export.graph import probe_graph
from harness.export.sequence_head import sequence_classifier
from harness.export.transformers_form import open_transformers, write_transformers
from harness.strategies.torch_head import linear_layer

from ..encoders import DECODERS, FAMILIES, TEXTS, loaded, write_family

CLASSES = ("a", "b", "c")
ASKED = [text for text in TEXTS if text.strip()]


def head_of(encoder: TransformerEncoder, state: Features) -> nn.Sequential:
    """Return a linear head on standardised features, as of a logistic regression."""
    rng, x = np.random.default_rng(0), encoder.encode(ASKED, [state])[state]
    weight = rng.normal(size=(3, x.shape[1])) / np.sqrt(x.shape[1])
    return nn.Sequential(
        standardising_layer(x.mean(axis=0), x.std(axis=0)), linear_layer(weight, np.array([0.1, 0, -1]))
    )


def expected(encoder: TransformerEncoder, state: Features, head: nn.Sequential) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(head(torch.from_numpy(encoder.encode(ASKED, [state])[state])).softmax(dim=1))


def by_onnx(encoder: TransformerEncoder, state: Features, head: nn.Sequential, folder: Path) -> NDArray[np.float32]:
    """Predict by the files of an exported folder, in batches of another size than the graph was traced with."""
    pytest.importorskip("onnxruntime")
    from harness.export.onnx_form import open_onnx, write_onnx

    Described(CLASSES, encoder.max_length, encoder.prompt, "probe", 0).write(folder)
    write_tokenizer(encoder.tokenizer, encoder.max_length, folder)
    write_onnx(probe_graph(encoder, state, head), folder)
    predict = open_onnx(folder)
    return np.concatenate([predict(ASKED[:1]), predict(ASKED[1:3]), predict(ASKED[3:])])


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "distilbert", "modernbert", *DECODERS])
def test_a_probe_on_any_family_is_one_graph(family: str, tmp_path: Path) -> None:
    encoder, state = loaded(write_family(tmp_path / "m", family)), Features(-1, "mean")
    head = head_of(encoder, state)
    assert np.abs(by_onnx(encoder, state, head, tmp_path) - expected(encoder, state, head)).max() <= TOLERANCE


@pytest.mark.parametrize("pooling", ["cls+mean", "lasttoken", "max", "weightedmean"])
def test_every_pooling_layer_and_prompt_travels(pooling: str, tmp_path: Path) -> None:
    encoder = loaded(write_family(tmp_path / "m", "bert"))
    encoder.prompt, encoder.pools_prompt = "query: the rain ", False
    state = Features(1, pooling)  # type: ignore[arg-type]
    head = head_of(encoder, state)
    assert np.abs(by_onnx(encoder, state, head, tmp_path) - expected(encoder, state, head)).max() <= TOLERANCE


@pytest.mark.parametrize("family", sorted({*FAMILIES} - {"modernbert"}))
def test_a_linear_probe_on_the_first_token_is_the_head_of_its_family(family: str, tmp_path: Path) -> None:
    encoder, state = loaded(write_family(tmp_path / "m", family)), Features(-1, "cls")
    head = head_of(encoder, state)
    model = sequence_classifier(encoder, state, head, CLASSES)
    write_transformers(model, encoder.tokenizer, encoder.max_length, tmp_path)
    found = open_transformers(tmp_path, CLASSES)(ASKED)
    assert np.abs(found - expected(encoder, state, head)).max() <= TOLERANCE
    assert model.config.id2label == dict(enumerate(CLASSES))


def test_a_class_keeps_its_probability_in_twenty_orders_of_the_classes(tmp_path: Path) -> None:
    """The pipeline of transformers, which knows names alone, says the same whatever number a class has."""
    from transformers import pipeline

    encoder, state = loaded(write_family(tmp_path / "m", "distilbert")), Features(-1, "cls")
    rng, names = np.random.default_rng(0), ["joy", "anger", "love", "fear", "surprise", "sadness"]
    weight, bias = 0.1 * rng.normal(size=(len(names), encoder.width)), np.zeros(len(names))
    wanted = expected(encoder, state, nn.Sequential(linear_layer(weight, bias)))
    assert np.diff(np.sort(wanted[0])).min() > 10 * TOLERANCE, "or two orders could not be told apart"
    for number in range(20):
        order, folder = rng.permutation(len(names)), tmp_path / str(number)
        head, labels = nn.Sequential(linear_layer(weight[order], bias[order])), tuple(names[i] for i in order)
        model = sequence_classifier(encoder, state, head, labels)
        write_transformers(model, encoder.tokenizer, encoder.max_length, folder)
        classify = pipeline("text-classification", str(folder), truncation=True, device="cpu")
        for row, answers in zip(wanted, classify(ASKED, top_k=None), strict=True):
            said = {answer["label"]: answer["score"] for answer in answers}
            assert [said[name] for name in names] == pytest.approx(row.tolist(), abs=TOLERANCE)


def test_program_code_that_a_checkpoint_names_is_not_handed_on(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "m", "distilbert", auto_map={"AutoModel": "theirs.Model"})
    encoder, state = loaded(folder), Features(-1, "cls")
    model = sequence_classifier(encoder, state, head_of(encoder, state), CLASSES)
    write_transformers(model, encoder.tokenizer, encoder.max_length, tmp_path)
    assert "auto_map" in (folder / "config.json").read_text("utf-8")
    assert "auto_map" not in (tmp_path / "config.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("family", "state", "prompt", "told"),
    [
        ("bert", Features(-1, "mean"), "", "mean of all tokens"),
        ("bert", Features(1, "cls"), "", "layer 1"),
        ("bert", Features(-1, "cls"), "query: ", "prompt"),
        ("modernbert", Features(-1, "cls"), "", "modernbert"),
    ],
)
def test_what_a_sequence_classifier_does_not_read_is_refused(
    family: str, state: Features, prompt: str, told: str, tmp_path: Path
) -> None:
    encoder = loaded(write_family(tmp_path / "m", family))
    head, encoder.prompt = head_of(encoder, state), prompt
    with pytest.raises(UserError, match=told):
        sequence_classifier(encoder, state, head, CLASSES)


def test_more_classes_than_a_head_has_numbers_for_are_refused(tmp_path: Path) -> None:
    encoder, state = loaded(write_family(tmp_path / "m", "distilbert")), Features(-1, "cls")
    wide = nn.Sequential(linear_layer(np.zeros((17, 32)), np.zeros(17)))
    with pytest.raises(UserError, match="34"):
        sequence_classifier(encoder, state, wide, tuple(map(str, range(17))))
