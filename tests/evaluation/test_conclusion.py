"""The conclusion compares the best with each other one fairly, and says "as good" only where the rows show it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.evaluation.conclusion import Conclusion, Contestant, conclude
from harness.evaluation.metrics import evaluate, no_better_than_majority
from harness.evaluation.predicted import Predicted, Rows

N = 2000
ROWS = Rows(np.arange(N) % 3, 3)


def answers(wrong: slice | list[int], rows: Rows = ROWS) -> NDArray[np.int64]:
    found = rows.labels.copy()
    found[wrong] = (found[wrong] + 1) % 3
    return found


def contestant(
    name: str, wrong: slice | list[int], validation: float, seconds: float = 1.0, **known: object
) -> Contestant:
    predicted = Predicted(ROWS, answers(wrong)[np.newaxis])
    return Contestant(name, predicted, validation, seconds, 10, **known)  # type: ignore[arg-type]


def verdicts(conclusion: Conclusion) -> dict[str, str]:
    return {each.other: each.verdict for each in conclusion.comparisons}


BEST = contestant("best", slice(0, 200), 0.9, seconds=100)
NEARLY = contestant("nearly", slice(3, 204), 0.8, seconds=5)
WORSE = contestant("worse", slice(0, 300), 0.8, seconds=2)
OTHERWISE = contestant("otherwise", slice(190, 400), 0.7, seconds=3)
AHEAD = contestant("ahead", slice(0, 100), 0.7, seconds=50)


def test_as_good_worse_better_and_unclear_are_four_things() -> None:
    found = conclude([BEST, NEARLY, WORSE, OTHERWISE, AHEAD])
    assert found.best == "best"
    assert verdicts(found) == {"nearly": "as good", "worse": "worse", "otherwise": "unclear", "ahead": "better"}
    assert found.tied == ["nearly", "otherwise"]
    assert found.better == ["ahead"]
    assert found.recommended == found.cheapest == "nearly"  # otherwise is cheaper, but not known to be as good


def test_what_is_not_shown_to_be_as_good_is_not_recommended_however_cheap() -> None:
    found = conclude([BEST, OTHERWISE])
    assert verdicts(found) == {"otherwise": "unclear"}
    assert found.recommended == "best"


def test_a_wider_margin_makes_more_as_good() -> None:
    assert verdicts(conclude([BEST, WORSE], margin=0.1)) == {"worse": "as good"}
    assert conclude([BEST, WORSE], margin=0.1).margin == 0.1


@pytest.mark.parametrize("n_poor", [0, 1, 20])
def test_poor_strategies_in_the_table_change_nothing_about_good_ones(n_poor: int) -> None:
    slightly = contestant("slightly", [*range(200), *range(400, 415)], 0.8)
    poor = [contestant(f"poor {i}", slice(0, 1100 + i), 0.4) for i in range(n_poor)]
    assert verdicts(conclude([BEST, slightly, *poor]))["slightly"] == "worse"


def test_floors_and_what_has_not_learnt_are_left_out_and_never_recommended() -> None:
    floor = contestant("majority", slice(0, 200), 0.95, seconds=0.001, left_out="floor")
    idle = contestant("idle", slice(0, 200), 0.94, seconds=0.001, left_out="not learnt")
    found = conclude([floor, idle, BEST])
    assert (found.best, found.recommended, found.comparisons) == ("best", "best", [])
    assert found.left_out == {"majority": "floor", "idle": "not learnt"}
    alone = conclude([floor, idle])
    assert (alone.best, alone.recommended) == ("majority", None)


def test_costs_that_differ_by_milliseconds_are_ties() -> None:
    slow, quick = contestant("a", slice(0, 200), 0.9, seconds=1.004), contestant("b", slice(0, 200), 0.8, seconds=1.001)
    assert conclude([slow, quick]).recommended == "a"
    assert conclude([slow, contestant("b", slice(0, 200), 0.8, seconds=0.5)]).recommended == "b"


def test_the_smallest_difference_that_could_have_been_seen_is_about_3_hundredths_at_2000_rows() -> None:
    rng = np.random.default_rng(0)
    made = [np.where(rng.random(N) < 0.7, ROWS.labels, (ROWS.labels + 1) % 3) for _ in range(2)]
    pair = [Contestant(f"{i}", Predicted(ROWS, each[np.newaxis]), 0.5, 1.0, 1) for i, each in enumerate(made)]
    assert conclude(pair).detectable == pytest.approx(0.04, abs=0.01)


def test_one_training_is_told_unless_chance_has_no_part_in_it() -> None:
    probe = contestant("probe", slice(0, 201), 0.8, deterministic=True)
    twice = contestant("twice", slice(0, 202), 0.8, n_seeds=2)
    assert conclude([BEST, probe, twice]).one_training == ["best"]


def table_of(predictions: NDArray[np.int64], k: int) -> NDArray[np.float32]:
    return np.eye(k, dtype=np.float32)[predictions]


def test_nothing_found_in_the_texts_is_no_better_than_majority() -> None:
    labels = np.repeat([0, 1, 2], [500, 300, 200])
    always = evaluate(labels, table_of(np.zeros(1000, dtype=np.int64), 3))
    nearly = evaluate(labels, table_of(np.where(np.arange(1000) % 50 == 0, 1, 0), 3))
    learnt = evaluate(labels, table_of(np.where(np.arange(1000) < 600, labels, 0), 3))
    assert no_better_than_majority([always])
    assert no_better_than_majority([nearly])
    assert not no_better_than_majority([learnt])


def test_finding_a_rare_class_is_something_though_accuracy_is_below_the_largest_class() -> None:
    labels = np.repeat([0, 1], [950, 50])
    finds = np.where(np.arange(1000) < 60, 1, labels)  # all of the rare class, and sixty too many
    found = evaluate(labels, table_of(finds, 2))
    assert found.accuracy < 0.95
    assert not no_better_than_majority([found])
