"""Error against rows of train: inverse power laws through measured points, and how many rows an error takes.

That learning curves of error are power laws of the rows with a floor: Hestness et al. (2017), Deep Learning Scaling is
Predictable, Empirically, arXiv:1712.00409; fitted to few sizes to forecast larger ones: Figueroa et al. (2012),
Predicting sample size required for classification performance, BMC Medical Informatics and Decision Making 12, 8. With
few rows a curve has not yet reached its power law (the small data region of Hestness et al.), which the offset allows
for: pow4 of Mohr et al. (2022), LCDB 1.0, ECML PKDD.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metrics import Floats

EXPONENTS = np.geomspace(0.05, 2.0, 40)
OFFSETS = np.concatenate([[0.0], np.geomspace(0.05, 1.0, 7)])  # of the largest size
WORSE = 3.84  # 95 % of chi-squared with one degree of freedom lies below
AT_A_TIME = 100  # draws fitted together: what is held in memory


@dataclass(frozen=True)
class PowerLaws:
    """Fitted laws: error = floor + scale * ((rows + offset) / unit) ** -exponent, arrays (laws,).

    `began_slowly` says that a law without an offset fits worse beyond chance.
    """

    floor: Floats
    scale: Floats
    exponent: Floats
    offset: Floats
    unit: float
    began_slowly: bool = False

    def errors(self, rows: Sequence[float]) -> Floats:
        """Return the error with so many rows of train, (laws, number of them)."""
        shifted = (np.asarray(rows, np.float64)[np.newaxis] + self.offset[:, np.newaxis]) / self.unit
        found: Floats = self.floor[:, np.newaxis] + self.scale[:, np.newaxis] * shifted ** -self.exponent[:, np.newaxis]
        return found

    def rows(self, error: float) -> Floats:
        """Return with how many rows of train the error is no larger, (laws,), infinite where it never is."""
        left = error - self.floor
        found = np.full(len(left), np.inf)
        reached = left > 0
        flat = reached & (self.scale <= 0)
        curved = reached & ~flat
        with np.errstate(over="ignore"):
            ratio = self.scale[curved] / left[curved]
            found[curved] = self.unit * ratio ** (1 / self.exponent[curved]) - self.offset[curved]
        found[flat] = 0.0
        return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


def fit_power_laws(sizes: Sequence[int], errors: Floats, weights: Floats) -> PowerLaws:
    """Fit power laws to each draw of a learning curve by weighted least squares: one without an offset, one with it.

    The two forms part ways beyond the sizes: one goes on as slowly as it began, the other as fast as it ended. So both
    stand in the band, also where the one without fits worse beyond chance (likelihood ratio, 5 %: Wilks 1938, Annals of
    Mathematical Statistics 9, 60-62): where a curve that began slowly turns, nobody knows. For each exponent and offset
    of a grid, floor and scale, neither below 0, are known in closed form; the best of all is taken. So the fit is the
    same every time and has no starting point.

    Args:
        sizes: Rows of train, ascending, m numbers.
        errors: Error with each, what is missing to the best value there can be, float (draws, m).
        weights: Of each size, one by the variance of its error, float (m,).

    Returns:
        Two laws for each draw.
    """
    rows = np.asarray(sizes, np.float64)
    unit = float(np.exp(np.log(rows).mean()))
    mean = errors.mean(axis=0, keepdims=True)
    plain, shifted = ((rows, unit, weights, offsets * rows[-1]) for offsets in (OFFSETS[:1], OFFSETS))
    worse = _fit(mean, *plain)[-1] - _fit(mean, *shifted)[-1]
    found = [_fit(errors, *form)[:-1] for form in (plain, shifted)]
    floor, scale, exponent, offset = (np.concatenate(each) for each in zip(*found, strict=True))
    return PowerLaws(floor, scale, exponent, offset, unit, began_slowly=bool(worse[0] > WORSE))


def _fit(errors: Floats, rows: Floats, unit: float, weights: Floats, offsets: Floats) -> tuple[Floats, ...]:
    """Return floor, scale, exponent and offset of the best law of each draw, and its sum of squares."""
    exponents, offsets = (each.ravel() for each in np.meshgrid(EXPONENTS, offsets))
    curves = ((rows + offsets[:, np.newaxis]) / unit) ** -exponents[:, np.newaxis]  # (grid, m)
    starts = range(0, len(errors), AT_A_TIME)
    parts = [_best(errors[start : start + AT_A_TIME], curves, weights) for start in starts]
    floor, scale, best, squares = (np.concatenate(each) for each in zip(*parts, strict=True))
    return floor, scale, exponents[best], offsets[best], squares


def _best(errors: Floats, curves: Floats, weights: Floats) -> tuple[Floats, Floats, NDArray[np.int64], Floats]:
    """Return floor, scale, place in the grid and weighted sum of squares of the best law of each draw."""
    shares = weights / weights.sum()
    mean_curve, mean_error = curves @ shares, errors @ shares  # (grid,), (draws,)
    centred = curves - mean_curve[:, np.newaxis]
    slopes = (errors * shares) @ centred.T / (centred**2 @ shares)  # (draws, grid)
    scale = np.maximum(slopes, 0.0)
    floor = mean_error[:, np.newaxis] - scale * mean_curve
    through_zero = (errors * shares) @ curves.T / (curves**2 @ shares)
    scale, floor = np.where(floor < 0, through_zero, scale), np.maximum(floor, 0.0)
    squares = np.zeros_like(scale)
    for j, weight in enumerate(weights):
        squares += weight * (errors[:, j, np.newaxis] - floor - scale * curves[:, j]) ** 2
    here = np.arange(len(errors)), np.argmin(squares, axis=1)
    return floor[here], scale[here], here[1], squares[here]
