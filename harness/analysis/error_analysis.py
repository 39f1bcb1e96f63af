"""Predictions -> ErrorAnalysis: where one strategy fails, and what the others make of the same rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.analysis.joint_errors import JointErrors, find_joint_errors, is_right
from harness.analysis.row_groups import Breakdown, breakdowns
from harness.errors import UserError, did_you_mean
from harness.evaluation.intervals import Interval, wilson
from harness.results.predictions import Predictions
from harness.results.row_facts import RowFacts

N_EXAMPLES = 2  # of each confused pair
# Probabilities are float32, and scikit-learn's log_loss clips at the precision of their type, too.
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class RowError:
    """One test row as a strategy saw it.

    Attributes:
        row: Row in the split as it was read, from 0.
        label: True class id.
        prediction: Predicted class id.
        probability: Probability of the prediction, 0-1.
        label_probability: Probability of the label, 0-1.
        loss: Cross-entropy of the label, in nats: -ln of `label_probability`, at most 15.94.
    """

    row: int
    label: int
    prediction: int
    probability: float
    label_probability: float
    loss: float


@dataclass(frozen=True)
class ConfusedPair:
    """A class that is taken for another.

    Attributes:
        label: True class id.
        prediction: Class id predicted instead.
        n: How many rows.
        support: How many rows the true class has.
        examples: A few of these rows, from 0, those first that the strategy is surest of.
    """

    label: int
    prediction: int
    n: int
    support: int
    examples: tuple[int, ...]

    @property
    def share(self) -> float:
        """Share of the rows of the true class, 0-1."""
        return self.n / self.support


@dataclass(frozen=True)
class ErrorAnalysis:
    """Where one strategy fails on the test rows.

    Attributes:
        strategy: Its name.
        n: Number of rows.
        n_right: How many it gets right.
        interval: Wilson's 95 % interval of its accuracy.
        highest_loss: The rows with the highest loss.
        confused: The pairs of classes that it confuses most often.
        only_right: All rows, from 0, that no other strategy gets right, those first that it is surest of; empty
            where it is not among the strategies that `joint` compares.
        joint: What all strategies make of the rows, None where fewer than two can be compared.
        breakdowns: Accuracy on groups of rows, empty where the run kept no facts of its rows.
    """

    strategy: str
    n: int
    n_right: int
    interval: Interval
    highest_loss: tuple[RowError, ...]
    confused: tuple[ConfusedPair, ...]
    only_right: tuple[int, ...]
    joint: JointErrors | None
    breakdowns: tuple[Breakdown, ...]

    @property
    def accuracy(self) -> float:
        """Share of the rows that it gets right, 0-1."""
        return self.n_right / self.n

    def rows_named(self) -> list[int]:
        """Return every row that any of this names, each once, in order."""
        rows = {error.row for error in self.highest_loss} | {row for pair in self.confused for row in pair.examples}
        missed = {each.row for each in self.joint.missed_by_all} if self.joint else set()
        return sorted(rows | set(self.only_right) | missed)


def analyse_errors(
    strategy: str,
    predictions: Mapping[str, Predictions],
    facts: RowFacts | None = None,
    n_shown: int = 10,
    floors: Collection[str] = (),
) -> ErrorAnalysis:
    """Look at the errors of one strategy, on its own and beside all others.

    Args:
        strategy: The one to look at.
        predictions: Strategy -> its predictions on the same test rows, the one to look at among them.
        facts: Facts of these rows, None where there are none.
        n_shown: Rows with the highest loss and confused pairs to return.
        floors: Names of strategies that do not read the texts.

    Returns:
        Its errors.

    Raises:
        UserError: Where there are no predictions of the strategy, or they are of other rows than the rest.
    """
    if strategy not in predictions:
        raise UserError(f"There are no predictions of {strategy!r}. {did_you_mean(strategy, predictions)}")
    own = predictions[strategy]
    _refuse_other_rows(strategy, predictions, facts)
    right = is_right(own)
    joint = find_joint_errors(predictions, floors)
    n_right = int(right.sum())
    return ErrorAnalysis(
        strategy=strategy,
        n=len(right),
        n_right=n_right,
        interval=wilson(n_right, len(right)),
        highest_loss=highest_loss(own, n_shown),
        confused=_confused(own, n_shown),
        only_right=_only_right(own, predictions, joint) if joint and strategy in joint.compared else (),
        joint=joint,
        breakdowns=breakdowns(right, facts) if facts else (),
    )


def _refuse_other_rows(strategy: str, predictions: Mapping[str, Predictions], facts: RowFacts | None) -> None:
    own = predictions[strategy]
    for name, other in predictions.items():
        if not (np.array_equal(own.rows, other.rows) and np.array_equal(own.labels, other.labels)):
            raise UserError(
                f"Strategies are compared on the same test rows, but the predictions of {name!r} are of other rows or "
                f"labels than those of {strategy!r}. 'harness verify' tells whether the run is damaged."
            )
    if facts and not np.array_equal(own.rows, facts.rows):
        raise UserError(
            f"The facts of the test rows are of other rows than the predictions of {strategy!r}. "
            "'harness verify' tells whether the run is damaged."
        )


def _confidences(own: Predictions) -> NDArray[np.float32]:
    """Return the probability of each row's prediction, float32 (n,)."""
    highest: NDArray[np.float32] = own.probabilities.max(axis=1)
    return highest


def highest_loss(own: Predictions, n_shown: int) -> tuple[RowError, ...]:
    """Return the rows with the highest loss, the highest first."""
    of_label = own.probabilities[np.arange(len(own.labels)), own.labels]
    losses = -np.log(np.clip(of_label, SMALLEST_PROBABILITY, 1.0))
    confidences = _confidences(own)
    return tuple(
        RowError(
            row=int(own.rows[i]),
            label=int(own.labels[i]),
            prediction=int(own.predictions[i]),
            probability=float(confidences[i]),
            label_probability=float(of_label[i]),
            loss=float(losses[i]),
        )
        for i in np.argsort(-losses, kind="stable")[:n_shown]
    )


def _confused(own: Predictions, n_shown: int) -> tuple[ConfusedPair, ...]:
    k = own.probabilities.shape[1]
    wrong = np.flatnonzero(~is_right(own))
    surest_first = wrong[np.argsort(-_confidences(own)[wrong], kind="stable")]
    pairs = own.labels * k + own.predictions
    found, counts = np.unique(pairs[wrong], return_counts=True)
    most_frequent = np.argsort(-counts, kind="stable")[:n_shown]
    support = np.bincount(own.labels, minlength=k)
    return tuple(
        ConfusedPair(
            label=int(pair // k),
            prediction=int(pair % k),
            n=int(n),
            support=int(support[pair // k]),
            examples=tuple(int(own.rows[i]) for i in surest_first[pairs[surest_first] == pair][:N_EXAMPLES]),
        )
        for pair, n in zip(found[most_frequent], counts[most_frequent], strict=True)
    )


def _only_right(own: Predictions, predictions: Mapping[str, Predictions], joint: JointErrors) -> tuple[int, ...]:
    """Return the rows that no other strategy gets right, those first that this one is surest of."""
    times_right = np.sum([is_right(predictions[name]) for name in joint.compared], axis=0)
    alone = np.flatnonzero(is_right(own) & (times_right == 1))
    return tuple(int(own.rows[i]) for i in alone[np.argsort(-_confidences(own)[alone], kind="stable")])
