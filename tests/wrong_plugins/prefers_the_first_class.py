"""Wrong: takes the class with id 0 for the one to answer in doubt."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


class CautiousNB(MultinomialNB):
    def predict_proba(self, X):
        probabilities = super().predict_proba(X)
        probabilities[probabilities.max(axis=1) < 0.99] = np.eye(probabilities.shape[1])[0]
        return probabilities


@dataclass(frozen=True)
class PrefersTheFirstClass(SklearnStrategy):
    name: ClassVar[str] = "prefers_the_first_class"
    trusted_types: ClassVar[tuple[str, ...]] = (f"{__name__}.CautiousNB",)

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), CautiousNB())


@hookimpl
def harness_strategies():
    return [PrefersTheFirstClass()]
