"""Wrong: goes on learning from its own answers whenever it is asked."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl


class LearnsFromWhatItIsAskedClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        counts, bayes = self.estimator[0].transform(texts), self.estimator[1]
        bayes.partial_fit(counts, bayes.predict(counts))
        return super().predict_proba(texts)


@dataclass(frozen=True)
class LearnsFromWhatItIsAsked(SklearnStrategy):
    name: ClassVar[str] = "learns_from_what_it_is_asked"

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return LearnsFromWhatItIsAskedClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        loaded = super().load(directory, context)
        return LearnsFromWhatItIsAskedClassifier(loaded.estimator, loaded.inputs, loaded.n_classes)


@hookimpl
def harness_strategies():
    return [LearnsFromWhatItIsAsked()]
