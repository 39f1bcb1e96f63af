"""OpenVINO gives every state that torch does, within 1e-4 of a state's largest number, or says that it cannot."""

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness import Features, ModelError
from harness.encoding.encoder import Features as State
from harness.encoding.engine import EngineName
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.features.directory import CacheDirectory
from harness.features.pruning import clear
from harness.huggingface import load_encoder

from ..encoders import FAMILIES, TEXTS, WANTED, loaded, write_family
from ..packages import skip_without

skip_without("onnx", "openvino")

EXACT: EngineName = "openvino"
EIGHT_BITS: EngineName = "openvino-int8"
FIRST, MEAN = Features(-1, "cls"), Features(-1, "mean")
BOUND = 1e-4


def by_openvino(folder: Path, engine: EngineName = EXACT, **options: Any) -> TransformerEncoder:
    return load_encoder(str(folder), None, True, "cpu", "float32", engine=engine, **options)


@pytest.fixture(scope="module")
def in_eight_bits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CacheDirectory, TransformerEncoder]:
    skip_without("nncf")
    root = tmp_path_factory.mktemp("int8")
    folder, cache = write_family(root / "checkpoint", "bert"), CacheDirectory(root / "cache")
    return folder, cache, by_openvino(folder, EIGHT_BITS, cache=cache)


def far_apart(one: dict[State, Any], two: dict[State, Any]) -> float:
    """Return the largest difference, as a share of the largest number of its state."""
    return max(float(np.abs(one[state] - two[state]).max() / np.abs(one[state]).max()) for state in one)


@pytest.mark.parametrize("family", [*FAMILIES, "gpt2", "convbert"])
def test_every_layer_and_pooling_is_that_of_torch(family: str, tmp_path: Path) -> None:
    folder = write_family(tmp_path / "checkpoint", family)
    found = by_openvino(folder).encode(TEXTS, WANTED)
    assert far_apart(loaded(folder).encode(TEXTS, WANTED), found) < BOUND


@pytest.mark.parametrize("batch_tokens", [1, 64])
def test_the_size_of_batches_and_what_else_is_wanted_change_rounding_alone(batch_tokens: int, tmp_path: Path) -> None:
    encoder = by_openvino(write_family(tmp_path / "checkpoint", "bert"), batch_tokens=batch_tokens)
    many = encoder.encode(TEXTS, [FIRST, MEAN, Features(0, "max")])
    alone = {state: encoder.encode(TEXTS[::-1], [state])[state][::-1] for state in (FIRST, MEAN)}
    assert far_apart(alone, {state: many[state] for state in alone}) < 1e-6


def test_it_tells_of_itself_and_no_cache_takes_its_features_for_those_of_torch(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "checkpoint", "distilbert")
    one, two = by_openvino(folder), loaded(folder)
    assert (one.engine.split()[0], two.engine) == ("openvino", "torch")
    assert one.fingerprint is not None
    assert two.fingerprint is not None
    added = {part for part in one.fingerprint if one.fingerprint[part] != two.fingerprint.get(part)}
    assert added == {"engine", "openvino", "onnx"}
    assert one.fingerprint["openvino"] in one.engine


def test_it_goes_to_another_process_without_its_graph(tmp_path: Path) -> None:
    encoder = by_openvino(write_family(tmp_path / "checkpoint", "bert"))
    table = encoder.encode(TEXTS, [MEAN])[MEAN]
    there = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(there.encode(TEXTS, [MEAN])[MEAN], table)


def test_its_graph_is_kept_for_other_processes_and_made_anew_where_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = write_family(tmp_path / "checkpoint", "bert"), CacheDirectory(tmp_path / "cache")
    table = by_openvino(folder, cache=cache).encode(TEXTS, [MEAN])[MEAN]
    kept = {file: file.read_bytes() for file in (cache.root / "encoders").glob("*.graph.*")}
    assert sorted(file.suffix for file in kept) == [".bin", ".json", ".xml"]
    with monkeypatch.context() as without:
        without.setattr(torch.onnx, "export", None)
        np.testing.assert_array_equal(by_openvino(folder, cache=cache).encode(TEXTS, [MEAN])[MEAN], table)
    for file, content in kept.items():
        file.write_bytes(content[: len(content) // 2])
        np.testing.assert_array_equal(by_openvino(folder, cache=cache).encode(TEXTS, [MEAN])[MEAN], table)
        assert len(file.read_bytes()) == len(content)
    clear(cache)
    assert not cache.root.exists() or not [*cache.root.rglob("*.graph.*")]


def test_a_prompt_that_is_not_pooled_stays_out(tmp_path: Path) -> None:
    folder = write_family(tmp_path / "checkpoint", "bert")
    prompted = {"prompt": "the sun today a ", "pools_prompt": False}
    one, two = (replace(each, **prompted).encode(TEXTS, [MEAN]) for each in (loaded(folder), by_openvino(folder)))
    assert far_apart(one, two) < BOUND


def test_a_model_that_cannot_be_converted_is_refused_as_it_is_loaded(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = write_family(tmp_path / "checkpoint", "fnet")
    with pytest.raises(ModelError, match=r"cannot be computed by openvino \(fnet\): .*fft.*\. Use --engine torch\.$"):
        by_openvino(folder)
    assert capfd.readouterr() == ("", "")  # the exporter would print its graph


def test_eight_bits_are_near_torch_and_never_equal(
    in_eight_bits: tuple[Path, CacheDirectory, TransformerEncoder],
) -> None:
    folder, _, encoder = in_eight_bits
    assert 1e-3 < far_apart(loaded(folder).encode(TEXTS, WANTED), encoder.encode(TEXTS, WANTED)) < 0.1


def test_eight_bits_are_another_encoder_which_says_what_it_keeps(
    in_eight_bits: tuple[Path, CacheDirectory, TransformerEncoder],
) -> None:
    folder, _, encoder = in_eight_bits
    exact = by_openvino(folder)
    assert [each.engine.split()[0] for each in (encoder, exact)] == [EIGHT_BITS, EXACT]
    assert encoder.fingerprint is not None
    assert exact.fingerprint is not None
    assert encoder.fingerprint["engine"] != exact.fingerprint["engine"]
    assert {"nncf", "calibration"} == encoder.fingerprint.keys() - exact.fingerprint.keys()
    assert re.search(r"keeps \d+%", encoder.notes[-1])
    assert exact.notes == ()


def test_a_graph_in_eight_bits_is_read_by_other_processes_with_what_it_told(
    in_eight_bits: tuple[Path, CacheDirectory, TransformerEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache, encoder = in_eight_bits
    monkeypatch.setattr(torch.onnx, "export", None)
    again = by_openvino(folder, EIGHT_BITS, cache=cache)
    assert again.notes == encoder.notes
    np.testing.assert_array_equal(again.encode(TEXTS, [MEAN])[MEAN], encoder.encode(TEXTS, [MEAN])[MEAN])


def test_a_model_that_cannot_be_put_in_eight_bits_is_refused_as_it_is_loaded(tmp_path: Path) -> None:
    skip_without("nncf")
    folder = write_family(tmp_path / "checkpoint", "convbert")
    with pytest.raises(ModelError, match=r"cannot be computed by openvino-int8 \(convbert\): NNCF: "):
        by_openvino(folder, EIGHT_BITS)
