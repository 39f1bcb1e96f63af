"""A strategy's predictions for the test rows: scores, how far each row moves them, and what training adds."""

from functools import cached_property

import numpy as np

from harness.evaluation.influence import influence, score
from harness.evaluation.metrics import Floats, Labels, Metric, confusion


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
    """

    def __init__(self, rows: Rows, predictions: Labels) -> None:
        self.rows = rows
        self.predictions: Labels = np.unique(predictions, axis=0) if len(predictions) > 1 else predictions
        self.tables = [confusion(rows.labels, each, rows.n_classes) for each in self.predictions]
        self._training_variance: dict[Metric, float] = {}
        self._of_seeds = [confusion(rows.labels, each, rows.n_classes) for each in predictions]

    @property
    def n_trainings(self) -> int:
        """Number of seeds that gave different predictions."""
        return len(self.predictions)

    @cached_property
    def table(self) -> Floats:
        """Mean confusion matrix of the trainings, float64 (k, k)."""
        return np.asarray(np.mean(self.tables, axis=0))

    def score(self, metric: Metric) -> float:
        """Return the mean score over the seeds."""
        return float(np.mean([score(metric, table) for table in self._of_seeds]))

    def deviation(self, metric: Metric) -> float | None:
        """Return the standard deviation of the score over the seeds, None where all predict the same."""
        if self.n_trainings == 1:
            return None
        return float(np.std([score(metric, table) for table in self._of_seeds], ddof=1))

    def moved(self, metric: Metric) -> Floats:
        """Return how far each row moves the score of each training, (trainings, n)."""
        found = [influence(metric, table) for table in self.tables]
        labels = self.rows.labels
        return np.stack([each[labels, p] for each, p in zip(found, self.predictions, strict=True)])

    def training_variance(self, metric: Metric) -> float:
        """Return the variance of the mean over the seeds that is due to training, 0 where there is one training.

        The scores of the seeds differ by training, and because each training is lucky with other rows. The second
        is in the variance over rows already and is taken off.
        """
        if metric not in self._training_variance:
            self._training_variance[metric] = self._variance_of_trainings(metric)
        return self._training_variance[metric]

    def _variance_of_trainings(self, metric: Metric) -> float:
        s = self.n_trainings
        if s == 1:
            return 0.0
        moved = self.moved(metric)
        by_rows = sum(float((self.rows.by_text(each) ** 2).sum()) for each in moved - moved.mean(axis=0)) / (s - 1)
        spread = float(np.var([score(metric, table) for table in self.tables], ddof=1))
        return max(spread - by_rows, 0.0) / s
