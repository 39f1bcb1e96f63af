"""Checks of what validation is used for, and of what the prediction for a text depends on."""

from dataclasses import replace
from unittest import SkipTest

import numpy as np
from numpy.typing import NDArray

from harness.strategies.strategy import Strategy
from harness.testing.answers import FEW, Answers
from harness.testing.bench import Bench
from harness.testing.examination import Examination, examine
from harness.testing.expecting import expect, expecting
from harness.testing.predictions import LEARNT, TIE
from harness.testing.tiny import unexplained_split

FEW_OF_TRAIN = 12  # rows, so that a narrow linear head has room for the labels of validation, too
SAME = 1e-5  # difference in probability that adding up in another order explains
LITTLE = 0.05  # of what texts move a probability by
SELDOM = 0.01  # share of rows where rounding may decide between neighbours or branches that are as near


def check_learns_nothing_from_validation(strategy: Strategy, bench: Bench) -> str | None:
    """Validation chooses, stops and calibrates, but is not fitted: labels drawn at random are not learnt from it.

    The strategy is fitted with validation texts whose labels nothing explains, and again with other labels for the same
    texts. What searches a grid on validation gets few of them right by luck, and hardly both times. What is
    fitted on validation knows both by heart, and its validation scores are those of training.

    Returns:
        That it would not show, where the strategy does not even learn train.
    """
    exam = examine(strategy, bench)
    _ = exam.first
    by_heart = 1 / exam.task.n_classes + LEARNT
    known, of_train = _accuracies(exam, turn=0)
    if known > by_heart:
        known = min(known, _accuracies(exam, turn=1)[0])
    expect(
        known <= by_heart,
        "expected validation to be used for choosing and stopping, but labels that were drawn at random for its texts "
        f"are known by heart, and other labels for the same texts, too (accuracy of at least {known:.2f}, by chance "
        f"{1 / exam.task.n_classes:.2f}): it is fitted on validation, so its validation scores are those of training",
    )
    untold = of_train < by_heart
    return f"what is fitted shows only where train is learnt (accuracy on it {of_train:.2f})" if untold else None


def _accuracies(exam: Examination, turn: int) -> tuple[float, float]:
    """Fit beside a validation split that nothing explains, and return the accuracy on it and on train."""
    few = exam.task.train.rows(np.arange(FEW_OF_TRAIN))
    task = replace(exam.task, train=few, validation=unexplained_split(exam.task.n_classes, turn))
    with expecting("fit to cope with another validation split"), exam.fitted(task) as (classifier, _):
        both = [
            exam.checked(classifier, split.texts).argmax(axis=1) == split.labels
            for split in (task.validation, task.train)
        ]
    return float(both[0].mean()), float(both[1].mean())


def check_answers_the_same_when_asked_again(strategy: Strategy, bench: Bench) -> None:
    """The same texts get the same probabilities again, whatever was asked in between.

    Raises:
        SkipTest: Where a call of another kind fails, which the check of single texts says.
    """
    exam = examine(strategy, bench)
    _ = exam.first
    if isinstance(exam.answers, AssertionError):
        raise SkipTest("not judged, as it does not answer every call")
    apart = _apart(exam.answers.together, exam.answers.again)
    expect(
        apart <= SAME,
        f"expected the same probabilities for texts that are asked twice, got some that differ by up to {apart:.2g}: "
        "predict_proba draws at random, counts calls, or learns from what it is asked",
    )


def check_judges_each_text_alone(strategy: Strategy, bench: Bench) -> None:
    """The prediction for a text depends neither on the other texts of the call, however many, nor on their order.

    Raises:
        SkipTest: Where the same call gives other predictions anyway.
    """
    exam = examine(strategy, bench)
    _ = exam.first
    if isinstance(exam.answers, AssertionError):
        raise exam.answers
    got = exam.answers
    if _apart(got.together, got.again) > SAME:
        raise SkipTest("not judged, as the same call gives other predictions")
    reordered, by_itself = _apart(got.together, got.backwards), _apart(got.together[: len(got.alone)], got.alone)
    explained = _explained(got.together)
    expect(
        by_itself <= explained,
        f"expected the same probabilities for a text by itself as among {len(got.together)}, got some that differ by "
        f"up to {by_itself:.2g}: predict_proba uses the other texts of the call, which come one by one in use",
    )
    expect(
        reordered <= explained,
        f"expected the same probabilities for texts in another order, got some that differ by up to {reordered:.2g}: "
        "predict_proba uses the place of a text in the call",
    )
    _expect_the_same_of_many(got)


def _expect_the_same_of_many(got: Answers) -> None:
    """Fail where more rows than ties explain differ between one long call and several short ones."""
    apart = np.abs(got.many - got.by_few).max(axis=1)
    moved = apart > max(_explained(got.many), _explained(got.by_few))
    expect(
        float(moved.mean()) <= SELDOM,
        f"expected the same probabilities for {len(apart)} texts in one call as in calls of {FEW}, got some that "
        f"differ by up to {apart.max():.2g}, in {moved.sum()} rows: predict_proba uses how many texts a call has, "
        "or answers otherwise for texts that do not fill a batch",
    )


def _explained(probabilities: NDArray[np.float32]) -> float:
    """Return what padding may move probabilities by: far less than texts do, where these move them little, too."""
    return float(np.clip(LITTLE * np.ptp(probabilities, axis=0).max(), SAME, TIE))


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).max())
