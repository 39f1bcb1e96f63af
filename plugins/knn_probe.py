"""Feature extraction without training: the labels of the nearest texts of train, by the frozen, scaled state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from harness import SearchedProbe, hookimpl

NEIGHBORS = (20, 10, 5, 3, 1)


@dataclass(frozen=True)
class KNNProbe(SearchedProbe):
    """Vote of the nearest texts of train by cosine of the scaled frozen features, the nearer the weightier.

    Args:
        n_neighbors: Texts that vote, all where train holds fewer; `auto` tries 1 to 20 on validation, 20 as in DINO
            (Caron et al., 2021).
    """

    name: ClassVar[str] = "knn_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.neighbors", "sklearn.preprocessing")
    search_space: ClassVar[str] = "n_neighbors=1..100:log, scaling=standard|unit, pooling=cls|mean"
    strength: ClassVar[str] = "n_neighbors"
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = {"standard": NEIGHBORS, "unit": NEIGHBORS}
    n_neighbors: Literal["auto"] | Annotated[int, Ge(1)] = "auto"

    def estimator(self, seed: int) -> Any:
        """Return the classifier; nothing in it is random."""
        del seed
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(self.n_neighbors, weights="distance", metric="cosine")

    def path(self, x: Any, y: NDArray[np.int64], strengths: Sequence[float]) -> Iterator[tuple[float, Any]]:
        """Yield each number of neighbours and the votes, from one look for the most that are wanted."""
        most = min(int(max(strengths)), len(x))
        neighbours = replace(self, n_neighbors=most).estimator(0).fit(x, y)
        found: list[Any] = []

        def votes(queries: Any, n: int) -> NDArray[np.float64]:
            if not found:  # the same queries every time: those of validation
                found.extend(neighbours.kneighbors(queries))
            weights = 1 / np.maximum(found[0][:, :n], 1e-12)
            of_class = np.eye(y.max() + 1)[y[found[1][:, :n]]]  # (queries, n, k)
            total = (weights[..., None] * of_class).sum(axis=1)
            return np.asarray(total / total.sum(axis=1, keepdims=True))

        for strength in strengths:
            yield strength, partial(votes, n=min(int(strength), most))

    def fitted(self, x: Any, y: NDArray[np.int64], strength: float, seed: int) -> Any:
        """Return the classifier that remembers train."""
        return replace(self, n_neighbors=min(int(strength), len(x))).estimator(seed).fit(x, y)


@hookimpl
def harness_strategies() -> list[KNNProbe]:
    """Offer the nearest neighbours."""
    return [KNNProbe()]
