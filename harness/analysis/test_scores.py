"""Test scores by the metric that chooses: written, held against each other and against the floors."""

from collections.abc import Iterable

from harness.analysis.ranking import Standing

DASH = "\N{EN DASH}"


def written(standing: Standing) -> str:
    """Return the test score with two decimals, a dash where it has no value on the test rows."""
    score = standing.test_score
    return DASH if score is None else f"{score:.2f}"


def gap(one: Standing, other: Standing) -> float:
    """Return by how much one is better on test, below 0 where it is worse, 0 where either has no value there."""
    if one.test_score is None or other.test_score is None:
        return 0.0
    difference = one.test_score - other.test_score
    return one.selection.oriented(difference) if one.selection else difference


def floor_ahead(of: Standing, standings: Iterable[Standing]) -> Standing | None:
    """Return the floor that a strategy is furthest behind on test, of equal ones the first.

    Args:
        of: The strategy.
        standings: All strategies that were scored.

    Returns:
        None where the strategy is above all floors, or has no value on test.
    """
    floors = [each for each in standings if each.is_floor and each.test_score is not None]
    ahead = [each for each in floors if of.test_score is not None and gap(of, each) <= 0]
    return min(ahead, key=lambda floor: gap(of, floor), default=None)
