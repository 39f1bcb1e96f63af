"""Two strategies on the same test rows: how far apart they are, and what chance makes of that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.evaluation.comparisons import sign_flip_p
from harness.evaluation.influence import influence
from harness.evaluation.intervals import LEVEL, Interval, Span, combined_quantile
from harness.evaluation.metric import AnyMetric, TableMetric
from harness.evaluation.metrics import CoreMetric, Floats
from harness.evaluation.predicted import Predicted
from harness.evaluation.swaps import moved_by_swaps, swap_p
from harness.frozen_model import LARGEST_SCORE

POWER = 0.8  # of the smallest difference that the rows would have shown: the custom since Cohen (1988)
TIE = 1e-15  # what is moved by less is not moved: sums round differently from machine to machine
SMALLEST_TAIL = 1e-100  # beyond which Student's quantiles of one degree of freedom overflow when squared

Part = tuple[float, float]
"""Variance of an estimate, and the degrees of freedom of that variance."""


@dataclass(frozen=True)
class Contrast:
    """By how much one strategy scores above another, both the mean over their seeds.

    Attributes:
        value: The difference.
        p: How often as large a one, or a larger, would come about if they were alike.
        parts: What the choice of test rows adds to chance, and what training adds.
    """

    value: float
    p: float
    parts: tuple[Part, Part]

    @property
    def error(self) -> float:
        """Standard error over samples of texts and seeds, above 0."""
        return float(np.sqrt(sum(variance for variance, _ in self.parts)))

    @property
    def detectable(self) -> float:
        """The difference that such rows and seeds show beyond chance (p < 0.05) in four of five cases."""
        from scipy.special import ndtri

        return (combined_quantile((1 - LEVEL) / 2, self.parts) + float(ndtri(POWER))) * self.error

    def interval(self, level: float = LEVEL) -> Interval:
        """Return the interval of the difference."""
        found = self.span(1.0, level)
        return Interval(low=found.low, high=found.high)

    def span(self, widest: float, level: float = LEVEL) -> Span:
        """Return the interval of the difference in a metric, `widest` being the largest that there can be."""
        reach = combined_quantile((1 - level) / 2, self.parts) * self.error
        widest = min(widest, LARGEST_SCORE)
        return Span(low=max(self.value - reach, -widest), high=min(self.value + reach, widest))

    def p_behind(self, margin: float) -> float:
        """Return how often the first would be ahead by as little as this if it were ahead by `margin`.

        A small one says that the second is less than `margin` behind: the test of non-inferiority, as in ICH E9
        (1998), section 3.3.2.
        """
        tail = _tail_beyond(abs(margin - self.value), self.parts)
        return tail if margin >= self.value else 1 - tail


def contrast(metric: AnyMetric, first: Predicted, second: Predicted) -> Contrast:
    """Compare two strategies that predicted the same test rows.

    If the two are alike, each text is a coin that decides which of them predicted what. The difference is held
    against the standard error that follows from that: of the influence of each text, taken where the two are alike
    (the mean of their confusion matrices; of a metric of no confusion matrix the influences of each, as in the test of
    DeLong), and of what training adds where there are several seeds. Whole texts are
    swapped as in the test of Obuchowski (1998), Statistics in Medicine 17, 1495-1507; with a text a row it is, for
    accuracy, McNemar's. Student's distribution has the degrees of freedom that the differing texts of each class, and
    the seeds, are worth. Of single trainings the coins are counted: for accuracy exactly, for F1 as `swap_p` does,
    since of a class with few rows the influence of each says too little. p is never smaller than if every differing
    text spoke for the same one.

    The standard error of the two as they are would call three rows of a rare class against none certain.

    Args:
        metric: Which score.
        first: One strategy.
        second: The other.

    Raises:
        UndefinedMetricError: Where a metric has no value.
    """
    rows, value = first.rows, first.score(metric) - second.score(metric)
    texts = rows.by_text(_moved(metric, first, second))
    if not texts.any() and abs(value) > TIE and not isinstance(metric, str | TableMetric):
        texts = moved_by_swaps(metric, first, second)
    of_class = np.bincount(rows.class_of_text, texts**2, minlength=rows.n_classes)
    differing = np.bincount(rows.class_of_text, texts != 0, minlength=rows.n_classes)
    by_rows = float(of_class.sum())
    freedom = by_rows**2 / float((of_class**2 / np.maximum(differing, 1)).sum()) if by_rows else np.inf
    training = _sum([(each.training_variance(metric), each.trainings_by(metric) - 1.0) for each in (first, second)])
    p = 2 * _tail_beyond(abs(value), [(by_rows, freedom), training])
    if isinstance(metric, str) and first.n_trainings == second.n_trainings == 1:
        p = _counted(metric, first, second, texts, p)
    p = min(max(p, 2.0 ** (1 - int(differing.sum()))), 1.0)
    return Contrast(value, p, ((by_rows + _one_text(metric, first), freedom), training))


def _counted(metric: CoreMetric, first: Predicted, second: Predicted, moved: Floats, estimate: float) -> float:
    """Return the p value by counting coins, of single trainings; where it is too small for that, an estimate of it."""
    if metric == "accuracy":
        return sign_flip_p(np.rint(moved * first.rows.n).astype(np.int64))
    return swap_p(metric, first, second, estimate)


def _moved(metric: AnyMetric, first: Predicted, second: Predicted) -> Floats:
    """Return how far each row moves the difference, where the two are alike, (n,)."""
    if isinstance(metric, str | TableMetric):
        labels, per_cell = first.rows.labels, influence(metric, (first.table + second.table) / 2)
        one, other = (per_cell[labels, each.predictions].mean(axis=0) for each in (first, second))
    else:
        one, other = (each.moved(metric).mean(axis=0) for each in (first, second))
    difference: Floats = np.where(np.abs(one - other) < TIE, 0.0, one - other)
    return difference


def _sum(parts: Sequence[Part]) -> Part:
    """Return the variance of a sum of independent estimates and its degrees of freedom (Welch 1947, Biometrika 34)."""
    total = sum(variance for variance, _ in parts)
    return total, total**2 / sum(v**2 / f for v, f in parts if v) if total else 1.0


def _tail_beyond(value: float, parts: Sequence[Part]) -> float:
    """Return the share of the distribution of a sum of such estimates that lies beyond a value of at least 0."""
    from scipy.optimize import brentq
    from scipy.special import stdtr

    known = [part for part in parts if part[0] > 0]
    if not known or value <= TIE:
        return 0.5
    in_errors = value / float(np.sqrt(sum(variance for variance, _ in known)))
    if len(known) == 1:
        return float(stdtr(known[0][1], -in_errors))

    def too_far(tail: float) -> float:
        return combined_quantile(float(np.exp(tail)), known) - in_errors

    smallest, half = float(np.log(SMALLEST_TAIL)), float(np.log(0.5))
    return float(np.exp(brentq(too_far, smallest, half))) if too_far(smallest) > 0 else SMALLEST_TAIL


def _one_text(metric: AnyMetric, predicted: Predicted) -> float:
    """Return the variance that one more differing text adds, so that equal predictions are no certainty.

    One differing text is what Agresti and Min (2005), Statistics in Medicine 24, 729-740, add. In f1_macro of k
    classes a row of a class of m rows counts about 1 / (k m). In another metric of confusion matrices it counts as what
    a right row changes that is given another class, else as a row does on average.
    """
    rows = predicted.rows
    rows_of_text = rows.n / rows.n_texts
    if metric == "accuracy":
        return (rows_of_text / rows.n) ** 2
    if isinstance(metric, TableMetric):
        moved = influence(metric, predicted.table)
        changed = (moved.diagonal()[:, np.newaxis] - moved) ** 2  # 0 on the diagonal
        of_class = changed.sum(axis=1) / max(len(moved) - 1, 1)
        return float(rows_of_text**2 * (of_class @ rows.of_class) / rows.n)
    if not isinstance(metric, str):
        return float(rows_of_text**2 * (predicted.moved(metric) ** 2).mean())
    there = rows.of_class[rows.of_class > 0]
    return float(rows_of_text**2 * (1 / there).sum() / (rows.n * len(there) ** 2))
