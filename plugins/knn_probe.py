"""Feature extraction without training: the labels of the nearest texts of train, by the frozen, standardised state."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from harness import RunContext, SklearnClassifier, SklearnProbe, Split, hookimpl


@dataclass(frozen=True)
class KNNProbe(SklearnProbe):
    """Vote of the nearest texts of train by cosine of the standardised frozen features, the nearer the weightier.

    Args:
        n_neighbors: Texts that vote, all where train holds fewer; 20 as in DINO (Caron et al., 2021).
    """

    name: ClassVar[str] = "knn_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.neighbors", "sklearn.preprocessing")
    search_space: ClassVar[str] = "n_neighbors=1..100:log, pooling=cls|mean"
    n_neighbors: Annotated[int, Ge(1)] = 20

    def estimator(self, seed: int) -> Any:
        """Return the classifier; nothing in it is random."""
        del seed
        from sklearn.neighbors import KNeighborsClassifier

        return KNeighborsClassifier(self.n_neighbors, weights="distance", metric="cosine")

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        """Remember train."""
        within = replace(self, n_neighbors=min(self.n_neighbors, len(train)))
        return SklearnProbe.fit(within, train, validation, context)


@hookimpl
def harness_strategies() -> list[KNNProbe]:
    """Offer the nearest neighbours."""
    return [KNNProbe()]
