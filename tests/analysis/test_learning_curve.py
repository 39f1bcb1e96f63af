import pytest

from harness.analysis.learning_curve import Curve, Point, find_crossing


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


def test_without_both_kinds_there_is_nothing_to_overtake() -> None:
    assert find_crossing([PROBE, curve("tfidf", "texts", 0.1, 0.2, 0.3)]) is None
