"""A strategy that notices: its predictions depend on all that another one could leave behind in the process."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Split
from harness.encoding.encoder import Features
from harness.strategies.sklearn_probe import SklearnProbe
from harness.strategies.strategy import RunContext

UNITS, STEPS, LEARNING_RATE = 8, 3, 0.1
READS = Features()


@dataclass(frozen=True)
class Mixture:
    """The mean of a scikit-learn probe's probabilities and a small network's, a drawn share of each."""

    probe: Any
    network: Any
    share: float
    context: RunContext

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        import torch

        with torch.inference_mode():
            logits = self.network.eval()(torch.from_numpy(self.context.encode(texts, READS)))
            of_network = logits.softmax(dim=1).numpy()
        mixed: NDArray[np.float32] = self.share * self.probe.predict_proba(texts) + (1 - self.share) * of_network
        return mixed.astype(np.float32)


@dataclass(frozen=True)
class Reference(SklearnProbe):
    """Logistic regression and a small network on the same features, mixed by numbers drawn from every generator."""

    name: ClassVar[str] = "reference"

    def estimator(self, seed: int) -> Any:
        """Return the linear head."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(random_state=seed)

    def fit(self, train: Split, validation: Split, context: RunContext) -> Any:
        """Fit both on train."""
        import torch
        from torch import nn

        probe = super().fit(train, validation, context)
        x = torch.from_numpy(context.encode(train.texts, READS))
        y = torch.tensor(train.labels)
        network = nn.Sequential(nn.Linear(x.shape[1], UNITS), nn.Dropout(0.5), nn.Linear(UNITS, context.n_classes))
        optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        drawn = (random.random(), np.random.random(), float(torch.rand(())))
        return Mixture(probe, network, sum(drawn) / len(drawn), context)
