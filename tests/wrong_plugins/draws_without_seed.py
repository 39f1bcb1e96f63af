"""Wrong: draws from a generator that context.seed does not seed."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class DrawsWithoutSeed(SklearnStrategy):
    name: ClassVar[str] = "draws_without_seed"

    def estimator(self, seed):
        drawn = int(np.random.default_rng().integers(2**31))
        return make_pipeline(CountVectorizer(), LogisticRegression(solver="sag", max_iter=3, random_state=drawn))


@hookimpl
def harness_strategies():
    return [DrawsWithoutSeed()]
