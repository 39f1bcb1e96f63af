"""The efficient set of strategies: those that no other one beats in both cost and score."""

from collections.abc import Sequence


def efficient(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the positions of the points on the Pareto front, by rising cost.

    A point is left out where another one costs no more and scores no less, and is better in one of the two. Equal
    points are both in.

    Args:
        points: Cost and score of each, the cost as it was measured.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    return [i for i in order if not any(_beats(other, points[i]) for other in points)]


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] <= other[0] and one[1] >= other[1]
