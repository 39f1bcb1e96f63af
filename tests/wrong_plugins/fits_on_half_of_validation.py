"""Wrong: keeps half of validation for stopping and fits on the other half as well."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, Split, hookimpl


@dataclass(frozen=True)
class FitsOnHalfOfValidation(SklearnStrategy):
    name: ClassVar[str] = "fits_on_half_of_validation"

    def estimator(self, seed):
        return make_pipeline(TfidfVectorizer(), LogisticRegression(C=100.0, max_iter=1000, random_state=seed))

    def fit(self, train, validation, context):
        half = validation.rows(np.arange(0, len(validation), 2))
        both = Split((*train.texts, *half.texts), np.concatenate([train.labels, half.labels]))
        return super().fit(both, validation, context)


@hookimpl
def harness_strategies():
    return [FitsOnHalfOfValidation()]
