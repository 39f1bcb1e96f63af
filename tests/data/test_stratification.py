"""Rows are shared out among classes in proportion, none left empty, and drawn the same every time."""

import numpy as np
import pytest

from harness.data.stratification import allocate, draw, nested_rows, stratified_rows

from ..growth import growth


@pytest.mark.parametrize(
    ("counts", "n_rows", "expected"),
    [
        pytest.param([60, 30, 10], 10, [6, 3, 1], id="in proportion"),
        pytest.param([50, 30, 20], 7, [4, 2, 1], id="the largest remainder gets what is left"),
        pytest.param([1000, 1, 1], 10, [8, 1, 1], id="rare classes keep a row"),
        pytest.param([5, 0, 5], 4, [2, 0, 2], id="an absent class gets none"),
        pytest.param([3, 9, 6], 2, [0, 1, 1], id="fewer rows than classes: the largest"),
        pytest.param([3, 3, 3], 1, [1, 0, 0], id="ties go to the first"),
        pytest.param([4, 2, 1], 7, [4, 2, 1], id="all rows"),
        pytest.param([4, 2, 1], 0, [0, 0, 0], id="no rows"),
        pytest.param([0, 0], 0, [0, 0], id="nothing there"),
    ],
)
def test_rows_are_shared_out(counts: list[int], n_rows: int, expected: list[int]) -> None:
    assert allocate(np.array(counts), n_rows).tolist() == expected


def test_any_allocation_adds_up_and_takes_no_more_than_there_is() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        counts = rng.integers(0, 40, size=rng.integers(1, 12)) ** rng.integers(1, 3)
        n_rows = int(rng.integers(0, counts.sum() + 1))
        taken = allocate(counts, n_rows)
        assert taken.sum() == n_rows
        assert (taken <= counts).all()
        assert (taken > 0).sum() == min(n_rows, (counts > 0).sum())


def test_drawn_rows_are_of_their_class_distinct_and_in_order() -> None:
    labels = np.random.default_rng(0).integers(0, 3, size=200)
    rows = draw(labels, np.array([5, 0, 9]))
    assert np.bincount(labels[rows], minlength=3).tolist() == [5, 0, 9]
    assert (np.diff(rows) > 0).all()


def test_every_row_has_the_same_chance() -> None:
    labels = np.zeros(10, dtype=np.int64)
    times = np.bincount(np.concatenate([draw(labels, np.array([5]), seed) for seed in range(400)]))
    assert times.min() > 150
    assert times.max() < 250


def test_the_same_seed_draws_the_same_rows_and_another_draws_others() -> None:
    labels = np.arange(300) % 3
    assert stratified_rows(labels, 30, seed=1).tolist() == stratified_rows(labels, 30, seed=1).tolist()
    assert stratified_rows(labels, 30, seed=1).tolist() != stratified_rows(labels, 30, seed=2).tolist()


def test_labels_need_not_start_at_zero_or_be_dense() -> None:
    labels = np.array([7, 7, 7, 7, -1, -1])
    assert labels[stratified_rows(labels, 3)].tolist() == [7, 7, -1]


@pytest.mark.slow
def test_with_as_many_classes_as_rows_the_work_does_not_grow_with_their_square() -> None:
    assert len(stratified_rows(np.arange(4000), 2000)) == 2000
    assert growth(lambda n: lambda: stratified_rows(np.arange(n), n // 2), 20_000, factor=16) < 16 * 3


def test_nested_rows_hold_the_smaller_choice_and_keep_the_shares() -> None:
    labels = np.random.default_rng(0).choice(4, 1000, p=[0.6, 0.3, 0.09, 0.01])
    before: set[int] = set()
    for n_rows in (4, 16, 64, 256, 1000):
        rows = nested_rows(labels, n_rows, seed=1)
        assert len(rows) == len(set(rows.tolist())) == n_rows
        assert before <= set(rows.tolist())
        before = set(rows.tolist())
        found, expected = np.bincount(labels[rows], minlength=4), np.bincount(labels) * n_rows / 1000
        assert (found >= 1).all()
        assert np.abs(found - expected).max() <= 3
    assert set(nested_rows(labels, 64, seed=2).tolist()) != set(nested_rows(labels, 64, seed=1).tolist())
