"""The second floor: draw a class at random, each as often as it occurs in train."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from harness import RunContext, Split, forecast_fit, hookimpl

FILE_NAME = "labels.npy"
AHEAD = 1e-3  # by which the drawn class leads the others, so that it is the prediction


@dataclass(frozen=True)
class DrawnLabels:
    """Answers with the label of a row of train that is drawn at random, and knows that it is guessing.

    Args:
        labels: Labels of train, int64 (n,).
        n_classes: Number of classes, k.
        seed: With it, a text gets the same answer wherever it comes.
    """

    labels: NDArray[np.int64]
    n_classes: int
    seed: int

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 (n, k): the class shares of train, the drawn class just above the largest of them."""
        shares = np.bincount(self.labels, minlength=self.n_classes) / len(self.labels)
        drawn = [self.labels[random.Random(f"{self.seed} {text}").randrange(len(self.labels))] for text in texts]
        probabilities = np.tile(shares, (len(texts), 1))
        probabilities[np.arange(len(texts)), drawn] = shares.max() + AHEAD
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True), np.float32)

    def save(self, directory: Path) -> None:
        """Write the labels of train; the seed is the trial's."""
        np.save(directory / FILE_NAME, self.labels, allow_pickle=False)


@dataclass(frozen=True)
class StratifiedRandom:
    """Guess by the class shares of train; beside `majority` a higher floor in f1_macro, a lower one in accuracy."""

    name: ClassVar[str] = "stratified_random"
    groups: ClassVar[tuple[str, ...]] = ("baselines", "floors", "fast")
    uses_model: ClassVar[bool] = False
    forecast = forecast_fit

    def fit(self, train: Split, validation: Split, context: RunContext) -> DrawnLabels:
        """Remember the labels of train."""
        del validation
        return DrawnLabels(np.array(train.labels), context.n_classes, context.seed)

    def load(self, directory: Path, context: RunContext) -> DrawnLabels:
        """Return the classifier saved in `directory`."""
        return DrawnLabels(np.load(directory / FILE_NAME, allow_pickle=False), context.n_classes, context.seed)


@hookimpl
def harness_strategies() -> list[StratifiedRandom]:
    """Offer the second floor."""
    return [StratifiedRandom()]
