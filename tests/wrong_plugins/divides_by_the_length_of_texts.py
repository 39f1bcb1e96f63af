"""Wrong: an empty text has no length to divide by."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.naive_bayes import GaussianNB

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class DividesByTheLengthOfTexts(SklearnStrategy):
    name: ClassVar[str] = "divides_by_the_length_of_texts"

    def inputs(self, texts, context):
        return np.array([[text.count(letter) / len(text) for letter in "aeiou"] for text in texts])

    def estimator(self, seed):
        return GaussianNB(var_smoothing=1e-3)


@hookimpl
def harness_strategies():
    return [DividesByTheLengthOfTexts()]
