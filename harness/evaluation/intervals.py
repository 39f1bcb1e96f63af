"""Confidence intervals of scores: the test rows and the seeds of training are samples."""

from collections.abc import Sequence

import numpy as np

from harness.evaluation.influence import influence, sampling_bias, score
from harness.evaluation.metrics import Floats, Metric
from harness.evaluation.predicted import Predicted
from harness.frozen_model import FrozenModel, SignedFraction

LEVEL = 0.95
FEW_ROWS = 5  # a class with fewer test rows is too small for an interval of f1_macro
MANY_CLASSES, SHARE_OF_SMALL = 20, 0.2  # of so many classes or more, this share may be smaller


class Interval(FrozenModel):
    """Confidence interval of a score, or of a difference of scores."""

    low: SignedFraction
    high: SignedFraction


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


def score_interval(predicted: Predicted, metric: Metric, level: float = LEVEL) -> Interval | None:
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
    if metric == "f1_macro" and small_classes(predicted):
        return None
    value, (n, freedom) = predicted.score(metric), _worth(predicted, metric)
    rows, training = value * (1 - value) / n, predicted.training_variance(metric)
    quantile = combined_quantile((1 - level) / 2, [(rows, freedom), (training, predicted.n_trainings - 1.0)])
    if training:
        n *= max(rows, 1e-12) / (rows + training)
    middle = float(np.clip(value - sampling_bias(metric, predicted.table), 0, 1))
    found = _wilson(middle, n, quantile)
    return Interval(low=min(found.low, value), high=max(found.high, value))


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


def _worth(predicted: Predicted, metric: Metric) -> tuple[float, float]:
    """Return how many rows of a share the test rows are worth, and their degrees of freedom."""
    moved = predicted.moved(metric)
    alone, mean = (moved**2).sum(axis=1).mean(), moved.mean(axis=0)
    shared = float((mean**2).sum() / alone) if alone else 1.0  # seeds that miss other rows are worth more rows
    n, freedom = float(predicted.rows.n), np.inf
    if metric != "accuracy":
        found = [_effective(metric, table) for table in predicted.tables]
        n, freedom = (float(np.mean(each)) for each in zip(*found, strict=True))
    return n / (predicted.rows.repetition(mean) * max(shared, 1 / predicted.n_trainings)), freedom


def _effective(metric: Metric, table: Floats) -> tuple[float, float]:
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
    variance, value = of_class.sum(), score(metric, smooth)
    if not variance:  # no row is right
        return float(n), np.inf
    freedom = variance**2 / (of_class**2 / np.maximum(true, 1)).sum()
    return float(value * (1 - value) / variance * n / (n + 1)), float(freedom)
