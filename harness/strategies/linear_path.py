"""Linear heads along a path of penalties: the features are rotated once, each fit begins where the last one ended.

The features are turned onto their principal axes, which changes no penalty, and each axis is scaled by the curvature
of the loss along it. So L-BFGS needs a few steps where it takes a hundred on the features themselves.
"""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Loss = Literal["log", "squared_hinge"]
Table = NDArray[np.floating]
TWO = 2  # classes, which one column of scores tells apart
CORRECTIONS = 20  # steps that L-BFGS remembers
STOPPED = 1  # status of scipy's L-BFGS where it ran out of steps
SMALLEST_VARIANCE = 1e-10  # of an axis, of that of the largest; what varies less is rounding


@dataclass(frozen=True)
class LinearHead:
    """Weights as scikit-learn keeps them: (k, p) and (k,), of two classes (1, p) and (1,)."""

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    steps: int

    def probabilities(self, x: Table) -> NDArray[np.float64]:
        """Return the softmax of the scores of n rows, float64 (n, k)."""
        from scipy.special import softmax

        scores = np.asarray(x @ self.coef.T.astype(x.dtype) + self.intercept, np.float64)
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        return np.asarray(softmax(scores, axis=1))


class LinearPath:
    """Fits of one linear head with different penalties.

    The objective is that of scikit-learn's LogisticRegression (multinomial; of two classes, binomial) or of its
    LinearSVC (squared hinge, one class against the rest), C times the summed loss and half the squared weights;
    intercepts are not penalised. Weights of classes count as in these: in a squared hinge of more than two classes
    only where a class stands against the rest.

    Args:
        x: Features, float (n, p).
        y: Classes 0..k-1, each of which occurs, int64 (n,).
        loss: What is minimised.
        exact: Whether to compute in float64, for a fit that is kept; float32 is half the price.
        weights: How much a row of each class counts, (k,), their mean over the rows being 1; None for all the same.
    """

    def __init__(
        self,
        x: Table,
        y: NDArray[np.int64],
        loss: Loss,
        *,
        exact: bool = False,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        self._binomial = loss == "log" and y.max() + 1 == TWO
        self._dtype: type[np.floating] = np.float64 if exact else np.float32
        self._k, self._loss, self._n = int(y.max()) + 1, loss, len(x)
        self._centre = x.mean(axis=0, dtype=np.float64)
        centred: Table = np.asarray(x - self._centre, self._dtype)
        self._axes, self._variance = _principal_axes(centred)
        # A column a row and a row a class: reading both takes two thirds of the time of the other way round.
        turned: Table = np.asarray(self._axes.T, self._dtype)
        self._z: Table = turned @ centred.T
        self._truth: Table = np.ascontiguousarray(np.eye(self._k, dtype=self._dtype)[:, y])
        self._counts = None if weights is None else self._counted(weights, y)
        shares = self._truth.mean(axis=1, dtype=np.float64) * (1 if weights is None else weights)
        # The curvature of the loss where nothing is known but the shares of the classes.
        self._curvature = shares * (1 - shares) if loss == "log" else np.ones(self._k)
        self._bias = np.log(shares) - np.log(shares).mean() if loss == "log" else 2 * shares - 1
        self._weights = np.zeros((len(self._z), self._k))

    def fit(self, C: float, tolerance: float, max_iter: int) -> LinearHead:
        """Fit from where the last fit ended.

        Args:
            C: Inverse strength of the L2 penalty.
            tolerance: Largest entry of the scaled gradient of the mean loss at which it stops.
            max_iter: Most steps of L-BFGS.

        Warns:
            ConvergenceWarning: Where a fit that is kept stopped at `max_iter`, short of the tolerance.
        """
        from scipy.optimize import minimize
        from sklearn.exceptions import ConvergenceWarning

        penalty = (2 if self._binomial else 1) / (C * self._n)  # its two columns share one weight
        scale = np.sqrt(np.vstack([np.outer(self._variance, self._curvature) + penalty, self._curvature[None]]))
        found = minimize(
            self._objective,
            (np.vstack([self._weights, self._bias]) * scale).ravel(),
            args=(scale, penalty),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": max_iter, "maxfun": 2 * max_iter, "gtol": tolerance, "ftol": 0, "maxcor": CORRECTIONS},
        )
        if found.status == STOPPED and self._dtype is np.float64:
            told = f"L-BFGS stopped after {found.nit} steps (max_iter={max_iter}), before the tolerance was reached."
            warnings.warn(told, ConvergenceWarning, stacklevel=2)
        solved = found.x.reshape(scale.shape) / scale
        self._weights, self._bias = solved[:-1], solved[-1]
        return self._head(int(found.nit))

    def _counted(self, weights: NDArray[np.float64], y: NDArray[np.int64]) -> Table:
        """Return how much each row counts for each class, (k, n) or (1, n)."""
        if self._loss == "log" or self._k == TWO:
            return np.asarray(weights[y][np.newaxis], self._dtype)
        return np.asarray(1 + self._truth * (weights[:, np.newaxis] - 1), self._dtype)

    def _objective(
        self, scaled: NDArray[np.float64], scale: NDArray[np.float64], penalty: float
    ) -> tuple[float, NDArray[np.float64]]:
        """Return the mean loss with its penalty and the gradient, both of the scaled weights."""
        solved = scaled.reshape(scale.shape) / scale
        weights = solved[:-1]
        scores: Table = weights.T.astype(self._dtype) @ self._z
        scores += solved[-1].astype(self._dtype)[:, np.newaxis]
        of_rows = _log_loss if self._loss == "log" else _hinge
        value, slope = of_rows(scores, self._truth, self._counts)
        slope /= self._n
        of_bias = slope.sum(axis=1, dtype=np.float64)
        gradient = np.vstack([(slope @ self._z.T).T + penalty * weights, of_bias])
        return value / self._n + penalty / 2 * float(np.square(weights).sum()), (gradient / scale).ravel()

    def _head(self, steps: int) -> LinearHead:
        weights, bias = self._weights, self._bias
        if self._binomial:
            weights, bias = np.diff(weights, axis=1), np.diff(bias)
        elif self._k == TWO:
            weights, bias = weights[:, 1:], bias[1:]
        coef = self._axes @ weights  # (p, k)
        return LinearHead(coef.T, bias - self._centre @ coef, steps)


def _principal_axes(centred: Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return orthonormal axes (p, r) that the rows lie on and the variance along each (r,)."""
    rows, width = centred.shape
    if width <= rows:
        single = centred.astype(np.float32)  # any orthonormal axes do, these save steps
        variance, axes = np.linalg.eigh((single.T @ single).astype(np.float64) / rows)
        return axes, np.maximum(variance, 0)
    exact = centred.astype(np.float64)
    variance, sides = np.linalg.eigh(exact @ exact.T / rows)
    kept = variance > SMALLEST_VARIANCE * max(float(variance[-1]), np.finfo(np.float64).tiny)
    return exact.T @ (sides[:, kept] / np.sqrt(variance[kept] * rows)), variance[kept]


def _log_loss(scores: Table, truth: Table, counts: Table | None) -> tuple[float, Table]:
    """Return the summed log loss of n rows and its slope, (k, n), in place of the scores."""
    scores -= scores.max(axis=0)
    own = np.einsum("kn,kn->n", scores, truth)
    np.exp(scores, out=scores)
    total = scores.sum(axis=0)
    losses, slope = np.log(total) - own, scores
    slope /= total
    slope -= truth
    if counts is not None:
        losses *= counts[0]
        slope *= counts
    return float(losses.sum(dtype=np.float64)), slope


def _hinge(scores: Table, truth: Table, counts: Table | None) -> tuple[float, Table]:
    """Return the summed squared hinge loss of n rows and its slope, (k, n), in place of the scores."""
    sign = 2 * truth - 1
    short = np.maximum(0, 1 - np.multiply(sign, scores, out=scores), out=scores)
    of_rows = short if counts is None else short * counts
    loss = float(np.einsum("kn,kn->", short, of_rows, dtype=np.float64))
    return loss, sign * (-2 * of_rows)
