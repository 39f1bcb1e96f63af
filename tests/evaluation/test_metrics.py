"""Scores are scikit-learn's over the fixed label set, and what is no prediction is refused."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score

from harness import StrategyError, evaluate
from harness.evaluation.metrics import checked_probabilities

Labels = NDArray[np.int64]


def one_hot(predictions: Labels, n_classes: int) -> NDArray[np.float32]:
    return np.eye(n_classes, dtype=np.float32)[predictions]


def random_case(seed: int, n_classes: int) -> tuple[Labels, NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    labels = rng.choice(n_classes, size=60, p=rng.dirichlet(np.ones(n_classes)))
    return labels, rng.dirichlet(np.ones(n_classes), size=60).astype(np.float32)


@pytest.mark.parametrize("n_classes", [2, 3, 40])
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_scikit_learn(seed: int, n_classes: int) -> None:
    labels, probabilities = random_case(seed, n_classes)
    predictions, classes = probabilities.argmax(axis=1), list(range(n_classes))
    fixed: dict[str, Any] = {"labels": classes, "zero_division": 0}
    score = evaluate(labels, probabilities)
    assert score.accuracy == pytest.approx(accuracy_score(labels, predictions))
    assert score.f1_macro == pytest.approx(f1_score(labels, predictions, average="macro", zero_division=0))
    assert score.f1_weighted == pytest.approx(f1_score(labels, predictions, average="weighted", **fixed))
    assert score.confusion == confusion_matrix(labels, predictions, labels=classes).tolist()
    report = classification_report(labels, predictions, output_dict=True, **fixed)
    for i, found in enumerate(score.per_class):
        expected = [report[str(i)][key] for key in ("precision", "recall", "f1-score", "support")]
        assert [found.precision, found.recall, found.f1, found.support] == pytest.approx(expected)


def test_a_name_that_nobody_carries_or_predicts_takes_no_part_in_the_macro_average() -> None:
    labels = np.array([0, 1, 0, 1])
    score = evaluate(labels, one_hot(labels, 4))
    assert (score.accuracy, score.f1_macro, score.f1_weighted) == (1.0, 1.0, 1.0)
    assert [len(score.per_class), len(score.confusion)] == [4, 4]
    assert score.per_class[3].model_dump() == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_a_class_that_is_only_predicted_counts_as_zero_in_the_macro_average() -> None:
    score = evaluate(np.array([0, 0, 1, 1]), one_hot(np.array([0, 2, 1, 1]), 4))
    assert score.f1_macro == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_the_classes_of_the_macro_average_can_be_given() -> None:
    labels = np.array([0, 0, 1, 1])
    score = evaluate(labels, one_hot(labels, 4), np.array([0, 1, 2]))
    assert score.f1_macro == pytest.approx(2 / 3)


def test_a_prediction_of_a_class_without_rows_stays_in_the_confusion() -> None:
    score = evaluate(np.array([0, 1]), one_hot(np.array([2, 1]), 3))
    assert score.confusion == [[0, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_the_first_of_two_equal_maxima_is_the_prediction() -> None:
    score = evaluate(np.array([0, 2]), np.array([[0.4, 0.4, 0.2], [0.2, 0.4, 0.4]]))
    assert score.confusion == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        pytest.param([[0.5, np.nan], [0.5, 0.5]], "finite numbers", id="nan"),
        pytest.param([[0.5, np.inf], [0.5, 0.5]], "finite numbers", id="infinity"),
        pytest.param([[1.5, -0.5], [0.5, 0.5]], "non-negative numbers that sum to 1", id="negative"),
        pytest.param([[0.5, 0.4], [0.5, 0.5]], "sum to 1", id="logits or unnormalised"),
        pytest.param([[0.0, 0.0], [0.5, 0.5]], "sum to 1", id="zeros"),
        pytest.param([0, 1], r"must return shape \(2, 2\), got \(2,\)", id="labels"),
        pytest.param([[0.5, 0.5]], r"got \(1, 2\)", id="a row missing"),
        pytest.param([[0.2, 0.3, 0.5]] * 2, r"got \(2, 3\)", id="a class too many"),
        pytest.param([["0.5", "0.5"]] * 2, "non-numbers", id="text"),
        pytest.param([[0.5 + 0j, 0.5]] * 2, "non-numbers", id="complex"),
        pytest.param(None, r"got \(\)", id="nothing"),
    ],
)
def test_what_is_no_table_of_probabilities_is_refused(output: Any, message: str) -> None:
    with pytest.raises(StrategyError, match=message):
        checked_probabilities(output, 2, 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64])
def test_any_real_numbers_that_sum_to_one_are_taken_as_float32(dtype: type) -> None:
    table = checked_probabilities(np.array([[1, 0], [0, 1]], dtype=dtype), 2, 2)
    assert table.dtype == np.float32
    assert table.tolist() == [[1, 0], [0, 1]]


def test_half_precision_rows_over_many_classes_still_sum_to_one() -> None:
    table = np.full((2, 10_000), 1 / 10_000, dtype=np.float16, order="F")  # summed in steps of its own precision
    assert checked_probabilities(table, 2, 10_000).sum(axis=1) == pytest.approx([1, 1], abs=1e-3)


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [([0, 2], [[1, 0], [0, 1]]), ([-1, 0], [[1, 0], [0, 1]]), ([], np.zeros((0, 2)))],
    ids=["label without a column", "negative label", "no rows"],
)
def test_labels_that_the_table_cannot_answer_are_refused(labels: Any, probabilities: Any) -> None:
    with pytest.raises(StrategyError, match=r"Scores need labels in 0..1, one column each, and at least one row"):
        evaluate(np.array(labels, dtype=np.int64), probabilities)


@pytest.mark.parametrize("probabilities", [np.array([1.0, 0.0]), np.float32(1.0)], ids=["flat", "a number"])
def test_scores_of_no_table_are_refused(probabilities: Any) -> None:
    with pytest.raises(StrategyError, match="must return shape"):
        evaluate(np.array([0, 1]), probabilities)
