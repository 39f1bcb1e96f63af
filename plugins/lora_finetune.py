"""LoRA: the encoder stays as it is, low-rank corrections of its matrices are trained (Hu et al., ICLR 2022).

Only the corrections and the head are saved, in the format of peft: 1.4 MB beside an encoder of 90.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from harness import FineTunedClassifier, FineTuning, RunContext, Split, hookimpl


@dataclass(frozen=True)
class LoRAFineTune(FineTuning):
    """Adapters of rank `r` beside every linear layer of the encoder, and a new head; all other weights stay frozen.

    `r` and `alpha` are those of Hu et al. for RoBERTa on GLUE; all linear layers, not the attention's alone, as in
    QLoRA (Dettmers et al., 2023). Steps are ten times those for the whole encoder, as in "LoRA
    Without Regret" (Schulman et al., 2025).

    Args:
        r: Rank of the corrections.
        alpha: A correction counts alpha / r times.
        dropout: Share of a layer's inputs that its correction does not see in training.
    """

    name: ClassVar[str] = "lora_finetune"
    saves_encoder: ClassVar[bool] = False  # but the corrections alone
    requires: ClassVar[Mapping[str, str]] = {"peft": "lora"}
    search_space: ClassVar[str] = "r=4|8|16, learning_rate=1e-4..5e-3:log, batch_size=16|32"
    imports: ClassVar[tuple[str, ...]] = (*FineTuning.imports, "peft")
    rate_factor: ClassVar[float] = 10.0
    r: Annotated[int, Ge(1)] = 8
    alpha: Annotated[int, Ge(1)] = 8
    dropout: Annotated[float, Interval(ge=0, lt=1)] = 0.1

    def prepare(self, untrained: FineTunedClassifier, train: Split, context: RunContext) -> None:
        """Put the adapters beside the layers; this freezes all but them and the head."""
        from peft import LoraConfig
        from torch.nn import Linear

        model = untrained.model
        layers = {id(module) for module in model.base_model.modules() if isinstance(module, Linear)}
        head = [name for name, part in model.named_children() if part is not model.base_model]
        adapters = LoraConfig(
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=[name for name, module in model.named_modules() if id(module) in layers],
            modules_to_save=[name for name in head if list(model.get_submodule(name).parameters())],
        )
        model.add_adapter(adapters)

    def load(self, directory: Path, context: RunContext) -> FineTunedClassifier:
        """Return the classifier saved in `directory`: its adapters and head in the encoder of the context."""
        classifier = FineTunedClassifier.pretrained(context.model, context)
        classifier.model.load_adapter(str(directory))
        classifier.model.eval()
        return classifier


@hookimpl
def harness_strategies() -> list[LoRAFineTune]:
    """Offer LoRA."""
    return [LoRAFineTune()]
