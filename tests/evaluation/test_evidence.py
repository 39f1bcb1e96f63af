"""What is concluded follows from intervals and tests, names the cheapest of the best, and keeps seeds apart."""

import json
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from harness import evaluate
from harness.evaluation.evidence import Evidence, assess
from harness.evaluation.intervals import score_interval, wilson
from harness.evaluation.pairs import contrast
from harness.evaluation.predicted import Predicted, Rows
from harness.evaluation.trial_evidence import ScoredTrial

Labels = NDArray[np.int64]
LABELS: Labels = np.arange(600, dtype=np.int64) % 3


def probabilities_of(predictions: Labels, n_classes: int = 3, confidence: float = 0.8) -> NDArray[np.float32]:
    rest = (1 - confidence) / max(n_classes - 1, 1)
    table = np.full((len(predictions), n_classes), rest, dtype=np.float32)
    table[np.arange(len(predictions)), predictions] = confidence
    return table


def wrong_in(rows: slice | list[int], labels: Labels = LABELS) -> NDArray[np.float32]:
    """Return predictions that are right but in these rows."""
    predictions = labels.copy()
    predictions[rows] = (predictions[rows] + 1) % 3
    return probabilities_of(predictions)


def trial_of(
    strategy: str,
    wrong: slice | list[int],
    validation: float = 0.5,
    seconds: float | None = 1.0,
    parameters: int | None = 10,
    seed: int = 0,
) -> ScoredTrial:
    return ScoredTrial(strategy, seed, wrong_in(wrong), validation, seconds, parameters)


FULL = trial_of("full", slice(0, 60), validation=0.9, seconds=100)
PROBE = trial_of("probe", slice(30, 95), validation=0.8, seconds=5)
TFIDF = trial_of("tfidf", slice(20, 90), validation=0.7, seconds=2)
MAJORITY = trial_of("majority", slice(0, 400), validation=0.2, seconds=0.1)
ALL = [PROBE, MAJORITY, FULL, TFIDF]


def test_the_best_by_validation_and_what_is_not_worse_beyond_chance() -> None:
    found = assess(LABELS, ALL).conclusion
    assert (found.best, found.tied, found.cheapest) == ("full", ["probe", "tfidf"], "full")


def test_the_best_is_chosen_on_validation_even_where_test_says_otherwise() -> None:
    modest = trial_of("modest", slice(0, 60), validation=0.6)
    hopeful = trial_of("hopeful", slice(0, 300), validation=0.9, seconds=50)
    found = assess(LABELS, [modest, hopeful])
    assert (found.conclusion.best, found.conclusion.tied, found.conclusion.cheapest) == ("hopeful", [], "hopeful")
    assert found.letters["modest"].f1_macro == "a"
    assert found.letters["hopeful"].f1_macro == "b"


@pytest.mark.parametrize(
    ("costs", "cheapest"),
    [
        ([(9.0, 5), (3.0, 5), (4.0, 1)], "second"),
        ([(None, 1), (3.0, 5), (None, 0)], "second"),
        ([(3.0, 5), (3.0, 5), (3.0, 4)], "third"),
        ([(3.0, None), (3.0, 7), (3.0, 8)], "second"),
        ([(None, None), (None, None), (None, 3)], "third"),
        ([(None, None), (None, None), (None, None)], "first"),
    ],
)
def test_the_cheapest_takes_the_fewest_seconds_then_parameters_and_what_is_unknown_comes_last(
    costs: list[tuple[float | None, int | None]], cheapest: str
) -> None:
    named = zip(("first", "second", "third"), costs, strict=True)
    tied = [trial_of(name, [1, 2, 3], 0.5, seconds, parameters) for name, (seconds, parameters) in named]
    assert assess(LABELS, tied).conclusion.cheapest == cheapest


def test_of_strategies_that_are_equal_on_validation_the_best_is_the_first_by_name_as_in_the_tables() -> None:
    found = assess(LABELS, [trial_of("words", [1], 0.9), trial_of("probe", [2], 0.9)]).conclusion
    assert (found.best, found.tied) == ("probe", ["words"])


def test_a_single_trial_is_the_best_and_the_cheapest() -> None:
    found = assess(LABELS, [FULL])
    assert (found.conclusion.best, found.conclusion.tied, found.conclusion.cheapest) == ("full", [], "full")
    assert found.pairs == []
    assert found.letters["full"].model_dump() == {"accuracy": "a", "f1_macro": "a"}
    assert len(found.trials) == 1


