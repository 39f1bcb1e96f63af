"""Fine-tuning end to end: every weight of the encoder and a new classification head."""

from dataclasses import dataclass
from typing import ClassVar

from harness import FineTuning, hookimpl


@dataclass(frozen=True)
class FullFineTune(FineTuning):
    """All weights trained end to end; the epoch with the best validation f1_weighted is kept.

    Defaults are those of "Natural Language Processing with Transformers" (Tunstall et al., 2022), chapter 2.

    Args:
        learning_rate: AdamW's highest step size; it falls linearly to 0.
        epochs: Passes over train, each followed by an evaluation on validation.
        batch_size: Texts a step.
        weight_decay: AdamW's weight decay.
        warmup: Share of the steps in which the step size rises from 0.
        min_steps: Least number of steps: where train is too small for as many, every epoch is as many passes as that
            takes. Few labels need it: BERT's published recipes stop too early there (Mosbach et al., 2021).
    """

    name: ClassVar[str] = "full_finetune"
    groups: ClassVar[tuple[str, ...]] = ("seed",)


@hookimpl
def harness_strategies() -> list[FullFineTune]:
    """Offer fine-tuning."""
    return [FullFineTune()]
