"""Feature extraction with a linear head: logistic regression on the frozen, scaled state.

C is swept on validation as for CLIP's linear probe (Radford et al., 2021, appendix A.3), over half decades around
what wins on texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from harness import LinearProbe, hookimpl, sklearn_class_weight

HALF_DECADES = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class LogRegProbe(LinearProbe):
    """Logistic regression on scaled frozen features, scale and penalty chosen on validation."""

    name: ClassVar[str] = "logreg_probe"
    deterministic: ClassVar[bool] = True
    groups: ClassVar[tuple[str, ...]] = ("seed", "fast")
    imports: ClassVar[tuple[str, ...]] = ("sklearn.linear_model", "sklearn.preprocessing", "scipy.optimize")
    search_space: ClassVar[str] = "scaling=standard(C=0.0001..10:log)|unit(C=0.1..10000:log), pooling=cls|mean"
    grid: ClassVar[Mapping[str, tuple[float, ...]]] = {
        "standard": HALF_DECADES,
        "unit": tuple(1000 * C for C in HALF_DECADES),  # squared lengths are 1, not about the width
    }

    def estimator(self, seed: int) -> Any:
        """Return the linear head."""
        from sklearn.linear_model import LogisticRegression

        weight = sklearn_class_weight(self.class_weight)
        return LogisticRegression(C=self.C, max_iter=self.max_iter, class_weight=weight, random_state=seed)


@hookimpl
def harness_strategies() -> list[LogRegProbe]:
    """Offer the linear probe."""
    return [LogRegProbe()]
