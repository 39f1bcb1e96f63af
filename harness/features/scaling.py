"""Standardising features that may not fit into memory: read in windows of rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

STANDARDISED_AT_ONCE = 65_536  # rows


def windows(values: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yield the rows of a table in order, so many at once."""
    for start in range(0, len(values), STANDARDISED_AT_ONCE):
        yield values[start : start + STANDARDISED_AT_ONCE]


def fitted_scaler(values: NDArray[np.float32]) -> Any:
    """Return a scikit-learn `StandardScaler` fitted on a table."""
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for window in windows(values):
        scaler.partial_fit(window)
    return scaler
