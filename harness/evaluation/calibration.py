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
    confidence = np.minimum(probabilities.max(axis=1), 1)
    right = probabilities.argmax(axis=1) == labels
    place = _places(confidence, n_bins)
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


def signed_gaps(
    labels: NDArray[np.int64], probabilities: NDArray[np.floating[Any]], n_bins: int = N_BINS
) -> NDArray[np.float64]:
    """Return of each row right minus confidence, or its negative where the bin is overconfident: the ECE is their mean.

    Args:
        labels: True class ids, int64 (n,).
        probabilities: Class probabilities, float (n, k).
        n_bins: Number of bins that 0-1 is cut into.
    """
    confidence = np.minimum(probabilities.max(axis=1), 1)
    gaps = (probabilities.argmax(axis=1) == labels) - confidence.astype(np.float64)
    place = _places(confidence, n_bins)
    signs: NDArray[np.float64] = np.sign(np.bincount(place, weights=gaps, minlength=n_bins))
    return np.asarray(signs[place] * gaps)


def _places(confidence: NDArray[np.floating[Any]], n_bins: int) -> NDArray[np.int64]:
    """Return the bin of each row, (n,)."""
    # Edges of the same precision, so that a float32 0.2 lies at the edge 0.2 and not just above it.
    edges = np.linspace(0, 1, n_bins + 1).astype(confidence.dtype)
    places: NDArray[np.int64] = np.searchsorted(edges, confidence, side="left") - 1
    return places
