"""Checks of what a strategy predicts, and of what may change that."""

from typing import Any
from unittest import SkipTest

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Split, Task
from harness.errors import StrategyError
from harness.evaluation.metrics import checked_probabilities
from harness.results.records import RunRecord
from harness.strategies.strategy import Strategy, recorded_parameters
from harness.strategies.tags import tags_of
from harness.testing.bench import Bench
from harness.testing.examination import Examination, examine, renamed, with_other_test_labels
from harness.testing.expecting import expect, expecting
from harness.testing.watching import reachable

LEARNT = 0.25  # accuracy above chance from which a strategy can be said to have learnt the tiny task
FAR = 0.25  # share of rows that neither chance nor another start of training explains
TIE = 1e-3  # difference in probability within which classes are tied, and may be ranked either way
FEW_ROWS = 0.1  # an optimiser may stop a little elsewhere, which moves rows that lie between classes
CONVERGED = 0.01  # difference in probability between two ends of one convex fit; saga and sag stop within a third of it


def check_scores_a_trial(strategy: Strategy, bench: Bench) -> None:
    """It fits, predicts and is scored without failure, and its record fits into JSON."""
    watched = examine(strategy, bench).watched
    if (error := watched.record.error) and not watched.is_scored:
        expect(False, f"expected scores, got {error.message} (in {error.stage})", error.traceback)
    record = watched.record.model_copy(update={"params": recorded_parameters(strategy)})
    RunRecord.model_validate_json(record.model_dump_json())


def check_gives_probabilities_in_class_order(strategy: Strategy, bench: Bench) -> str | None:
    """Rows are finite, non-negative and sum to 1; column i is the class that has the id i.

    The order shows where the tiny task is learnt: then the columns as they are must not be far less often right than in
    another order.

    Returns:
        That the order was not judged, where the strategy learns too little for that.
    """
    exam = examine(strategy, bench)
    splits = (exam.task.validation, exam.task.test)
    for split, answer in zip(splits, exam.watched.answers, strict=False):
        try:
            checked_probabilities(answer, len(split), exam.task.n_classes)
        except StrategyError as error:
            raise AssertionError(f"expected a table of probabilities, got something else: {error}") from error
    _ = exam.first
    return judge_column_order(exam.probabilities, _labels(exam.task))


