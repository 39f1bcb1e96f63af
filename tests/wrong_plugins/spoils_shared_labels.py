"""Wrong: changes labels in place, through a tensor that shares their memory."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class SpoilsSharedLabels(SklearnStrategy):
    name: ClassVar[str] = "spoils_shared_labels"

    def fit(self, train, validation, context):
        classifier = super().fit(train, validation, context)
        labels = torch.from_numpy(train.labels)
        labels[labels == 2] = 1
        return classifier

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())


@hookimpl
def harness_strategies():
    return [SpoilsSharedLabels()]
