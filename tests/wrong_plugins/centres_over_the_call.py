"""Wrong: brings the classes of a call into balance, so that a text depends on the others."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl


class CentresOverTheCallClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        probabilities = super().predict_proba(texts) + 1e-6
        balanced = probabilities / probabilities.mean(axis=0)
        return balanced / balanced.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class CentresOverTheCall(SklearnStrategy):
    name: ClassVar[str] = "centres_over_the_call"

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return CentresOverTheCallClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        loaded = super().load(directory, context)
        return CentresOverTheCallClassifier(loaded.estimator, loaded.inputs, loaded.n_classes)


@hookimpl
def harness_strategies():
    return [CentresOverTheCall()]
