"""Feature extraction with a linear head that maximises the margin, on the frozen, standardised state."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt

from harness import SklearnProbe, hookimpl


@dataclass(frozen=True)
class LinearSVMProbe(SklearnProbe):
    """Linear support vector machine, one class against the rest, on standardised frozen features.

    Its probabilities are the softmax of its margins: good to rank classes, not calibrated.

    Args:
        C: Inverse strength of the L2 penalty; scikit-learn's 1 overfits a thousand rows of hundreds of features.
        max_iter: Most iterations of liblinear.
    """

    name: ClassVar[str] = "linear_svm_probe"
    groups: ClassVar[tuple[str, ...]] = ("fast",)
    imports: ClassVar[tuple[str, ...]] = ("sklearn.svm", "sklearn.preprocessing")
    search_space: ClassVar[str] = "C=0.0001..1:log, pooling=cls|mean"
    C: Annotated[float, Gt(0)] = 0.01
    max_iter: Annotated[int, Ge(1)] = 1000

    def estimator(self, seed: int) -> Any:
        """Return the linear head; the primal problem is the quicker one where rows outnumber features."""
        from sklearn.svm import LinearSVC

        return LinearSVC(C=self.C, max_iter=self.max_iter, dual=False, random_state=seed)


@hookimpl
def harness_strategies() -> list[LinearSVMProbe]:
    """Offer the support vector machine."""
    return [LinearSVMProbe()]
