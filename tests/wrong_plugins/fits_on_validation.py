"""Wrong: fits on train and validation together, a refit after selection as many people do it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, Split, hookimpl


@dataclass(frozen=True)
class FitsOnValidation(SklearnStrategy):
    name: ClassVar[str] = "fits_on_validation"

    def estimator(self, seed):
        return make_pipeline(TfidfVectorizer(), LogisticRegression(C=100.0, max_iter=1000, random_state=seed))

    def fit(self, train, validation, context):
        both = Split((*train.texts, *validation.texts), np.concatenate([train.labels, validation.labels]))
        return super().fit(both, validation, context)


@hookimpl
def harness_strategies():
    return [FitsOnValidation()]
