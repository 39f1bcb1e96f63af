"""Outcome: what comes back from a trial, probabilities and what was told of them; no score, which others compute."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harness.frozen_model import Count, Fraction, FrozenModel, Money, Score, Seconds
from harness.results.latency import Latency
from harness.results.records import Failure

Stage = Literal["load plugin", "fit", "predict", "score", "save"]

LONGEST_MESSAGE, LONGEST_TRACEBACK, LONGEST_LINE = 4_000, 100_000, 1_000  # characters
MOST_WARNINGS, MOST_EPOCHS, MOST_MEMBERS = 50, 10_000, 10_000

Line = Annotated[str, Field(max_length=LONGEST_LINE)]


class Told(FrozenModel):
    """What a strategy, or who runs it, tells of a trial; every size in it has an end.

    Seconds are wall time; `predict_seconds` is for the test texts. `warnings` are what it warned of, a line each,
    and `refused` is the number of the system's error where a disk refused its classifier. The others are as in
    `RunRecord`.
    """

    failure: Failure | None = None
    refused: Count | None = None
    fit_seconds: Seconds | None = None
    predict_seconds: Seconds | None = None
    peak_memory_bytes: Count = 0
    warnings: Annotated[tuple[Line, ...], Field(max_length=MOST_WARNINGS)] = ()
    undertrained: bool = False
    trainable_parameters: Count | None = None
    own_parameters: Count | None = None
    history: Annotated[tuple[dict[Line, float], ...], Field(max_length=MOST_EPOCHS)] = ()
    params: dict[Line, Any] = Field(default_factory=dict)
    configurations_tried: Count = 1
    optimism: Fraction | None = None
    spent: Money | None = None
    latency: Latency | None = None
    members: Annotated[dict[Line, Score], Field(max_length=MOST_MEMBERS)] = Field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What comes back from a trial.

    Attributes:
        told: What is told of it.
        probabilities: Split, validation and test, -> float32 (n, k); empty where it failed before.
        model: Folder that the classifier was saved to, None where it was not.
        died: Whether its process ended, or had to be ended, before it was through.
    """

    told: Told
    probabilities: Mapping[str, NDArray[np.float32]]
    model: Path | None = None
    died: bool = False


def failed_outcome(stage: Stage, message: str, traceback: str = "") -> Outcome:
    """Return the outcome of a trial whose process came to nothing."""
    failure = Failure(stage=stage, message=message[:LONGEST_MESSAGE], traceback=traceback[-LONGEST_TRACEBACK:])
    return Outcome(Told(failure=failure), {}, died=True)
