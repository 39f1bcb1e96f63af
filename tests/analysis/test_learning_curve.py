from dataclasses import replace

import pytest

from harness.analysis.learning_curve import Curve, Point, crossing_of_zero_shot, find_crossing


def curve(name: str, kind: str, *scores: float) -> Curve:
    return Curve(name, kind, tuple(Point(10**i, score, None) for i, score in enumerate(scores, 1)))


PROBE = curve("probe", "frozen", 0.3, 0.4, 0.5)


@pytest.mark.parametrize(
    ("scores", "n_rows"),
    [
        ((0.1, 0.2, 0.6), 1000),
        ((0.1, 0.5, 0.6), 100),
        ((0.4, 0.2, 0.6), 1000),
        ((0.4, 0.5, 0.6), 10),
        ((0.4, 0.5, 0.5), None),
    ],
)
def test_fine_tuning_overtakes_where_it_stays_ahead(scores: tuple[float, ...], n_rows: int | None) -> None:
    crossing = find_crossing([curve("full", "trained", *scores), PROBE])
    assert crossing is not None
    assert (crossing.trained, crossing.frozen, crossing.n_rows) == ("full", "probe", n_rows)


def with_error(kind: str, *scores: float, error: float = 0.05) -> Curve:
    points = (Point(10**i, score, None, error) for i, score in enumerate(scores, 1))
    return Curve(kind, kind, tuple(points))


@pytest.mark.parametrize(
    ("trained", "marks"),
    [
        ((0.1, 0.9, 0.9), (10, 100)),  # a probe at 10, fine-tuning beyond chance from 100 on
        ((0.1, 0.45, 0.9), (10, 1000)),  # at 100 by the means alone
        ((0.35, 0.9, 0.9), (10, 100)),  # ahead with the fewest, but not beyond chance
        ((0.9, 0.9, 0.9), (10,)),
        ((0.1, 0.2, 0.55), (1000,)),  # beyond chance nowhere
        ((0.1, 0.2, 0.3), ()),
    ],
)
def test_the_answer_changes_between_the_last_size_of_the_probes_and_the_first_beyond_chance(
    trained: tuple[float, ...], marks: tuple[int, ...]
) -> None:
    curves = [with_error("trained", *trained), with_error("frozen", 0.3, 0.4, 0.5)]
    crossing = find_crossing(curves)
    assert crossing is not None
    assert crossing.marks(curves) == marks


def test_without_both_kinds_there_is_nothing_to_overtake() -> None:
    assert find_crossing([PROBE, curve("tfidf", "texts", 0.1, 0.2, 0.3)]) is None


def test_what_the_conclusion_leaves_out_crosses_nothing() -> None:
    assert find_crossing([replace(curve("full", "trained", 0.4, 0.5, 0.6), left_out=True), PROBE]) is None


def test_what_learns_is_held_against_what_learns_nothing() -> None:
    level = with_error("zero-shot", 0.42, 0.42, 0.42)
    crossing = crossing_of_zero_shot(
        [with_error("trained", 0.1, 0.45, 0.9), with_error("frozen", 0.9, 0.9, 0.9), level]
    )
    assert crossing is not None
    assert (crossing.trained, crossing.frozen, crossing.n_rows) == ("trained", "zero-shot", 100)
    assert (crossing.after, crossing.by) == (10, 1000)
    without = crossing_of_zero_shot([with_error("frozen", 0.9, 0.9, 0.9), with_error("texts", 0.1, 0.1, 0.1), level])
    assert without is not None
    assert (without.trained, without.by) == ("frozen", 10)
    assert crossing_of_zero_shot([PROBE, with_error("trained", 0.1, 0.2, 0.3)]) is None
