"""Wrong: nobody learns what its parameters mean, nor which values they take."""

from dataclasses import dataclass
from typing import Any, ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class DocumentsNothing(SklearnStrategy):
    name: ClassVar[str] = "documents_nothing"
    alpha: float = 1.0
    fit_prior: Any = True

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB(alpha=self.alpha, fit_prior=self.fit_prior))


@hookimpl
def harness_strategies():
    return [DocumentsNothing()]
