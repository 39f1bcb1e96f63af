import numpy as np

from harness.evaluation.flips import find_flips, rows_behind

LABELS = np.array([0, 0, 0, 1, 1, 2])
FIRST = np.array([0, 1, 1, 1, 0, 2])
SECOND = np.array([0, 0, 1, 0, 1, 2])


def test_a_row_is_fixed_where_only_the_second_strategy_is_right_and_broken_where_only_the_first_is() -> None:
    flips = find_flips(LABELS, FIRST, SECOND, 3)
    assert flips.fixed.tolist() == [1, 4]
    assert flips.broken.tolist() == [3]
    assert (flips.both_right, flips.both_wrong) == (2, 1)


def test_the_difference_of_the_confusions_adds_up_to_zero_in_every_true_class() -> None:
    difference = find_flips(LABELS, FIRST, SECOND, 3).difference
    assert difference.tolist() == [[1, -1, 0], [0, 0, 0], [0, 0, 0]]


def test_behind_a_cell_stand_the_rows_that_just_one_of_the_two_puts_there() -> None:
    assert rows_behind(LABELS, FIRST, SECOND, (0, 1)).tolist() == [1]
    assert rows_behind(LABELS, FIRST, SECOND, (1, 1)).tolist() == [3, 4]
    assert rows_behind(LABELS, FIRST, SECOND, (2, 0)).tolist() == []
