"""`--engine auto`: torch, or OpenVINO where it is installed and turns out to be faster on this machine."""

import contextlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

from harness.encoding.encoder import Features
from harness.encoding.engine import PACKAGES, TORCH, EngineName, is_installed
from harness.encoding.int8_graph import other_sentences
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.errors import ModelError, UnavailableError
from harness.system.device import n_threads, processor
from harness.system.files import read_sealed, write_sealed

OTHER: EngineName = "openvino"  # not int8, whose features are those of another encoder
CLEARLY_FASTER = 1.1  # so that noise does not choose
ROUNDS = 5
TEXTS = 64


def choose_engine(
    load: Callable[[EngineName], TransformerEncoder], device: str, dtype: str, file: Callable[[Any], Path] | None
) -> tuple[TransformerEncoder, str]:
    """Return an encoder by the engine that is faster, and one sentence on why it is that one.

    Both encode the same bundled sentences in turn, and the best time of each counts: other programs only ever slow it
    down. What was chosen is kept, so that the same machine chooses the same again.

    Args:
        load: Name of an engine -> the encoder.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        file: Fingerprint of an encoder -> where the choice is kept; None to keep none.
    """
    by_torch = load(TORCH)
    if device != "cpu" or dtype != "float32" or not is_installed(OTHER):
        why = "OpenVINO is not installed" if device == "cpu" and dtype == "float32" else f"on {device} in {dtype}"
        return by_torch, f"--engine auto took torch: {why}."
    kept = file(by_torch.fingerprint or {}) if file else None
    ratio = _remembered(kept)
    if ratio is None or ratio >= CLEARLY_FASTER:
        try:
            by_other = load(OTHER)
        except ModelError as error:
            return by_torch, f"--engine auto took torch: {error}"
        if ratio is None:
            ratio = _times_as_fast(by_other, by_torch)
            _remember(kept, ratio)
    told = f"OpenVINO was {ratio:.2f} times as fast on {TEXTS} sentences"
    if ratio >= CLEARLY_FASTER:
        return by_other, f"--engine auto took openvino: {told}."
    return by_torch, f"--engine auto took torch: {told}, and {CLEARLY_FASTER} is asked for."


def _times_as_fast(one: TransformerEncoder, two: TransformerEncoder) -> float:
    """Return how many times as fast as another an encoder is."""
    texts = other_sentences()[:TEXTS]
    seconds = {0: float("inf"), 1: float("inf")}
    for encoder in (one, two):
        encoder.encode(texts, [Features()])  # what happens only once is not timed
    for _ in range(ROUNDS):
        for number, encoder in enumerate((one, two)):
            started = perf_counter()
            encoder.encode(texts, [Features()])
            seconds[number] = min(seconds[number], perf_counter() - started)
    return seconds[1] / seconds[0]


def _here() -> str:
    """Return what the choice depends on besides the encoder."""
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in PACKAGES[OTHER])
    return f"{processor()}, {n_threads()} threads, {versions}"


def _remembered(file: Path | None) -> float | None:
    if file:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            return float(read_sealed(file)[_here()])
    return None


def _remember(file: Path | None, ratio: float) -> None:
    if file:
        with contextlib.suppress(UnavailableError):  # then the next run times again
            try:
                known = read_sealed(file)
            except (OSError, ValueError):
                known = {}
            write_sealed(file, {**known, _here(): ratio})
