"""Wrong: computes where it likes, whatever --device says."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from sklearn.naive_bayes import GaussianNB

from harness import SklearnProbe, hookimpl


@dataclass(frozen=True)
class ChoosesItsOwnDevice(SklearnProbe):
    name: ClassVar[str] = "chooses_its_own_device"

    def inputs(self, texts, context):
        device = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.from_numpy(super().inputs(texts, context)).to(device).float().cpu().numpy()

    def estimator(self, seed):
        return GaussianNB()


@hookimpl
def harness_strategies():
    return [ChoosesItsOwnDevice()]
