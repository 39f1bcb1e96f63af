"""Feature extraction with the cheapest linear head: least squares on the frozen, scaled state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt
from numpy.typing import NDArray

from harness import SearchedProbe, class_weights, hookimpl, sklearn_class_weight

# From the strongest on; scikit-learn's 1 overfits a thousand rows of hundreds of features.
HALF_DECADES = (10_000.0, 3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0)


@dataclass(frozen=True)
class RidgeProbe(SearchedProbe):
    """Ridge regression onto -1 and 1, one class against the rest, scale and penalty chosen on validation.

    Solved in one step, whatever the number of classes. Its probabilities are the softmax of its scores: good to rank
    classes, but far too unsure.

    Args:
        alpha: Strength of the L2 penalty; `auto` tries those of a grid on validation.
        class_weight: `balanced` lets each class count the same in the loss, `none` each row.
    """

    name: ClassVar[str] = "ridge_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.preprocessing")
    search_space: ClassVar[str] = "scaling=standard(alpha=1..10000:log)|unit(alpha=0.001..10:log), pooling=cls|mean"
    strength: ClassVar[str] = "alpha"
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = {
        "standard": HALF_DECADES,
        "unit": tuple(alpha / 1000 for alpha in HALF_DECADES),
    }
    alpha: Literal["auto"] | Annotated[float, Gt(0)] = "auto"
    class_weight: Literal["none", "balanced"] = "none"

    def estimator(self, seed: int) -> Any:
        """Return the linear head; nothing in it is random."""
        del seed
        from sklearn.linear_model import RidgeClassifier

        return RidgeClassifier(alpha=self.alpha, class_weight=sklearn_class_weight(self.class_weight))

    def path(self, x: Any, y: NDArray[np.int64], strengths: Sequence[float]) -> Iterator[tuple[float, Any]]:
        """Yield each alpha and what its head answers, all from one decomposition of the features' covariance."""
        from scipy.special import softmax

        targets = np.where(np.arange(y.max() + 1) == y[:, None], 1.0, -1.0)
        weights = class_weights(y, int(y.max()) + 1, self.class_weight)
        rows = None if weights is None else weights[y]
        if rows is None:
            centre, means, roots = x.mean(axis=0, dtype=np.float64), targets.mean(axis=0), np.float32(1)
        else:
            centre, means = (np.average(each, axis=0, weights=rows) for each in (x, targets))
            roots = np.float32(np.sqrt(rows)[:, None])
        centred = np.asarray(x - centre, np.float32) * roots
        variance, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
        onto = axes.T @ (centred.T @ ((targets - means).astype(np.float32) * roots))
        for alpha in strengths:
            weights = axes @ (onto / (np.maximum(variance, 0) + alpha)[:, None])
            yield alpha, lambda q, w=weights: softmax((q - centre) @ w + means, axis=1)

    def fitted(self, x: Any, y: NDArray[np.int64], strength: float, seed: int) -> Any:
        """Return the head fitted by scikit-learn."""
        return replace(self, alpha=strength).estimator(seed).fit(x, y)


@hookimpl
def harness_strategies() -> list[RidgeProbe]:
    """Offer least squares."""
    return [RidgeProbe()]
