"""`--engine auto` and `--dtype auto`: which engine, in which number format, encodes fastest on this machine."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Features
from harness.encoding.engine import INT8, PACKAGES, TORCH, EngineChoice, EngineName, is_installed
from harness.encoding.int8_graph import neighbours_kept, other_sentences
from harness.errors import ModelError, UnavailableError, UserError
from harness.system.device import n_threads, processor
from harness.system.files import read_sealed, write_sealed
from harness.system.memory import available_memory

OTHER: EngineName = "openvino"  # not int8, whose features are those of another encoder
CLEARLY_FASTER = 1.1  # so that noise does not choose
LEAST_KEPT = 0.95  # of nearest neighbours; measured in bfloat16: 0.99 (all-MiniLM-L6-v2)
WORTH_IT = 5_000_000  # weights; fewer take no time to speak of, and no two formats need be tried
ROUNDS = 5
TEXTS = 64


class Encodes(Protocol):
    """What is chosen among: encoders by several engines."""

    n_parameters: int
    fingerprint: Mapping[str, str | None] | None

    def encode(self, texts: Sequence[str], wanted: Sequence[Features]) -> Mapping[Features, NDArray[np.float32]]:
        """Return float32 (n, width) for each wanted state."""


@dataclass(frozen=True)
class Way:
    """A way to compute frozen states.

    Attributes:
        engine: What computes them.
        dtype: float32 or bfloat16.
    """

    engine: EngineName
    dtype: str

    def __str__(self) -> str:
        return f"{self.engine} in {self.dtype}"


class Measured(NamedTuple):
    """How a way compares with the first one.

    Attributes:
        ratio: How many times as fast it is, 0 where it cannot compute the model.
        kept: The share of nearest neighbours that sentences keep.
    """

    ratio: float
    kept: float

    @property
    def gain(self) -> float:
        """How many times as fast it is, 0 where its features are not those of the first."""
        return self.ratio if self.kept >= LEAST_KEPT else 0.0


def ways_to_compute(
    engine: EngineChoice, dtype: str, device: str, resolved: str, *, multiplies_bfloat16: bool, has_openvino: bool
) -> list[Way]:
    """Return what `auto` chooses among; the first is taken where no other is faster.

    Args:
        engine: As asked for.
        dtype: auto, float32 or bfloat16, as asked for.
        device: cpu, cuda or mps.
        resolved: What `dtype` is without measuring: float32 or bfloat16.
        multiplies_bfloat16: Whether this processor has instructions for bfloat16.
        has_openvino: Whether the packages of OpenVINO are there.
    """
    first = Way(TORCH if engine == "auto" else engine, resolved)
    if device != "cpu":
        return [first]
    engines = [TORCH, OTHER] if engine == "auto" and has_openvino else [first.engine]
    free = dtype == "auto" and multiplies_bfloat16 and first.engine != INT8
    formats = [resolved, "bfloat16"] if free else [resolved]
    ways = [Way(each, number) for each in engines for number in dict.fromkeys(formats)]
    return [way for way in ways if way == first or way.dtype == "float32" or multiplies_bfloat16]


def fastest(
    load: Callable[[Way], Encodes], ways: Sequence[Way], file: Callable[[Any], Path] | None
) -> tuple[Any, Way, str]:
    """Return an encoder by the way that is fastest, which way that is, and why, "" where there is nothing to choose.

    All encode the same bundled sentences in turn, and the best time of each counts: other programs only ever slow it
    down. One whose features have other nearest neighbours is left out. What was measured is kept, so that the same
    machine chooses the same again.

    Args:
        load: Way -> the encoder.
        ways: Those to choose among.
        file: Fingerprint of an encoder -> where what was measured is kept; None to keep nothing.
    """
    first = load(ways[0])
    others = [way for way in ways[1:] if way.dtype == ways[0].dtype or _may_be_tried(first)]
    if not others:
        return first, ways[0], ""
    kept = file(first.fingerprint or {}) if file else None
    known = _remembered(kept)
    if any(str(way) not in known for way in others):
        known = _measured(first, load, others)
        _remember(kept, known)
    told = "; ".join(_told(way, known[str(way)]) for way in others)
    for way in sorted(others, key=lambda way: known[str(way)].gain, reverse=True):
        if known[str(way)].gain >= CLEARLY_FASTER:
            with contextlib.suppress(ModelError, UserError):
                return load(way), way, told
    return first, ways[0], f"{told}; {CLEARLY_FASTER} times as fast is asked for"


def told_of_choice(engine: EngineChoice, dtype: str, device: str, way: Way, why: str) -> tuple[str, ...]:
    """Return a sentence on which way was taken and why, none where there was nothing to choose and nobody asked.

    Args:
        engine: As asked for.
        dtype: As asked for.
        device: cpu, cuda or mps.
        way: The one that was taken.
        why: What `fastest` says.
    """
    if not why and engine != "auto":
        return ()
    if not why and device != "cpu":
        why = f"on {device}"
    elif not why:
        no_bfloat16 = "this processor has no instructions for bfloat16, which OpenVINO takes"
        why = no_bfloat16 if is_installed(OTHER) else "OpenVINO is not installed"
    asked = " and ".join(f"--{name} auto" for name, value in (("engine", engine), ("dtype", dtype)) if value == "auto")
    return (f"{asked} took {way}: {why}.",)


def _may_be_tried(encoder: Encodes) -> bool:
    """Return whether an encoder is large enough for another format to matter, and memory holds it once more."""
    bytes_of_two = 2 * encoder.n_parameters * np.dtype(np.float32).itemsize
    return encoder.n_parameters >= WORTH_IT and bytes_of_two < available_memory("cpu")


def _told(way: Way, measured: Measured) -> str:
    if not measured.ratio:
        return f"{way} cannot compute it"
    told = f"{way} was {measured.ratio:.2f} times as fast on {TEXTS} sentences"
    return told if way.dtype == "float32" else f"{told}, which keep {measured.kept:.1%} of their nearest neighbours"


def _measured(first: Encodes, load: Callable[[Way], Encodes], others: Sequence[Way]) -> dict[str, Measured]:
    """Return how ways compare with the first, by name."""
    loaded = {}
    for way in others:
        with contextlib.suppress(ModelError, UserError):
            loaded[str(way)] = load(way)
    texts, encoders = other_sentences()[:TEXTS], [first, *loaded.values()]
    tables = [encoder.encode(texts, [Features()])[Features()] for encoder in encoders]  # what happens once is not timed
    seconds = [float("inf")] * len(encoders)
    for _ in range(ROUNDS):
        for number, encoder in enumerate(encoders):
            started = perf_counter()
            encoder.encode(texts, [Features()])
            seconds[number] = min(seconds[number], perf_counter() - started)
    measured = {str(way): Measured(0.0, 0.0) for way in others}
    for name, own, table in zip(loaded, seconds[1:], tables[1:], strict=True):
        measured[name] = Measured(seconds[0] / own, neighbours_kept(tables[0], table))
    return measured


def _here() -> str:
    """Return what a choice depends on besides the encoder."""
    versions = ", ".join(f"{package} {_version(package)}" for package in ("torch", *PACKAGES[OTHER]))
    return f"{processor()}, {n_threads()} threads, {versions}"


def _version(package: str) -> str:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return "none"


def _remembered(file: Path | None) -> dict[str, Measured]:
    if file:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            found = read_sealed(file)[_here()]
            return {way: Measured(float(ratio), float(kept)) for way, (ratio, kept) in found.items()}
    return {}


def _remember(file: Path | None, measured: Mapping[str, Measured]) -> None:
    if file:
        with contextlib.suppress(UnavailableError):  # then the next run times again
            try:
                known = read_sealed(file)
            except (OSError, ValueError):
                known = {}
            write_sealed(file, {**known, _here(): {way: list(found) for way, found in measured.items()}})
