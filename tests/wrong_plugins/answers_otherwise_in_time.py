"""Wrong: from the seventh call on the columns stand in another order."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl

CALLS = Counter()  # by classifier


class AnswersOtherwiseInTimeClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        CALLS[id(self)] += 1
        probabilities = super().predict_proba(texts)
        return probabilities if CALLS[id(self)] <= 6 else probabilities[:, ::-1].copy()


@dataclass(frozen=True)
class AnswersOtherwiseInTime(SklearnStrategy):
    name: ClassVar[str] = "answers_otherwise_in_time"

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return AnswersOtherwiseInTimeClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        loaded = super().load(directory, context)
        return AnswersOtherwiseInTimeClassifier(loaded.estimator, loaded.inputs, loaded.n_classes)


@hookimpl
def harness_strategies():
    return [AnswersOtherwiseInTime()]
