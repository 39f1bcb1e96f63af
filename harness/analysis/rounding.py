"""Equality of values that were computed twice, perhaps by another build of numpy."""

import numpy as np

TOLERANCE = 1e-9  # what another build of numpy may add up differently


def equal_but_for_rounding(one: object, other: object) -> bool:
    """Compare nested values, numbers within `TOLERANCE`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal_but_for_rounding(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal_but_for_rounding, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=0, atol=TOLERANCE))
    return one == other
