"""Wrong: a tenth of each answer is that for the text before; on a head that is sure of nothing that is little."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.linear_model import LogisticRegression

from harness import SklearnClassifier, SklearnProbe, hookimpl


class CarriesOverClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        probabilities = super().predict_proba(texts)
        probabilities[1:] = 0.9 * probabilities[1:] + 0.1 * probabilities[:-1]
        return probabilities


@dataclass(frozen=True)
class CarriesOver(SklearnProbe):
    """A probe that hardly moves from the shares of the classes.

    Args:
        C: Inverse strength of the penalty.
    """

    name: ClassVar[str] = "carries_over_from_the_text_before"
    C: float = 1e-4

    def estimator(self, seed):
        return LogisticRegression(C=self.C)

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return CarriesOverClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        loaded = super().load(directory, context)
        return CarriesOverClassifier(loaded.estimator, loaded.inputs, loaded.n_classes)


@hookimpl
def harness_strategies():
    return [CarriesOver()]
