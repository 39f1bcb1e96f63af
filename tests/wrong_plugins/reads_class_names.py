"""Wrong: what the classes are called decides what it draws."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class ReadsClassNames(SklearnStrategy):
    name: ClassVar[str] = "reads_class_names"

    def fit(self, train, validation, context):
        estimator = self.estimator(len("".join(context.label_names)))
        return self._classifier(estimator.fit(list(train.texts), train.labels), context)

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), LogisticRegression(solver="sag", max_iter=3, random_state=seed))


@hookimpl
def harness_strategies():
    return [ReadsClassNames()]
