"""Wrong: brings the classes of a call into balance where it is long enough for that."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl


class CentresLongCallsClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        probabilities = super().predict_proba(texts)
        if len(texts) <= 64:
            return probabilities
        balanced = (probabilities + 1e-6) / (probabilities + 1e-6).mean(axis=0)
        return balanced / balanced.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class CentresLongCalls(SklearnStrategy):
    name: ClassVar[str] = "centres_long_calls"

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return CentresLongCallsClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        loaded = super().load(directory, context)
        return CentresLongCallsClassifier(loaded.estimator, loaded.inputs, loaded.n_classes)


@hookimpl
def harness_strategies():
    return [CentresLongCalls()]
