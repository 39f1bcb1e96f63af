"""A strategy's predictions for the test rows: scores, how far each row moves them, and what training adds."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.influence import influence, score
from harness.evaluation.metric import AnyMetric, TableMetric, UndefinedMetricError
from harness.evaluation.metrics import Floats, Labels, confusion
from harness.evaluation.row_influence import row_influence


class Rows:
    """Test rows with their labels, and which of them hold the same text.

    Args:
        labels: True class ids, int64 (n,), n at least 1.
        n_classes: Number of classes, k.
        texts: Number of the text of each row, int64 (n,). Rows with one text are one draw from the world, and say as
            much as one row. None where all texts differ.
    """

    def __init__(self, labels: Labels, n_classes: int, texts: Labels | None = None) -> None:
        self.labels, self.n_classes, self.n = labels, n_classes, len(labels)
        numbers, first, group = np.unique(
            np.arange(self.n) if texts is None else texts, return_index=True, return_inverse=True
        )
        self.n_texts = len(numbers)
        self._group = None if self.n_texts == self.n else group
        self.class_of_text: Labels = labels if self._group is None else labels[first]  # (n_texts,)

    @property
    def text_of_row(self) -> Labels:
        """Number of the text of each row, 0 to n_texts - 1, int64 (n,)."""
        return np.arange(self.n) if self._group is None else self._group

    @cached_property
    def of_class(self) -> Labels:
        """Number of rows of each class, int64 (k,)."""
        counts: Labels = np.bincount(self.labels, minlength=self.n_classes)
        return counts

    def by_text(self, values: Floats) -> Floats:
        """Return the sums of values (n,) over the rows of each text, (n_texts,)."""
        if self._group is None:
            return values
        return np.asarray(np.bincount(self._group, values, minlength=self.n_texts), dtype=np.float64)

    def repetition(self, values: Floats) -> float:
        """Return how many times larger the variance of a sum of values (n,) is because texts are repeated.

        At least 1: the design effect of clusters (Kish 1965, Survey Sampling, section 5.4). Where no value says
        anything, as many times as if all rows with one text always went together.
        """
        if self._group is None:
            return 1.0
        alone, together = (values**2).sum(), (self.by_text(values) ** 2).sum()
        if not alone:
            return float((np.bincount(self._group) ** 2).sum() / self.n)
        return max(float(together / alone), 1.0)


class Predicted:
    """What one strategy predicted for test rows, with one seed or several.

    Args:
        rows: The test rows.
        predictions: Class ids, int64 (s, n), a row a seed. Equal rows are one training.
        probabilities: Class probabilities, float32 (s, n, k), where metrics are asked for that are of no confusion
            matrix.
    """

    def __init__(self, rows: Rows, predictions: Labels, probabilities: NDArray[Any] | None = None) -> None:
        self.rows = rows
        self.predictions: Labels = np.unique(predictions, axis=0) if len(predictions) > 1 else predictions
        self.tables = [confusion(rows.labels, each, rows.n_classes) for each in self.predictions]
        self._training_variance: dict[str, float] = {}
        self._known: dict[tuple[str, str], Floats] = {}
        self._probabilities = probabilities
        self._of_seeds = [confusion(rows.labels, each, rows.n_classes) for each in predictions]

    @property
    def n_trainings(self) -> int:
        """Number of seeds that gave different predictions."""
        return len(self.predictions)

    @cached_property
    def table(self) -> Floats:
        """Mean confusion matrix of the trainings, float64 (k, k)."""
        return np.asarray(np.mean(self.tables, axis=0))

    def trainings_by(self, metric: AnyMetric) -> int:
        """Return the number of seeds that gave different answers, as far as a metric looks at them."""
        return self.n_trainings if isinstance(metric, str | TableMetric) else len(self._trained)

    def score(self, metric: AnyMetric) -> float:
        """Return the mean score over the seeds.

        Raises:
            UndefinedMetricError: Where there is none.
        """
        return float(np.mean(self._scores(metric)))

    def deviation(self, metric: AnyMetric) -> float | None:
        """Return the standard deviation of the score over the seeds, None where all answer the same."""
        return None if self.trainings_by(metric) == 1 else float(np.std(self._scores(metric), ddof=1))

    def moved(self, metric: AnyMetric) -> Floats:
        """Return how far each row moves the score of each training, (trainings, n).

        Raises:
            UndefinedMetricError: Where that cannot be told.
        """
        labels = self.rows.labels
        if isinstance(metric, str | TableMetric):
            found = [influence(metric, table) for table in self.tables]
            return np.stack([each[labels, p] for each, p in zip(found, self.predictions, strict=True)])
        if (key := ("moved", metric.name)) not in self._known:
            texts = self.rows.text_of_row
            self._known[key] = np.stack([row_influence(metric, labels, p, texts) for p in self._trained])
        return self._known[key]

    def mixed(self, other: "Predicted", texts: NDArray[np.bool_]) -> "Predicted":
        """Return it with another's answers in place of its own where `texts` (n_texts,) says so, of one training."""
        taken = texts[self.rows.text_of_row, np.newaxis]
        probabilities = np.where(taken, other._trained[0], self._trained[0])[np.newaxis]
        return Predicted(self.rows, probabilities.argmax(axis=2), probabilities)

    def differing_texts(self, other: "Predicted") -> NDArray[np.bool_]:
        """Return which texts another answers otherwise, bool (n_texts,)."""
        rows = (self._trained[0] != other._trained[0]).any(axis=1)
        return self.rows.by_text(rows.astype(np.float64)) > 0

    @cached_property
    def _trained(self) -> NDArray[Any]:
        """The probabilities of the seeds that gave different ones, (trainings, n, k)."""
        if self._probabilities is None:
            raise RuntimeError("this metric needs the probabilities")
        return np.unique(self._probabilities, axis=0) if len(self._probabilities) > 1 else self._probabilities

    def _scores(self, metric: AnyMetric, *, distinct: bool = False) -> Floats:
        """Return the score of every seed, or of every training, (s,)."""
        if isinstance(metric, str | TableMetric):
            scores = np.array([score(metric, table) for table in (self.tables if distinct else self._of_seeds)])
            if not np.isfinite(scores).all():
                raise UndefinedMetricError("it has no value on these rows")
            return scores
        if (key := ("distinct" if distinct else "every", metric.name)) not in self._known:
            tables = self._trained if distinct or self._probabilities is None else self._probabilities
            self._known[key] = np.array([metric.value(self.rows.labels, each) for each in tables])
        return self._known[key]

    def training_variance(self, metric: AnyMetric) -> float:
        """Return the variance of the mean over the seeds that is due to training, 0 where there is one training.

        The scores of the seeds differ by training, and because each training is lucky with other rows. The second
        is in the variance over rows already and is taken off.
        """
        name = metric if isinstance(metric, str) else metric.name
        if name not in self._training_variance:
            self._training_variance[name] = self._variance_of_trainings(metric)
        return self._training_variance[name]

    def _variance_of_trainings(self, metric: AnyMetric) -> float:
        s = self.trainings_by(metric)
        if s == 1:
            return 0.0
        moved = self.moved(metric)
        by_rows = sum(float((self.rows.by_text(each) ** 2).sum()) for each in moved - moved.mean(axis=0)) / (s - 1)
        spread = float(np.var(self._scores(metric, distinct=True), ddof=1))
        return max(spread - by_rows, 0.0) / s
