"""Tests agree with published examples and err as seldom as they promise; letters say what the tests say."""

import re
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from harness.evaluation.comparisons import ALPHA, holm, mcnemar_p, rank_letters, sign_flip_p
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [
        # Fay, Exact McNemar's Test and Matching Confidence Intervals (vignette of R's exact2x2): (21, 9, 2, 12).
        (9, 2, 0.06543),
        # Bentur et al. (2009) in Fagerland, Lydersen and Laake (2013), BMC Medical Research Methodology 13:91.
        (1, 7, 0.0703),
    ],
)
def test_mcnemar_gives_the_published_p_values(only_first: int, only_second: int, p: float) -> None:
    assert mcnemar_p(only_first, only_second) == pytest.approx(p, abs=5e-5)
    assert mcnemar_p(only_second, only_first) == mcnemar_p(only_first, only_second)


def test_mcnemar_comes_near_the_asymptotic_test_of_many_rows() -> None:
    """Approval of a prime minister, Agresti (1990), Categorical Data Analysis, p. 350: chi-squared 17.36."""
    statistic = (150 - 86) ** 2 / (150 + 86)
    assert statistic == pytest.approx(17.36, abs=0.005)
    assert mcnemar_p(150, 86) == pytest.approx(chi2.sf(statistic, df=1), rel=0.25)


@pytest.mark.parametrize("n", [0, 1, 7, 200_000])
def test_mcnemar_finds_nothing_where_both_are_right_alone_equally_often(n: int) -> None:
    assert mcnemar_p(n, n) == 1


def test_holm_gives_the_textbook_example() -> None:
    """Four tests, the first and the fourth rejected: Wikipedia, Holm-Bonferroni method, Example."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_keeps_the_order_and_never_passes_one() -> None:
    """R 4.5: p.adjust(c(0.5, 0.001, 0.9, 0.05, 0.1, 0.01), "holm")."""
    assert holm([0.5, 0.001, 0.9, 0.05, 0.1, 0.01]) == pytest.approx([1, 0.006, 1, 0.2, 0.3, 0.05])
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_holm_treats_equal_p_values_alike() -> None:
    """R 4.5: p.adjust(c(0.02, 0.01, 0.02, 0.01), "holm")."""
    assert holm([0.02, 0.01, 0.02, 0.01]) == pytest.approx([0.04] * 4)


def test_holm_gives_the_published_table_of_fifteen_p_values() -> None:
    """Three rejected at 0.05: Benjamini and Hochberg (1995), JRSS B 57, 289-300, section 4."""
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    p_values += [0.6528, 0.7590, 1.0]
    corrected = holm(p_values)
    assert corrected[:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.114])
    assert [p < ALPHA for p in corrected] == [True] * 3 + [False] * 12


def test_coins_with_whole_texts_are_counted_exactly() -> None:
    """Enumerated by hand: of 3, 1, 1 only +++ and --- reach 5, two of eight choices; of 2, 1 all reach 1."""
    assert sign_flip_p(np.array([3, 1, 0, 1])) == pytest.approx(2 / 8)
    assert sign_flip_p(np.array([3, -1, 1])) == pytest.approx(6 / 8)
    assert sign_flip_p(np.array([2, -1])) == pytest.approx(1)
    assert sign_flip_p(np.array([0, 0])) == 1


@pytest.mark.parametrize(("ahead", "behind"), [(9, 2), (150, 86), (0, 3)])
def test_one_row_a_text_is_mcnemar_and_so_is_each_text_as_often(ahead: int, behind: int) -> None:
    once = np.repeat([1, -1, 0], [ahead, behind, 10])
    assert sign_flip_p(once) == mcnemar_p(ahead, behind)
    assert sign_flip_p(3 * once) == pytest.approx(mcnemar_p(ahead, behind), rel=1e-6)


def test_very_many_coins_are_the_normal_distribution() -> None:
    many = np.repeat([2, -2], [60_000, 59_500])
    assert sign_flip_p(many) == pytest.approx(mcnemar_p(60_000, 59_500), rel=0.02)


def test_where_all_are_alike_some_pair_is_called_different_in_at_most_6_of_100_test_sets() -> None:
    rng = np.random.default_rng(3)
    n_test_sets, errors = 500, {"accuracy": 0, "f1_macro": 0}
    for _ in range(n_test_sets):
        labels, predictions = alike(rng, n=300, n_classifiers=4)
        rows = Rows(labels, 4)
        each = [Predicted(rows, one[np.newaxis]) for one in predictions]
        for metric in ("accuracy", "f1_macro"):
            errors[metric] += min(holm([contrast(metric, a, b).p for a, b in combinations(each, 2)])) < ALPHA
    shares = {metric: count / n_test_sets for metric, count in errors.items()}
    assert all(0.005 < share < 0.065 for share in shares.values()), shares


def alike(rng: np.random.Generator, n: int, n_classifiers: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return labels of four unequal classes, and equally good predictions that miss hard rows together."""
    labels = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    hard = rng.random(n)
    missed = 0.7 * hard + 0.3 * rng.random((n_classifiers, n)) > 0.7
    return labels, np.where(missed, rng.integers(0, 4, (n_classifiers, n)), labels)