def test_every_seed_has_intervals_and_strategies_are_compared_by_their_means() -> None:
    seeds = [trial_of("full", slice(0, 300), seed=7), trial_of("full", slice(0, 60), seed=3), MAJORITY]
    found = assess(LABELS, seeds)
    assert [(trial.strategy, trial.seed) for trial in found.trials] == [("full", 7), ("full", 3), ("majority", 0)]
    assert found.trials[0].accuracy.low == pytest.approx(wilson(300, 600).low, abs=1e-9)
    assert found.trials[1].accuracy.low == pytest.approx(wilson(540, 600).low, abs=1e-9)
    assert [(pair.first, pair.second) for pair in found.pairs] == [("full", "majority")]
    assert (found.pairs[0].only_first_right, found.pairs[0].only_second_right) == (340, 0)
    assert found.pairs[0].accuracy.value == pytest.approx((300 + 540) / 1200 - 200 / 600)
    assert list(found.letters) == ["full", "majority"]
    full = found.strategy("full")
    assert full is not None
    assert (full.n_seeds, full.n_trainings) == (2, 2)
    assert full.accuracy.value == pytest.approx(0.7)
    assert full.accuracy.sd == pytest.approx(np.std([0.5, 0.9], ddof=1))


def test_no_test_contradicts_the_means_over_the_seeds() -> None:
    """With its lowest seed alone, the strategy that is better on average would be called worse."""
    moody = [trial_of("moody", slice(0, 240 if seed == 0 else 30), seed=seed) for seed in range(5)]
    steady = [trial_of("steady", slice(0, 96), seed=seed) for seed in range(5)]
    (pair,) = assess(LABELS, [*moody, *steady]).pairs
    assert pair.f1_macro.value > 0
    assert pair.f1_macro.p_holm > 0.05


def test_numbers_are_those_of_the_rooms_below() -> None:
    found = assess(LABELS, [FULL, PROBE])
    rows = Rows(LABELS, 3)
    one, other = (Predicted(rows, each.probabilities.argmax(axis=1)[np.newaxis]) for each in (FULL, PROBE))
    below = contrast("f1_macro", one, other)
    (pair,) = found.pairs
    for each, trial in zip((one, other), found.trials, strict=True):
        assert trial.f1_macro == score_interval(each, "f1_macro")
        assert trial.f1_weighted == score_interval(each, "f1_weighted")
    assert (pair.f1_macro.value, pair.f1_macro.interval) == (below.value, below.interval())
    assert pair.f1_macro.p == below.p == pair.f1_macro.p_holm
    assert pair.accuracy.value == pytest.approx(35 / 600 - 30 / 600)
    assert (pair.only_first_right, pair.only_second_right) == (35, 30)
    assert found.trials[0].calibration.ece == pytest.approx(0.1, abs=1e-6)  # right in 540 of 600, 80 % sure


def test_letters_are_shared_unless_the_corrected_p_value_is_below_5_percent() -> None:
    found = assess(LABELS, ALL)
    assert {pair.accuracy.p_holm >= 0.05 for pair in found.pairs} == {True, False}
    for pair in found.pairs:
        for metric in ("accuracy", "f1_macro"):
            one, other = (set(getattr(found.letters[name], metric)) for name in (pair.first, pair.second))
            assert bool(one & other) == (getattr(pair, metric).p_holm >= 0.05)
            assert getattr(pair, metric).p_holm >= getattr(pair, metric).p


def test_holm_counts_the_pairs() -> None:
    """Alone, 9 rows against 1 differ by p = 0.021; among six pairs that is nothing."""
    ahead, behind = trial_of("ahead", [0]), trial_of("behind", list(range(1, 10)))
    others = [trial_of("third", [0, 1, 2, 20]), trial_of("fourth", [1, 2, 3, 30])]
    alone, among = assess(LABELS, [ahead, behind]), assess(LABELS, [ahead, behind, *others])
    assert alone.pairs[0].accuracy.p == among.pairs[0].accuracy.p == pytest.approx(0.0215, abs=5e-5)
    assert alone.letters["behind"].accuracy == "b"
    assert among.pairs[0].accuracy.p_holm == pytest.approx(6 * 0.0215, abs=5e-4)
    assert {each.accuracy for each in among.letters.values()} == {"a"}


