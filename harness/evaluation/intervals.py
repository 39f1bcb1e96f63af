"""Confidence intervals of scores: the test rows and the seeds of training are samples."""

from collections.abc import Sequence

import numpy as np

from harness.evaluation.influence import influence, sampling_bias, score
from harness.evaluation.metric import AnyMetric, Metric, TableMetric, averages_classes, bounds_of
from harness.evaluation.metrics import CoreMetric, Floats
from harness.evaluation.predicted import Predicted
from harness.frozen_model import FrozenModel, Score, SignedFraction

LEVEL = 0.95
FEW_ROWS = 5  # a class with fewer test rows is too small for an interval of f1_macro
MANY_CLASSES, SHARE_OF_SMALL = 20, 0.2  # of so many classes or more, this share may be smaller


class Interval(FrozenModel):
    """Confidence interval of a score, or of a difference of scores."""

    low: SignedFraction
    high: SignedFraction


class Span(FrozenModel):
    """The same of a metric, whose values need not lie between -1 and 1."""

    low: Score
    high: Score


def wilson(n_right: int, n: int, level: float = LEVEL) -> Interval:
    """Return Wilson's score interval of a share, here of the rows that are right.

    Unlike the interval of the normal distribution it stays within 0-1, and it is not a point where no row or
    every row is right. Wilson (1927), Journal of the American Statistical Association 22; recommended by
    Newcombe (1998), Statistics in Medicine 17, 857-872, whose 81 of 263 give 0.2553 to 0.3662.

    Args:
        n_right: Number of rows that are right, 0..n.
        n: Number of rows, at least 1.
        level: Share of samples whose interval covers the true value.
    """
    from scipy.special import ndtri

    return _wilson(n_right / n, n, float(ndtri((1 + level) / 2)))


def score_interval(predicted: Predicted, metric: CoreMetric, level: float = LEVEL) -> Interval | None:
    """Return the interval of a mean over seeds, over samples of test rows and of seeds.

    It is Wilson's interval of a share, at the number of rows at which a share would vary as this score does: the
    effective sample size of Korn and Graubard (1998), Survey Methodology 24, 193-201, with Wilson's interval as Dean
    and Pagano (2015), Journal of Survey Statistics and Methodology 3, 484-503, found it to be the best. The variance
    of F1 is that of the influence of its rows, one wrong row added, so that a strategy that is right everywhere is no
    certainty. The middle is the score less its sampling bias. The quantile is Student's, with the degrees of freedom
    that the rows of the classes are worth (Satterthwaite 1946, Biometrics Bulletin 2, 110-114) and, for what training
    adds, those of the seeds. Accuracy of one training on different texts has Wilson's interval itself.

    Returns:
        The interval, None for f1_macro where classes have too few rows for one (`small_classes`).
    """
    found = metric_interval(predicted, metric, level)
    return Interval(low=found.low, high=found.high) if found else None


def metric_interval(predicted: Predicted, metric: AnyMetric, level: float = LEVEL) -> Span | None:
    """Return the interval of any metric by the rule of `score_interval`.

    Where a metric has bounds, the share is how far its value lies from the lower to the upper one. Without bounds the
    interval is the value and its standard error to both sides. What is known of a metric of confusion matrices is the
    influence of its cells; of another one that of its rows (`harness.evaluation.row_influence`), with as many degrees
    of freedom as the rows of the classes are worth.

    Raises:
        UndefinedMetricError: Where the metric has no value.
    """
    if averages_classes(metric) and small_classes(predicted):
        return None
    (lowest, highest), value = bounds_of(metric), predicted.score(metric)
    if not np.isfinite(highest - lowest):
        return _unbounded(predicted, metric, value, level)
    widest = highest - lowest
    share, (n, freedom) = (value - lowest) / widest, _worth(predicted, metric)
    rows, training = share * (1 - share) / n, predicted.training_variance(metric) / widest**2
    trainings = predicted.trainings_by(metric)
    quantile = combined_quantile((1 - level) / 2, [(rows, freedom), (training, trainings - 1.0)])
    if training:
        n *= max(rows, 1e-12) / (rows + training)
    bias = sampling_bias(metric, predicted.table) if isinstance(metric, str | TableMetric) else 0.0
    found = _wilson(float(np.clip(share - bias, 0, 1)), n, quantile)
    low, high = (min(found.low, share), max(found.high, share))
    return Span(low=lowest + widest * low, high=lowest + widest * high)


def _unbounded(predicted: Predicted, metric: AnyMetric, value: float, level: float) -> Span:
    lowest, highest = bounds_of(metric)
    training = predicted.training_variance(metric), predicted.trainings_by(metric) - 1.0
    parts = [_row_variance(predicted, metric), training]
    reach = combined_quantile((1 - level) / 2, parts) * float(np.sqrt(sum(variance for variance, _ in parts)))
    return Span(low=max(value - reach, lowest), high=min(value + reach, highest))


