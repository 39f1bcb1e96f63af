"""Wrong: writes into the file that the features of all strategies are read from."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.naive_bayes import GaussianNB

from harness import SklearnProbe, hookimpl


@dataclass(frozen=True)
class SpoilsSharedFeatures(SklearnProbe):
    name: ClassVar[str] = "spoils_shared_features"

    def fit(self, train, validation, context):
        classifier = super().fit(train, validation, context)
        mapped = context.encode(train.texts, self.features[0]).base
        if isinstance(mapped, np.memmap):
            shared = np.memmap(mapped.filename, mapped.dtype, "r+", mapped.offset, mapped.shape)
            shared[:] = np.roll(shared, 1, axis=0)
        return classifier

    def estimator(self, seed):
        return GaussianNB()


@hookimpl
def harness_strategies():
    return [SpoilsSharedFeatures()]
