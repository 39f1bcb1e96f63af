"""Wrong: has a column for each class of train, not for each class of the task."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl


class NarrowClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        return self.estimator.predict_proba(self.inputs(texts))


@dataclass(frozen=True)
class KnowsOnlyClassesOfTrain(SklearnStrategy):
    name: ClassVar[str] = "knows_only_classes_of_train"

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return NarrowClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())


@hookimpl
def harness_strategies():
    return [KnowsOnlyClassesOfTrain()]