def judge_column_order(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> str | None:
    """Fail where the columns in another order are far more often right.

    Args:
        probabilities: Class probabilities, float32 (n, k).
        labels: Class ids, int64 (n,).

    Returns:
        Why the order was not judged, None where it was.

    Raises:
        AssertionError: With both accuracies and the better order.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import confusion_matrix

    classes = np.arange(probabilities.shape[1])
    confusion = confusion_matrix(labels, probabilities.argmax(axis=1), labels=classes)
    right = np.trace(confusion) / len(labels)
    order = linear_sum_assignment(confusion, maximize=True)[1]  # order[i]: the column that looks like class i
    best = confusion[classes, order].sum() / len(labels)
    expect(
        best - right <= FAR,
        f"expected column i to be the class with id i, got an accuracy of {right:.2f} so, but of {best:.2f} with the "
        f"columns in the order {', '.join(map(str, order))}: order them as context.label_names does",
    )
    too_little = best < _chance(labels) + LEARNT
    return f"the order of the columns shows only where more is learnt (accuracy {best:.2f})" if too_little else None


def check_never_reaches_test_labels(strategy: Strategy, bench: Bench) -> None:
    """Nothing that `fit` is given leads to the test labels, and other test labels change no prediction."""
    exam = examine(strategy, bench)
    given, labels = exam.first.given, exam.first.session.task.test.labels
    expect(bool(given), "expected fit to be called")
    leads = any(item is labels for item in reachable(given))
    expect(not leads, "expected nothing that fit is given to lead to the test labels, but it does")
    expect(
        not exam.is_moved_by(with_other_test_labels(exam.task)),
        "expected the same predictions for other test labels, got different ones: fit or predict_proba reads them, or "
        "something made of them",
    )


def check_same_seed_same_predictions(strategy: Strategy, bench: Bench) -> None:
    """Fitting twice with one seed gives the same predictions, bit for bit.

    With another seed, what declares `deterministic` predicts the same up to where an optimiser may stop.
    """
    exam = examine(strategy, bench)
    if not exam.repeats:
        apart = np.abs(exam.probabilities - exam.again).max()
        expect(
            False,
            f"expected two fits with seed 0 to predict the same, got probabilities that differ by up to {apart:.2g}: "
            "something is drawn that neither context.seed nor the global generators decide",
        )
    if not tags_of(strategy).deterministic:
        return
    apart_by_seed = np.abs(exam.probabilities - exam.with_another_seed).max(axis=1)
    moved = float((apart_by_seed > CONVERGED).mean())
    expect(
        moved <= FEW_ROWS,
        "expected the same predictions with another seed, as it declares deterministic = True, got probabilities that "
        f"differ by up to {apart_by_seed.max():.2g}, for {moved:.0%} of the rows by more than {CONVERGED}: it draws by "
        "the seed, so leave deterministic out",
    )


def check_renamed_classes_change_nothing(strategy: Strategy, bench: Bench) -> None:
    """Other names for the same classes change no prediction; a strategy that reads names leaves this check out.

    Raises:
        SkipTest: Where it declares to go by what the names mean.
    """
    if tags_of(strategy).reads_label_names:
        raise SkipTest("not judged, as it goes by what the names mean")
    exam = examine(strategy, bench)
    expect(
        not exam.is_moved_by(renamed(exam.task)),
        "expected the same predictions for classes of other names, got different ones: an order or a choice depends on "
        "context.label_names",
    )


def check_reordered_classes_reorder_predictions(strategy: Strategy, bench: Bench) -> str | None:
    """Other ids for the same classes give the same predictions, in columns of that order.

    A strategy that draws nothing must predict the same class, or the same probabilities where classes are tied, for
    nine rows out of ten. One that draws, such as the first weights of a head, draws others for each class then: that
    may change about as many rows as another seed does, where it learns the tiny task at all.

    Returns:
        What it was compared with, where the strategy draws.

    Raises:
        SkipTest: Where it draws and learns too little.
    """
    exam = examine(strategy, bench)
    before, after = exam.probabilities, _with_other_ids(exam)
    changed = 1 - _alike(before, after)
    if changed <= FEW_ROWS:
        return None
    draws = not np.array_equal(before, exam.with_another_seed)
    right = _accuracy(before, _labels(exam.task))
    if draws and right < _chance(_labels(exam.task)) + LEARNT:
        raise SkipTest(f"not judged, as it draws at random and learns too little here (accuracy {right:.2f})")
    of_seed = 1 - _alike(before, exam.with_another_seed)
    beside = f", and for {of_seed:.0%} with another seed" if draws else ""
    expect(
        draws and changed <= of_seed + FAR,
        "expected the same predictions where classes have other ids, in columns of that order, got other ones for "
        f"{changed:.0%} of the rows{beside}: an id is taken for more than a name",
    )
    return "compared with what another seed changes, as it draws at random"


def _with_other_ids(exam: Examination) -> NDArray[np.float32]:
    """Fit where every class has another id, and return the predictions with columns in the old order."""
    order = np.roll(np.arange(exam.task.n_classes), 1)  # order[i]: the new id of class i
    splits: dict[str, Any] = {
        name: Split(split.texts, order[split.labels])
        for name, split in vars(exam.task).items()
        if isinstance(split, Split)
    }
    names = tuple(exam.task.label_names[i] for i in np.argsort(order))
    task = Task(exam.task.name, names, **splits)
    with expecting("fit and predict_proba to work where classes have other ids"):
        return exam.predictions(task)[:, order]


def _alike(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the share of rows with the same class or nearly the same probabilities; ties may break either way."""
    same_class = one.argmax(axis=1) == other.argmax(axis=1)
    return float((same_class | (np.abs(one - other).max(axis=1) <= TIE)).mean())


def _labels(task: Task) -> NDArray[np.int64]:
    return np.concatenate([task.validation.labels, task.test.labels])


def _accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def _chance(labels: NDArray[np.int64]) -> float:
    """Return the accuracy of always answering the largest class."""
    return float(np.bincount(labels).max() / len(labels))
