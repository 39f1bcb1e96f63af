"""Latency: what a text takes that comes alone, as a service meets it."""

from typing import Annotated

from pydantic import Field

from harness.frozen_model import Count, FrozenModel, Seconds

LONGEST_REASON = 1_000  # characters


class Latency(FrozenModel):
    """What predicting one text at a time took on the machine of the trial, encoding included.

    Attributes:
        p50_seconds: The median over the texts, None where nothing was measured.
        p95_seconds: What 95 of 100 texts took at most.
        n_texts: How many texts of validation were timed, after some that were not.
        problem: Why nothing was measured, None where it was.
    """

    p50_seconds: Seconds | None = None
    p95_seconds: Seconds | None = None
    n_texts: Count = 0
    problem: Annotated[str, Field(max_length=LONGEST_REASON)] | None = None
