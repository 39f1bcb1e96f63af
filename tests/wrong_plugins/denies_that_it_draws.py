"""Wrong: declares that every seed predicts the same, and projects onto directions that it draws by the seed."""

from dataclasses import dataclass
from typing import ClassVar

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import GaussianRandomProjection

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class DeniesThatItDraws(SklearnStrategy):
    name: ClassVar[str] = "denies_that_it_draws"
    deterministic: ClassVar[bool] = True

    def estimator(self, seed):
        projection = GaussianRandomProjection(12, random_state=seed)
        return make_pipeline(CountVectorizer(), projection, LogisticRegression())


@hookimpl
def harness_strategies():
    return [DeniesThatItDraws()]
