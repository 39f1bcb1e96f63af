"""Fine-tuning end to end: every weight of the encoder and a new classification head."""

from dataclasses import dataclass
from typing import ClassVar

from harness import FineTuning, hookimpl


@dataclass(frozen=True)
class FullFineTune(FineTuning):
    """All weights trained end to end; the state with the best validation f1_weighted is kept.

    Settings left at auto suit the number of rows and the encoder's width; DistilBERT on 10,000 rows or more gets those
    of "Natural Language Processing with Transformers" (Tunstall et al., 2022), chapter 2.
    """

    name: ClassVar[str] = "full_finetune"
    groups: ClassVar[tuple[str, ...]] = ("seed",)


@hookimpl
def harness_strategies() -> list[FullFineTune]:
    """Offer fine-tuning."""
    return [FullFineTune()]
