"""Wrong: turns on for everybody what it wanted for itself."""

from dataclasses import dataclass
from typing import ClassVar

import sklearn
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class LeavesSettingsChanged(SklearnStrategy):
    name: ClassVar[str] = "leaves_settings_changed"

    def estimator(self, seed):
        sklearn.set_config(enable_metadata_routing=True)
        return make_pipeline(CountVectorizer(), MultinomialNB())


@hookimpl
def harness_strategies():
    return [LeavesSettingsChanged()]