def letters_in(text: str) -> set[str]:
    return set(re.findall(r"[a-z]\d*", text))


def random_differences(rng: np.random.Generator, m: int, density: float) -> NDArray[np.bool_]:
    upper = np.triu(rng.random((m, m)) < density, 1)
    return np.asarray(upper | upper.T)


def test_letters_of_a_documented_example() -> None:
    """R's multcompView, ?multcompLetters: A-B and A-C alike, B-C different."""
    different = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]], dtype=bool)
    assert rank_letters(different, [2, 3, 1]) == ["ab", "a", "b"]


def test_one_classifier_and_equal_ones_are_all_a() -> None:
    assert rank_letters(np.zeros((1, 1), dtype=bool), [0.5]) == ["a"]
    assert rank_letters(np.zeros((4, 4), dtype=bool), [1, 2, 3, 4]) == ["a"] * 4


def test_letters_follow_the_scores_not_the_order() -> None:
    different = ~np.eye(3, dtype=bool)
    assert rank_letters(different, [0.2, 0.9, 0.5]) == ["c", "a", "b"]


@pytest.mark.parametrize("density", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("m", [2, 5, 12, 20])
def test_two_share_a_letter_unless_they_are_different(m: int, density: float) -> None:
    rng = np.random.default_rng(m)
    for _ in range(10):
        different = random_differences(rng, m, density)
        scores = rng.random(m).tolist()
        letters = [letters_in(text) for text in rank_letters(different, scores)]
        for i, j in combinations(range(m), 2):
            assert bool(letters[i] & letters[j]) != bool(different[i, j])
        assert "a" in letters[int(np.argmax(scores))]


def test_no_letter_says_what_another_says() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        letters = [letters_in(text) for text in rank_letters(random_differences(rng, 10, 0.4), rng.random(10).tolist())]
        members = [{i for i in range(10) if letter in letters[i]} for letter in set.union(*letters)]
        assert not any(one < other for one in members for other in members)


def test_more_than_26_letters_can_be_told_apart() -> None:
    letters = rank_letters(~np.eye(60, dtype=bool), list(range(60, 0, -1)))
    assert [letters[i] for i in (0, 25, 26, 51, 52, 59)] == ["a", "z", "a1", "z1", "a2", "h2"]
    chain = np.abs(np.subtract.outer(np.arange(60), np.arange(60))) > 1
    chained = rank_letters(chain, list(range(60, 0, -1)))
    assert chained[26] == "za1"
    assert letters_in(chained[26]) == {"z", "a1"}


def test_letters_of_100_ranked_classifiers_are_there_at_once() -> None:
    apart = np.abs(np.subtract.outer(np.arange(100), np.arange(100))) > 7
    letters = rank_letters(apart, list(range(100, 0, -1)))
    assert letters_in(letters[0]) == {"a"}
    assert len(set.union(*map(letters_in, letters))) == 93