def _row_variance(predicted: Predicted, metric: AnyMetric) -> tuple[float, float]:
    """Return the variance over samples of rows of a mean over seeds, and its degrees of freedom."""
    rows = predicted.rows
    squares = rows.by_text(predicted.moved(metric).mean(axis=0)) ** 2
    n_texts = np.bincount(rows.class_of_text, minlength=rows.n_classes)
    # Within a class the rows are measured against a mean that is their own.
    of_class = np.bincount(rows.class_of_text, squares, minlength=rows.n_classes) * n_texts / np.maximum(n_texts - 1, 1)
    variance = float(of_class.sum())
    return variance, variance**2 / float((of_class**2 / np.maximum(n_texts, 1)).sum()) if variance else np.inf


def small_classes(predicted: Predicted) -> list[int]:
    """Return the classes with too few rows for an interval of f1_macro, [] where there is one.

    Each class that occurs in the rows or the predictions needs `FEW_ROWS` rows: the variance of its F1 cannot be
    estimated from fewer. Where there are `MANY_CLASSES`, each counts little, and a fifth of them may have fewer.
    """
    occurs = predicted.table.sum(axis=0) + predicted.table.sum(axis=1) > 0
    small = np.flatnonzero(occurs & (predicted.rows.of_class < FEW_ROWS)).tolist()
    n = int(occurs.sum())
    return small if len(small) > (SHARE_OF_SMALL * n if n >= MANY_CLASSES else 0) else []


def combined_quantile(tail: float, parts: Sequence[tuple[float, float]]) -> float:
    """Return the quantile of a sum of estimates of different certainty, in standard errors of the sum.

    It is the mean of Student's quantiles of the parts, their squares weighted by variance, as in the modified large
    sample limits of Graybill and Wang (1980), Journal of the American Statistical Association 75, 869-873.

    Args:
        tail: Share of the distribution above the quantile.
        parts: Variance and degrees of freedom of each, at least one.
    """
    from scipy.special import stdtrit

    known = [part for part in parts if part[0] > 0] or [parts[0]]
    if len(known) == 1:
        return -float(stdtrit(max(known[0][1], 1.0), tail))
    squares = [variance * float(stdtrit(max(freedom, 1.0), tail)) ** 2 for variance, freedom in known]
    return float(np.sqrt(sum(squares) / sum(variance for variance, _ in known)))


def _wilson(share: float, n: float, quantile: float) -> Interval:
    """Return Wilson's interval of a share of n rows, where n may be no whole number."""
    shift = quantile**2 / n
    middle = (share + shift / 2) / (1 + shift)
    reach = quantile * np.sqrt(share * (1 - share) / n + shift / (4 * n)) / (1 + shift)
    low, high = max(float(middle - reach), 0.0), min(float(middle + reach), 1.0)
    return Interval(low=min(low, share), high=max(high, share))  # which differ in the last bit where all are right


def _worth(predicted: Predicted, metric: AnyMetric) -> tuple[float, float]:
    """Return how many rows of a share the test rows are worth, and their degrees of freedom."""
    lowest, highest = bounds_of(metric)
    if isinstance(metric, Metric) and not isinstance(metric, TableMetric):
        variance, freedom = _row_variance(predicted, metric)
        share = (predicted.score(metric) - lowest) / (highest - lowest)
        of_share = share * (1 - share) * (highest - lowest) ** 2
        return (of_share / variance if min(variance, of_share) > 0 else float(predicted.rows.n_texts)), freedom
    moved = predicted.moved(metric)
    alone, mean = (moved**2).sum(axis=1).mean(), moved.mean(axis=0)
    shared = float((mean**2).sum() / alone) if alone else 1.0  # seeds that miss other rows are worth more rows
    n, freedom = float(predicted.rows.n), np.inf
    if metric != "accuracy":
        found = [_effective(metric, table) for table in predicted.tables]
        n, freedom = (float(np.mean(each)) for each in zip(*found, strict=True))
    return n / (predicted.rows.repetition(mean) * max(shared, 1 / predicted.n_trainings)), freedom


def _effective(metric: CoreMetric | TableMetric, table: Floats) -> tuple[float, float]:
    """Return at how many rows a share varies as a score does, and the degrees of freedom of that variance.

    One wrong row is added to the confusion matrix (k, k), spread as chance would spread it.
    """
    true, n = table.sum(axis=1), table.sum()
    wrong = np.outer(true, table.sum(axis=0))
    np.fill_diagonal(wrong, 0)
    if not wrong.any():  # all rows are of one class and predicted so
        return float(n), np.inf
    smooth = table + wrong / wrong.sum()
    of_class = (smooth * influence(metric, smooth) ** 2).sum(axis=1)
    (lowest, highest), variance = bounds_of(metric), of_class.sum()
    value = (score(metric, smooth) - lowest) / (highest - lowest)
    if not variance:  # no row is right
        return float(n), np.inf
    freedom = variance**2 / (of_class**2 / np.maximum(true, 1)).sum()
    return float(value * (1 - value) * (highest - lowest) ** 2 / variance * n / (n + 1)), float(freedom)
