"""LoRA: the encoder stays as it is, low-rank corrections of its matrices are trained (Hu et al., ICLR 2022).

Only the corrections, the head and what else is new are saved, in the format of peft: 1.4 MB beside an encoder of 90.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Ge, Interval

from harness import FineTunedClassifier, FineTuning, ModelError, RunContext, Split, StrategyError, hookimpl


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
        from peft import LoraConfig, TaskType
        from torch.nn import Linear
        from transformers.pytorch_utils import Conv1D

        model = untrained.model
        new = _new_modules(untrained)
        layers = {id(module): module for module in model.base_model.modules() if isinstance(module, (Linear, Conv1D))}
        targets = [name for name, part in model.named_modules() if id(part) in layers and not _is_in(name, new)]
        if not targets:
            kind = model.config.model_type
            raise StrategyError(f"this model ({kind}) has no linear layers that LoRA can change. Use full_finetune.")
        adapters = LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=targets,
            modules_to_save=new,
            fan_in_fan_out=any(isinstance(module, Conv1D) for module in layers.values()),  # GPT-2's are transposed
        )
        model.add_adapter(adapters)

    def load(self, directory: Path, context: RunContext) -> FineTunedClassifier:
        """Return the classifier saved in `directory`: its adapters and head in the encoder of the context.

        Raises:
            ModelError: Where a weight is neither in the encoder's checkpoint nor saved.
        """
        from safetensors import safe_open

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of the checkpoint's own head, told when it was trained
            classifier = FineTunedClassifier.pretrained(context.model, context, pooling=self.head_pooling(context))
        saved: set[str] = set()
        for path in directory.glob("*.safetensors"):  # a head on pooled states has a file of its own
            with safe_open(path, framework="pt") as file:
                saved |= {name.removeprefix("base_model.model.") for name in file.keys()}  # noqa: SIM118
        if lacking := sorted(classifier.new_weights - saved):
            raise ModelError(
                f"The adapters in {directory} lack {lacking[0]}, which the encoder's checkpoint does not hold either. "
                "It would be random: train them again."
            )
        classifier.model.load_adapter(str(directory))
        classifier.model.eval()
        return classifier


def _new_modules(untrained: FineTunedClassifier) -> list[str]:
    """Return the modules that are trained and saved whole: the head, and what else the checkpoint does not hold."""
    model = untrained.model
    parts = [name for name, part in model.named_children() if part is not model.base_model]
    head = [name for name in parts if list(model.get_submodule(name).parameters())]
    owners = sorted({name.rpartition(".")[0] for name in untrained.new_weights})
    return [*head, *(name for name in owners if not _is_in(name, head))]


def _is_in(name: str, modules: Sequence[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


@hookimpl
def harness_strategies() -> list[LoRAFineTune]:
    """Offer LoRA."""
    return [LoRAFineTune()]
