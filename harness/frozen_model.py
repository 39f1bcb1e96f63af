"""The base of everything that run.json holds, the ranges of its numbers, and what is wrong with such a file."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

ROUNDING = 1e-9  # by which a mean of ones may exceed one

Fraction = Annotated[float, Field(ge=-ROUNDING, le=1 + ROUNDING)]
"""A score, a share or a probability."""
SignedFraction = Annotated[float, Field(ge=-1 - ROUNDING, le=1 + ROUNDING)]
"""A difference of two scores."""
LARGEST_SCORE = 1e12  # what is further from 0 is none
Score = Annotated[float, Field(ge=-LARGEST_SCORE, le=LARGEST_SCORE)]
"""What a metric gives, which need be no fraction."""
Count = Annotated[int, Field(ge=0, lt=2**63)]
"""How many of something there are, such as rows, parameters or bytes; or a position, from 0."""
Seconds = Annotated[float, Field(ge=0, lt=1e10)]
"""A duration of less than three hundred years."""

Money = Annotated[float, Field(ge=0, lt=1e12)]
"""An amount in the currency that prices were given in."""


class FrozenModel(BaseModel):
    """Values that do not change, with no field that was not declared and no number that JSON cannot hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Return where the content of a model is wrong first, "" for all of it, and what is wrong there."""
    problem = error.errors()[0]
    return ".".join(map(str, problem["loc"])), problem["msg"]


def why_unreadable(error: Exception) -> str:
    """Return in a few words why the file of a model cannot be read: of a model's errors the first, and where it is."""
    if isinstance(error, ValidationError):
        place, problem = first_problem(error)
        return f"at {place or 'its top'}: {problem}"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
