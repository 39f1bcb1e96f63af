"""The floor: answer with the class shares of train, so always with its largest class."""

from dataclasses import dataclass
from typing import Any, ClassVar

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class Majority(SklearnStrategy):
    """Predict the most frequent class of train for every text."""

    name: ClassVar[str] = "majority"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("baselines", "floors", "fast")
    imports: ClassVar[tuple[str, ...]] = ("sklearn.dummy",)

    def estimator(self, seed: int) -> Any:
        """Return scikit-learn's prior classifier; it reads no text and draws nothing."""
        del seed
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior")


@hookimpl
def harness_strategies() -> list[Majority]:
    """Offer the floor."""
    return [Majority()]
