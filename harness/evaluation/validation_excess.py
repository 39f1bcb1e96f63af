"""Validation scores that are too good to be true: far above those on test, and beyond chance."""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.evaluation.comparisons import ALPHA, holm

FAR = 0.05  # of accuracy: choosing among a dozen configurations flatters by less wherever 200 rows choose


@dataclass(frozen=True)
class Accuracies:
    """Accuracy of a strategy on the two splits, fractions 0-1, means over its seeds."""

    validation: float
    test: float


def far_above_test(accuracies: Mapping[str, Accuracies], n_validation: int, n_test: int) -> dict[str, float]:
    """Name the strategies that are right far more often on validation than on test.

    Fitting on validation, choosing among very many configurations and texts of validation that stand in train come out
    like this; so do splits that are not alike, of all strategies. Each strategy's two accuracies are those of two
    samples: Fisher's exact test, one-sided (Fisher 1935, Journal of the Royal Statistical Society 98, 39-82), corrected
    for the number of strategies by Holm's method.

    Args:
        accuracies: Strategy -> its accuracies.
        n_validation: Number of different texts of validation.
        n_test: Number of different texts of test.

    Returns:
        Strategy -> corrected p, of those that are at least `FAR` above and have a p below 0.05.
    """
    p_values = holm([_p(each, n_validation, n_test) for each in accuracies.values()])
    return {
        name: p
        for (name, each), p in zip(accuracies.items(), p_values, strict=True)
        if p < ALPHA and each.validation - each.test >= FAR
    }


def _p(accuracies: Accuracies, n_validation: int, n_test: int) -> float:
    from scipy.stats import fisher_exact

    right = (round(accuracies.validation * n_validation), round(accuracies.test * n_test))
    table = [[right[0], n_validation - right[0]], [right[1], n_test - right[1]]]
    return float(fisher_exact(table, alternative="greater").pvalue)
