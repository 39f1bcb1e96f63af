"""Mean ranks over data sets, their intervals, and tests of them."""

import numpy as np
import pytest
import scikit_posthocs

from harness.evaluation.ranks import (
    critical_difference,
    friedman_p,
    groups_alike,
    nemenyi_p,
    ranks_of,
    told_apart,
    wilcoxon_p,
)
from harness.evaluation.signed_rank import signed_rank


@pytest.fixture(params=[(5, 4), (12, 6)], ids=str)
def scores(request: pytest.FixtureRequest) -> np.ndarray:
    return np.random.default_rng(7).random(request.param)


def test_the_best_score_has_rank_one_and_equal_scores_share_theirs() -> None:
    assert ranks_of(np.array([[0.5, 0.9, 0.5, 0.1]])).tolist() == [[2.5, 1, 2.5, 4]]


def test_tests_of_ranks_are_those_of_scikit_posthocs(scores: np.ndarray) -> None:
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    assert nemenyi_p(scores) == pytest.approx(nemenyi, abs=1e-9)
    theirs = scikit_posthocs.posthoc_wilcoxon([*scores.T], p_adjust="holm").to_numpy()
    assert wilcoxon_p(scores) == pytest.approx(theirs, abs=1e-9)


def test_the_critical_difference_is_that_of_the_papers_example() -> None:
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005), "Demšar (2006), section 3.2.3"
    assert critical_difference(4, 14, 0.10) == pytest.approx(1.12, abs=0.005)


def test_two_strategies_take_as_many_wins_as_the_sign_test_does() -> None:
    assert critical_difference(2, 5) > 1, "five wins of five come about once in 16"
    assert critical_difference(2, 6) == 1
    assert critical_difference(2, 10) == pytest.approx(0.8), "nine of ten"


def test_nemenyis_p_is_five_percent_at_the_critical_difference() -> None:
    k, n = 3, 20
    scores = np.tile([3.0, 2.0, 1.0], (n, 1))
    apart = critical_difference(k, n, float(nemenyi_p(scores)[0, 1]))
    assert apart == pytest.approx(1.0, abs=1e-6)


def test_equal_scores_everywhere_are_no_evidence() -> None:
    alike = np.full((6, 3), 0.5)
    assert friedman_p(alike) == 1
    assert (wilcoxon_p(alike) == 1).all()


def test_groups_join_neighbours_and_hold_no_other_group() -> None:
    assert groups_alike([1.0, 1.5, 2.9, 4.0], 1.6) == [(0, 1), (1, 2), (2, 3)]
    assert groups_alike([1.0, 1.5, 2.0], 3.0) == [(0, 2)]
    assert groups_alike([1.0, 3.0], 1.0) == []


@pytest.mark.parametrize(("n_sets", "k"), [(5, 2), (6, 4), (12, 6)])
def test_equal_strategies_are_seldom_told_apart(n_sets: int, k: int) -> None:
    rng, wrong, times = np.random.default_rng(0), 0, 300
    for _ in range(times):
        scores = rng.binomial(500, 0.75 + rng.normal(0, 0.03, (n_sets, k))) / 500
        ordered = scores[:, np.argsort(ranks_of(scores).mean(axis=0), kind="stable")]
        wrong += told_apart(ordered).alike != ((0, k - 1),)
    assert wrong / times < 0.08  # a rate of 6 % is above that in 300 draws once in 18


def test_the_bayesian_test_of_one_data_set_is_what_is_computed_by_hand() -> None:
    # The prior's weight w has the distribution Beta(1/2, 1), so that P(w < x) is the root of x. Beyond the region its
    # own pair alone lies within: better where w^2 < 1/2. Within it the mean of both does, too: where (1 - w)^2 > 1/2.
    assert signed_rank(np.array([1.0]), 0.1).better == pytest.approx(0.5**0.25, abs=0.01)
    assert signed_rank(np.array([1.0]), 0.6).better == pytest.approx((1 - 0.5**0.5) ** 0.5, abs=0.01)
    found = signed_rank(np.array([-1.0]), 0.1)
    assert (found.better, found.worse) == (0, pytest.approx(0.5**0.25, abs=0.01))


def test_the_bayesian_test_agrees_with_that_of_its_authors() -> None:
    differences = np.random.default_rng(0).normal(0.01, 0.01, 5)
    found = signed_rank(differences, 0.01)
    theirs = (0.4083, 0.5917, 0.0)  # baycomp 1.0.3: SignedRankTest.probs(zeros, differences, 0.01, nsamples=20000)
    assert (found.better, found.same, found.worse) == pytest.approx(theirs, abs=0.01)
    assert found.better + found.same + found.worse == pytest.approx(1)


def test_scores_that_are_the_same_everywhere_are_the_same_in_practice() -> None:
    assert signed_rank(np.zeros(6), 0.0).same == 1
