"""Naive Bayes on runs of characters: no encoder, no words, quick on anything."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class CharBayes(SklearnStrategy):
    """Complement naive Bayes on hashed runs of characters.

    Args:
        longest: Characters of the longest run that is counted.
        smoothing: Added to every count.
    """

    name: ClassVar[str] = "char_bayes"
    groups: ClassVar[tuple[str, ...]] = ("baselines", "fast")
    longest: Annotated[int, Ge(1)] = 4
    smoothing: Annotated[float, Gt(0)] = 0.1

    def estimator(self, seed: int) -> Any:
        """Return the pipeline from text to class; nothing in it is random."""
        runs = HashingVectorizer(analyzer="char_wb", ngram_range=(1, self.longest), alternate_sign=False, norm=None)
        return make_pipeline(runs, ComplementNB(alpha=self.smoothing))


@hookimpl
def harness_strategies() -> list[CharBayes]:
    """Offer it."""
    return [CharBayes()]
