"""The second floor: it guesses by the class shares of train, and says that it is guessing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import Split, Strategy
from harness.evaluation.calibration import calibrate
from harness.plugin_system.manager import PluginManager
from harness.testing import Bench

N = 6000
TEXTS = [f"text {i}" for i in range(N)]
SHARES = np.array([0.5, 0.3, 0.2])


@pytest.fixture(scope="module")
def strategy() -> Strategy:
    return PluginManager().offers["stratified_random"].strategy


@pytest.fixture
def guesser(strategy: Strategy, bench: Bench) -> Any:
    labels = np.repeat(np.arange(3), (50, 30, 20))
    with bench.fitted(strategy) as (_, context):
        return strategy.fit(Split(TEXTS[:100], labels), bench.task.validation, context)


def test_each_class_is_drawn_as_often_as_it_occurs_in_train(guesser: Any) -> None:
    drawn = np.bincount(guesser.predict_proba(TEXTS).argmax(axis=1), minlength=3) / N
    assert drawn == pytest.approx(SHARES, abs=0.02)


def test_its_confidence_is_that_of_a_guess(guesser: Any) -> None:
    probabilities = guesser.predict_proba(TEXTS)
    assert probabilities.max() < SHARES.max() + 0.01
    labels = np.random.default_rng(0).choice(3, N, p=SHARES)
    right = float((SHARES**2).sum())
    assert calibrate(labels, probabilities).ece <= SHARES.max() - right + 0.03


def test_a_text_gets_the_same_answer_whatever_stands_beside_it(guesser: Any) -> None:
    together = guesser.predict_proba(TEXTS[:50])
    alone = np.concatenate([guesser.predict_proba([text]) for text in reversed(TEXTS[:50])])[::-1]
    assert np.array_equal(together, alone)


def test_another_seed_draws_otherwise(guesser: Any) -> None:
    other = type(guesser)(guesser.labels, guesser.n_classes, seed=1)
    assert not np.array_equal(other.predict_proba(TEXTS), guesser.predict_proba(TEXTS))


def test_labels_of_other_numbers_are_drawn_alike(guesser: Any) -> None:
    turned = type(guesser)((guesser.labels + 1) % 3, guesser.n_classes, guesser.seed)
    expected = (guesser.predict_proba(TEXTS).argmax(axis=1) + 1) % 3
    assert np.array_equal(turned.predict_proba(TEXTS).argmax(axis=1), expected)


def test_the_saved_file_holds_no_pickle(guesser: Any, tmp_path: Path) -> None:
    guesser.save(tmp_path)
    (file,) = tmp_path.iterdir()
    assert np.array_equal(np.load(file, allow_pickle=False), guesser.labels)
