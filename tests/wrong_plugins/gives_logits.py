"""Wrong: answers with scores that nobody turned into probabilities."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


class LogitNB(MultinomialNB):
    def predict_proba(self, X):
        return self.predict_log_proba(X)


@dataclass(frozen=True)
class GivesLogits(SklearnStrategy):
    name: ClassVar[str] = "gives_logits"

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), LogitNB())


@hookimpl
def harness_strategies():
    return [GivesLogits()]
