"""Feature extraction with the cheapest linear head: least squares on the frozen, standardised state."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Gt

from harness import SklearnProbe, hookimpl


@dataclass(frozen=True)
class RidgeProbe(SklearnProbe):
    """Ridge regression onto -1 and 1, one class against the rest, on standardised frozen features.

    Solved in one step, whatever the number of classes. Its probabilities are the softmax of its scores: good to rank
    classes, but far too unsure.

    Args:
        alpha: Strength of the L2 penalty; scikit-learn's 1 overfits a thousand rows of hundreds of features.
    """

    name: ClassVar[str] = "ridge_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.preprocessing")
    search_space: ClassVar[str] = "alpha=1..10000:log, pooling=cls|mean"
    alpha: Annotated[float, Gt(0)] = 100.0

    def estimator(self, seed: int) -> Any:
        """Return the linear head; nothing in it is random."""
        del seed
        from sklearn.linear_model import RidgeClassifier

        return RidgeClassifier(alpha=self.alpha)


@hookimpl
def harness_strategies() -> list[RidgeProbe]:
    """Offer least squares."""
    return [RidgeProbe()]
