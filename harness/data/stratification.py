"""Choosing rows so that every class keeps its share."""

import numpy as np
from numpy.typing import NDArray


def allocate(counts: NDArray[np.int64], n_rows: int) -> NDArray[np.int64]:
    """Share out `n_rows` among classes in proportion to their sizes, no present class left empty.

    Largest-remainder (Hamilton) apportionment, but a class whose share is below one row gets one row;
    where there are fewer rows than classes, the largest classes get one row each.

    Args:
        counts: Rows of each class, int64 (k,).
        n_rows: How many rows to share out, at most `counts.sum()`.

    Returns:
        Rows to take of each class, int64 (k,), summing to `n_rows`, nowhere above `counts`.
    """
    present = counts > 0
    if n_rows <= present.sum():
        taken = np.zeros_like(counts)
        taken[np.argsort(-counts, kind="stable")[:n_rows]] = 1
        return taken
    share = _shares(counts, n_rows, present)
    taken = np.floor(share).astype(np.int64)
    by_remainder = np.argsort(taken - share, kind="stable")
    taken[by_remainder[: n_rows - int(taken.sum())]] += 1
    return taken


def _shares(counts: NDArray[np.int64], n_rows: int, present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the exact share of each class, at least 1 where it is present; the others pay for that."""
    small = np.zeros_like(present)
    while True:
        large = present & ~small
        share = counts * (n_rows - int(small.sum())) / counts[large].sum()
        below = large & (share < 1)
        if not below.any():
            return np.where(large, share, small)
        small |= below


def stratified_rows(labels: NDArray[np.int64], n_rows: int, seed: int = 0) -> NDArray[np.int64]:
    """Draw rows without replacement so that every class keeps its share.

    Args:
        labels: Class ids, int64 (n,).
        n_rows: How many rows to draw, at most n.
        seed: Seed of the draw.

    Returns:
        Row indices in ascending order, int64 (n_rows,).
    """
    _, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return draw(classes, allocate(counts, n_rows), seed)


def draw(labels: NDArray[np.int64], take: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    """Draw so many rows of each class, in O(n log n) also where nearly every row is a class of its own.

    Args:
        labels: Class ids in 0..k-1, int64 (n,).
        take: Rows to draw of each class, int64 (k,), nowhere above what the class has.
        seed: Seed of the draw.

    Returns:
        Row indices in ascending order, int64 (take.sum(),).
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    grouped = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels, minlength=len(take))
    place = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)  # within its class
    return np.sort(grouped[place < take[labels[grouped]]])


def held_out_rows(labels: NDArray[np.int64], n_rows: int, seed: int = 0) -> NDArray[np.int64]:
    """Draw rows to set aside, every class with its share; each class keeps at least one row.

    Args:
        labels: Class ids, int64 (n,).
        n_rows: How many rows are wanted; at least one of each class that can spare one is taken.
        seed: Seed of the draw.

    Returns:
        Row indices in ascending order, int64 (m,), m the nearest to `n_rows` that these rules allow; none where every
        class has a single row.
    """
    spare = np.maximum(np.bincount(labels) - 1, 0)
    n_taken = min(max(n_rows, int((spare > 0).sum()), 1), int(spare.sum()))
    return draw(labels, allocate(spare, n_taken), seed)


def nested_rows(labels: NDArray[np.int64], n_rows: int, seed: int) -> NDArray[np.int64]:
    """Choose rows at random so that classes keep their shares and fewer rows are always part of more.

    Each class is shuffled and spread evenly over one long sequence, of which the first `n_rows` are taken; it begins
    with one row of every class.

    Args:
        labels: Class ids, int64 (n,).
        n_rows: How many to choose, at most n.
        seed: Another one chooses others.

    Returns:
        Row indices in ascending order, int64 (n_rows,).
    """
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        place[rows] = (np.arange(len(rows)) + rng.random()) / len(rows)
        place[rows[0]] -= 1
    return np.sort(np.argsort(place, kind="stable")[:n_rows])
