"""What choosing the best of many adds to a validation score is estimated from their answers."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from harness import Candidate, score_candidate, selection_optimism

K = 3


def candidates(right: float, n_rows: int, n_tried: int, seed: int) -> tuple[list[Candidate], np.ndarray]:
    """Return configurations that are right equally often, each by its own luck, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(K, size=n_rows)
    found = []
    for number in range(n_tried):
        wrong = rng.random(n_rows) > right
        answers = np.where(wrong, (labels + rng.integers(1, K, size=n_rows)) % K, labels)
        probabilities = np.full((n_rows, K), 0.15, np.float32)
        probabilities[np.arange(n_rows), answers] = 0.7
        found.append(score_candidate({"number": number}, probabilities, labels))
    return found, labels


@pytest.mark.slow
@pytest.mark.parametrize(("n_tried", "chosen_by"), [(2, "f1_macro"), (12, "f1_macro"), (12, "f1_weighted")])
def test_it_is_on_average_what_the_best_of_equals_is_above_their_true_score(n_tried: int, chosen_by: Any) -> None:
    flattered, estimated = [], []
    for seed in range(60):
        tried, labels = candidates(0.7, 150, n_tried, seed)
        chosen = max(tried, key=lambda each: f1_score(labels, each.answers.predictions, average=chosen_by[3:]))
        flattered.append(chosen.f1_macro - 0.7)
        estimated.append(selection_optimism(tried, labels, nearly_best=0.0, chosen_by=chosen_by))
    assert np.mean(estimated) == pytest.approx(np.mean(flattered), abs=0.012)


def test_who_tries_what_changes_nothing_has_none() -> None:
    (one,), labels = candidates(0.7, 150, 1, 0)
    assert selection_optimism([one] * 12, labels) == pytest.approx(0.0, abs=1e-9)


def test_one_configuration_and_one_without_its_answers_have_no_estimate() -> None:
    tried, labels = candidates(0.7, 50, 2, 0)
    assert selection_optimism(tried[:1], labels) is None
    assert selection_optimism([*tried, Candidate({}, 0.5, 1.0)], labels) is None


def test_a_clear_winner_is_hardly_flattered() -> None:
    (best,), labels = candidates(0.9, 300, 1, 1)
    poor = [each for seed in range(2, 6) for each in _on(labels, seed)]
    assert (selection_optimism([best, *poor], labels) or 0.0) < 0.01


def _on(labels: np.ndarray, seed: int) -> list[Candidate]:
    guesses = np.random.default_rng(seed).dirichlet(np.ones(K), size=len(labels)).astype(np.float32)
    return [score_candidate({}, guesses, labels)]
