"""Feature extraction with a linear head that maximises the margin, on the frozen, scaled state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from harness import LinearProbe, hookimpl, sklearn_class_weight

HALF_DECADES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1)


@dataclass(frozen=True)
class LinearSVMProbe(LinearProbe):
    """Linear support vector machine, one class against the rest, scale and penalty chosen on validation.

    Its probabilities are the softmax of its margins: good to rank classes, not calibrated.
    """

    name: ClassVar[str] = "linear_svm_probe"
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.svm", "sklearn.preprocessing", "scipy.optimize")
    search_space: ClassVar[str] = "scaling=standard(C=0.00001..1:log)|unit(C=0.01..1000:log), pooling=cls|mean"
    loss: ClassVar[Literal["log", "squared_hinge"]] = "squared_hinge"
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = {
        "standard": HALF_DECADES,
        "unit": tuple(1000 * C for C in HALF_DECADES),  # squared lengths are 1, not about the width
    }

    def estimator(self, seed: int) -> Any:
        """Return the linear head; its intercept is not penalised, other than liblinear's."""
        from sklearn.svm import LinearSVC

        weight = sklearn_class_weight(self.class_weight)
        return LinearSVC(C=self.C, max_iter=self.max_iter, class_weight=weight, dual=False, random_state=seed)


@hookimpl
def harness_strategies() -> list[LinearSVMProbe]:
    """Offer the support vector machine."""
    return [LinearSVMProbe()]
