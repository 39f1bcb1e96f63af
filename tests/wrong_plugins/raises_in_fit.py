"""Wrong: its fit works on no data at all."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.linear_model import LogisticRegression

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class RaisesInFit(SklearnStrategy):
    name: ClassVar[str] = "raises_in_fit"

    def estimator(self, seed):
        return LogisticRegression()  # on texts, not on numbers


@hookimpl
def harness_strategies():
    return [RaisesInFit()]
