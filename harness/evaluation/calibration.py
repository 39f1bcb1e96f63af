"""Calibration: whether a classifier that is 80 % sure is right in 80 % of such rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.frozen_model import Count, Fraction, FrozenModel

N_BINS = 15  # Guo et al. (2017), section 2


class ReliabilityBin(FrozenModel):
    """Rows whose confidence lies above `low` and at or below `high`.

    `confidence` is their mean confidence and `accuracy` the share of them that is right; n is at least 1.
    """

    low: Fraction
    high: Fraction
    n: Count
    confidence: Fraction
    accuracy: Fraction


class Calibration(FrozenModel):
    """Expected calibration error, a fraction 0-1, and the bins it is the mean of; bins without rows are left out."""

    ece: Fraction
    bins: list[ReliabilityBin]


def calibrate(labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], n_bins: int = N_BINS) -> Calibration:
    """Compare how sure a classifier was of its predictions with how often it was right.

    Confidence is the probability of the predicted class. The expected calibration error is the mean distance
    of accuracy from confidence over bins of equal width, weighted by their rows: Guo, Pleiss, Sun and
    Weinberger (2017), On Calibration of Modern Neural Networks, equations 2 and 3.

    Args:
        labels: True class ids, int64 (n,).
        probabilities: Class probabilities, float (n, k).
        n_bins: Number of bins that 0-1 is cut into.
    """
    # Edges of the same precision, so that a float32 0.2 lies at the edge 0.2 and not just above it.
    edges = np.linspace(0, 1, n_bins + 1).astype(probabilities.dtype)
    confidence = np.minimum(probabilities.max(axis=1), 1)
    right = probabilities.argmax(axis=1) == labels
    place = np.searchsorted(edges, confidence, side="left") - 1
    n = np.bincount(place, minlength=n_bins)
    total_confidence = np.bincount(place, weights=confidence, minlength=n_bins)
    n_right = np.bincount(place, weights=right, minlength=n_bins)
    bins = [
        ReliabilityBin(
            low=i / n_bins,
            high=(i + 1) / n_bins,
            n=int(n[i]),
            confidence=float(total_confidence[i] / n[i]),
            accuracy=float(n_right[i] / n[i]),
        )
        for i in np.flatnonzero(n)
    ]
    return Calibration(ece=float(np.abs(n_right - total_confidence).sum() / len(labels)), bins=bins)
