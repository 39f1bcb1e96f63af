"""Validation scores that are too good to be true are told from those that chance makes."""

import numpy as np

from harness.evaluation.validation_excess import Accuracies, far_above_test

GOOD = Accuracies(validation=0.84, test=0.83)


def test_what_is_far_above_is_named_and_nothing_else_is() -> None:
    found = far_above_test({"good": GOOD, "fitted": Accuracies(validation=0.99, test=0.7)}, 400, 600)
    assert found.keys() == {"fitted"}
    assert found["fitted"] < 1e-30


def test_what_so_few_rows_bring_about_by_chance_is_not_named() -> None:
    assert far_above_test({"lucky": Accuracies(validation=0.9, test=0.8)}, 30, 40) == {}


def test_a_gap_that_is_certain_and_small_is_not_named() -> None:
    assert far_above_test({"chosen": Accuracies(validation=0.84, test=0.80)}, 100_000, 100_000) == {}


def test_one_in_twenty_families_at_most_is_called_into_question_where_both_splits_are_alike() -> None:
    rng = np.random.default_rng(0)

    def drawn(n: int) -> float:
        return float(rng.binomial(n, 0.8) / n)

    families = [{str(i): Accuracies(drawn(150), drawn(150)) for i in range(10)} for _ in range(100)]
    assert sum(bool(far_above_test(family, 150, 150)) for family in families) <= 5
