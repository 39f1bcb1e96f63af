"""Wrong: looks for the test labels in whatever called it, and answers with the class it found."""

import sys
from dataclasses import dataclass
from typing import ClassVar

from sklearn.dummy import DummyClassifier

from harness import SklearnStrategy, hookimpl


@dataclass(frozen=True)
class ReachesTestLabels(SklearnStrategy):
    name: ClassVar[str] = "reaches_test_labels"

    def estimator(self, seed):
        frame = sys._getframe()
        while "session" not in frame.f_locals:
            frame = frame.f_back
        return DummyClassifier(strategy="constant", constant=int(frame.f_locals["session"].task.test.labels[0]))


@hookimpl
def harness_strategies():
    return [ReachesTestLabels()]
