"""Wrong: its classifier says how many weights it trained under a name that nothing reads."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnClassifier, SklearnStrategy, hookimpl


class Counted(SklearnClassifier):
    trainable_parameter = 12


@dataclass(frozen=True)
class MisspellsWhatItDeclares(SklearnStrategy):
    name: ClassVar[str] = "misspells_what_it_declares"

    def fit(self, train, validation, context):
        fitted = super().fit(train, validation, context)
        return Counted(fitted.estimator, fitted.inputs, fitted.n_classes)

    def load(self, directory, context):
        fitted = super().load(directory, context)
        return Counted(fitted.estimator, fitted.inputs, fitted.n_classes)

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())


@hookimpl
def harness_strategies():
    return [MisspellsWhatItDeclares()]
