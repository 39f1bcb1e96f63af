"""Feature extraction with a linear head: logistic regression on the frozen, standardised state."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt

from harness import SklearnProbe, hookimpl


@dataclass(frozen=True)
class LogRegProbe(SklearnProbe):
    """Logistic regression on standardised frozen features.

    Args:
        C: Inverse strength of the L2 penalty.
        max_iter: Most iterations of L-BFGS.
    """

    name: ClassVar[str] = "logreg_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("seed", "fast")
    imports: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.preprocessing")
    search_space: ClassVar[str] = "C=0.0001..10:log, pooling=cls|mean"
    # A product with one column a class is too narrow to share: two threads take twice the time of one.
    blas_threads: ClassVar[int | None] = 1
    C: Annotated[float, Gt(0)] = 1.0
    max_iter: Annotated[int, Ge(1)] = 1000

    def estimator(self, seed: int) -> Any:
        """Return the linear head."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=self.C, max_iter=self.max_iter, random_state=seed)


@hookimpl
def harness_strategies() -> list[LogRegProbe]:
    """Offer the linear probe."""
    return [LogRegProbe()]
