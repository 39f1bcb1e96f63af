"""Wrong: its columns stand in an order of its own, as after sorting by descending score."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


class ReversedNB(MultinomialNB):
    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


@dataclass(frozen=True)
class ReversesTheColumns(SklearnStrategy):
    name: ClassVar[str] = "reverses_the_columns"
    trusted_types: ClassVar[tuple[str, ...]] = (f"{__name__}.ReversedNB",)

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), ReversedNB())


@hookimpl
def harness_strategies():
    return [ReversesTheColumns()]
