"""`--engine auto` and `--dtype auto`: what is chosen among, and what is taken."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import Features, ModelError
from harness.encoding.engine import EngineChoice
from harness.huggingface.engine_choice import WORTH_IT, Way, fastest, ways_to_compute

FLOAT32, BFLOAT16 = Way("torch", "float32"), Way("torch", "bfloat16")
OPENVINO, OPENVINO_BFLOAT16 = Way("openvino", "float32"), Way("openvino", "bfloat16")


@pytest.mark.parametrize(
    ("engine", "dtype", "device", "able", "ways"),
    [
        ("torch", "auto", "cpu", True, [FLOAT32, BFLOAT16]),
        ("torch", "auto", "cpu", False, [FLOAT32]),
        ("torch", "float32", "cpu", True, [FLOAT32]),
        ("auto", "auto", "cpu", True, [FLOAT32, BFLOAT16, OPENVINO, OPENVINO_BFLOAT16]),
        ("auto", "auto", "cpu", False, [FLOAT32, OPENVINO]),
        ("auto", "bfloat16", "cpu", True, [BFLOAT16, OPENVINO_BFLOAT16]),
        ("auto", "bfloat16", "cpu", False, [BFLOAT16]),  # OpenVINO would compute in float32 and call it so
        ("openvino", "auto", "cpu", True, [OPENVINO, OPENVINO_BFLOAT16]),
        ("openvino-int8", "auto", "cpu", True, [Way("openvino-int8", "float32")]),
        ("auto", "auto", "cuda", True, [FLOAT32]),
    ],
)
def test_what_auto_chooses_among(engine: EngineChoice, dtype: str, device: str, able: bool, ways: list[Way]) -> None:
    resolved = "float32" if dtype == "auto" else dtype
    found = ways_to_compute(engine, dtype, device, resolved, multiplies_bfloat16=able, has_openvino=True)
    assert found == ways


def test_without_openvino_auto_does_not_try_it() -> None:
    found = ways_to_compute("auto", "auto", "cpu", "float32", multiplies_bfloat16=False, has_openvino=False)
    assert found == [FLOAT32]


@dataclass
class Paced:
    """An encoder of a known pace, whose features are random numbers, rounded or others."""

    pause: float = 0.0
    seed: int = 0
    decimals: int = 8
    n_parameters: int = WORTH_IT
    fingerprint: dict[str, str | None] = field(default_factory=dict)
    passes: int = 0

    def encode(self, texts: Sequence[str], wanted: Sequence[Features]) -> dict[Features, NDArray[np.float32]]:
        time.sleep(self.pause)
        self.passes += 1
        table = np.random.default_rng(self.seed).normal(size=(len(texts), 16)).round(self.decimals)
        return dict.fromkeys(wanted, table.astype(np.float32))


SLOW = 0.03


def test_what_is_clearly_faster_and_keeps_the_neighbours_is_taken() -> None:
    encoders = {FLOAT32: Paced(SLOW), BFLOAT16: Paced(decimals=3), OPENVINO: Paced(SLOW)}
    encoder, way, why = fastest(encoders.__getitem__, list(encoders), None)
    assert (encoder, way) == (encoders[BFLOAT16], BFLOAT16)
    assert "nearest neighbours" in why


def test_what_is_no_faster_is_not_taken() -> None:
    encoders = {FLOAT32: Paced(), BFLOAT16: Paced(SLOW)}
    assert fastest(encoders.__getitem__, list(encoders), None)[:2] == (encoders[FLOAT32], FLOAT32)


def test_features_with_other_neighbours_are_not_taken_however_fast() -> None:
    encoders = {FLOAT32: Paced(SLOW), BFLOAT16: Paced(seed=1)}
    assert fastest(encoders.__getitem__, list(encoders), None)[:2] == (encoders[FLOAT32], FLOAT32)


def test_a_small_encoder_is_not_tried_in_another_format() -> None:
    encoders = {FLOAT32: Paced(SLOW, n_parameters=WORTH_IT - 1), BFLOAT16: Paced()}
    assert fastest(encoders.__getitem__, list(encoders), None) == (encoders[FLOAT32], FLOAT32, "")
    assert encoders[FLOAT32].passes == 0


def test_what_cannot_compute_a_model_is_left_out() -> None:
    first = Paced(SLOW)

    def load(way: Way) -> Paced:
        if way == FLOAT32:
            return first
        raise ModelError("No such operation.")

    encoder, way, why = fastest(load, [FLOAT32, OPENVINO], None)
    assert (encoder, way) == (first, FLOAT32)
    assert "openvino in float32 cannot compute it" in why


def test_what_was_measured_is_kept_and_taken_again_without_a_pass(tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        encoders = {FLOAT32: Paced(SLOW), BFLOAT16: Paced()}
        told.append(fastest(encoders.__getitem__, list(encoders), lambda _: tmp_path / "choice.json")[1:])
    assert told[0] == told[1]
    assert told[0][0] == BFLOAT16
    assert encoders[FLOAT32].passes == encoders[BFLOAT16].passes == 0
    (tmp_path / "choice.json").write_text('{"nonsense": []}')
    encoders = {FLOAT32: Paced(SLOW), BFLOAT16: Paced()}
    assert fastest(encoders.__getitem__, list(encoders), lambda _: tmp_path / "choice.json")[1] == BFLOAT16
