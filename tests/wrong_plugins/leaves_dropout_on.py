"""Wrong: draws anew whenever it is asked, as a network does whose dropout is left on."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl


class LeavesDropoutOnClassifier(SklearnClassifier):
    def predict_proba(self, texts):
        dropped = [" ".join(word for word in text.split() if np.random.random() > 0.2) for text in texts]
        return super().predict_proba(dropped)


@dataclass(frozen=True)
class LeavesDropoutOn(SklearnStrategy):
    name: ClassVar[str] = "leaves_dropout_on"

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return LeavesDropoutOnClassifier(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        loaded = super().load(directory, context)
        return LeavesDropoutOnClassifier(loaded.estimator, loaded.inputs, loaded.n_classes)


@hookimpl
def harness_strategies():
    return [LeavesDropoutOn()]