def test_equal_predictions_do_not_differ_at_all() -> None:
    (pair,) = assess(LABELS, [FULL, trial_of("copy", slice(0, 60))]).pairs
    for difference in (pair.accuracy, pair.f1_macro):
        assert difference.value == 0
        assert difference.interval.low < 0 < difference.interval.high
        assert difference.p == difference.p_holm == 1


def test_scores_on_unseen_rows_stand_beside() -> None:
    in_train = np.zeros(600, dtype=bool)
    in_train[:30] = True
    (trial,) = assess(LABELS, [FULL], in_train).trials
    expected = evaluate(LABELS[30:], FULL.probabilities[30:])
    assert trial.unseen is not None
    assert trial.unseen.model_dump() == {
        "n_rows": 570,
        "accuracy": expected.accuracy,
        "f1_macro": expected.f1_macro,
        "f1_weighted": expected.f1_weighted,
        "lost_classes": [],
    }


def test_scores_on_unseen_rows_are_of_the_same_classes_or_none() -> None:
    labels = np.array([0, 1] * 30 + [2] * 6)
    seen = labels == 2
    (trial,) = assess(labels, [ScoredTrial("right", 0, probabilities_of(labels), 0.9, 1, 1)], seen).trials
    assert trial.unseen is not None
    assert (trial.unseen.accuracy, trial.unseen.f1_macro, trial.unseen.lost_classes) == (1, None, [2])
    answers = labels.copy()
    answers[-1] = 0
    seen[-1] = False  # one row of the third class is left, and wrong
    (trial,) = assess(labels, [ScoredTrial("most", 0, probabilities_of(answers), 0.9, 1, 1)], seen).trials
    assert trial.unseen is not None
    assert trial.unseen.f1_macro == pytest.approx((60 / 61 + 1 + 0) / 3)


@pytest.mark.parametrize("in_train", [None, np.ones(600, dtype=bool)], ids=["nobody looked", "none is left"])
def test_without_unseen_rows_there_are_no_scores_of_them(in_train: NDArray[np.bool_] | None) -> None:
    assert assess(LABELS, [FULL], in_train).trials[0].unseen is None


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_test_set_of_a_few_rows_has_evidence(n: int) -> None:
    labels = LABELS[:n]
    right, wrong = probabilities_of(labels), probabilities_of((labels + 1) % 3)
    found = assess(labels, [ScoredTrial("right", 0, right, 0.9, 1, 1), ScoredTrial("wrong", 0, wrong, 0.8, 1, 1)])
    assert found.n_rows == n
    assert {each.f1_macro for each in found.letters.values()} == {"a"}
    assert found.conclusion.tied == ["wrong"]


def test_evidence_survives_json_and_is_the_same_each_time() -> None:
    found = assess(LABELS, ALL, np.arange(600) < 5)
    assert Evidence.model_validate(json.loads(found.model_dump_json())) == found
    assert assess(LABELS, ALL, np.arange(600) < 5) == found


def test_the_global_random_state_is_left_alone() -> None:
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    assess(LABELS, [FULL, PROBE])
    assert np.random.random() == expected


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        ([], "at least one trial"),
        ([FULL, FULL], "each of them once"),
        ([FULL, ScoredTrial("short", 0, FULL.probabilities[:10], 0.5, 1, 1)], "of 600 rows"),
        ([FULL, ScoredTrial("wide", 0, probabilities_of(LABELS, 4), 0.5, 1, 1)], "the same classes"),
    ],
)
def test_trials_that_cannot_be_compared_are_refused(trials: list[ScoredTrial], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assess(LABELS, trials)


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [6, 77])
def test_20_strategies_on_2000_rows_take_less_than_5_seconds(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, n_classes, 2000)
    predictions = np.where(rng.random((20, 2000)) < 0.8, labels, rng.integers(0, n_classes, (20, 2000)))
    many = [
        ScoredTrial(f"strategy {i}", 0, probabilities_of(each, n_classes), 0.8, 1.0, 1)
        for i, each in enumerate(predictions)
    ]
    assess(labels[:10], [ScoredTrial("imports", 0, many[0].probabilities[:10], 0.8, 1.0, 1)])
    started = time.process_time()
    found = assess(labels, many)
    assert time.process_time() - started < 5
    assert len(found.pairs) == 190
