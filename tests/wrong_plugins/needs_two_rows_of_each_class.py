"""Wrong: sets rows of each class aside, which takes two of each."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class NeedsTwoRowsOfEachClass(SklearnStrategy):
    name: ClassVar[str] = "needs_two_rows_of_each_class"

    def fit(self, train, validation, context):
        rows, _ = train_test_split(range(len(train)), stratify=train.labels, random_state=context.seed)
        return super().fit(train.rows(rows), validation, context)

    def estimator(self, seed):
        return make_pipeline(CountVectorizer(), MultinomialNB())


@hookimpl
def harness_strategies():
    return [NeedsTwoRowsOfEachClass()]
