"""Between probe and fine-tuning: only the last blocks of the encoder are trained, with a new classification head."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from harness import FineTunedClassifier, FineTuning, RunContext, Split, StrategyError, hookimpl


@dataclass(frozen=True)
class LastLayersFineTune(FineTuning):
    """Embeddings and lower blocks stay frozen, so that a step needs no gradient below and half the time or less.

    Of BERT and RoBERTa the last quarter of the blocks was enough for nine tenths of the quality of full fine-tuning
    (Lee, Tang, and Lin, "What Would Elsa Do?", 2019); two are a third of six blocks and a sixth of twelve. They take
    larger steps than a whole encoder: less of what it knows can be spoilt.

    Args:
        n_blocks: Blocks that are trained, counted from the last.
    """

    name: ClassVar[str] = "last_layers_finetune"
    search_space: ClassVar[str] = "n_blocks=1..4, learning_rate=1e-5..1e-3:log, batch_size=16|32"
    rate_factor: ClassVar[float] = 2.0
    n_blocks: Annotated[int, Ge(1)] = 2

    def prepare(self, untrained: FineTunedClassifier, train: Split, context: RunContext) -> None:
        """Freeze what the encoder holds in front of the last blocks, in the order in which it computes."""
        encoder = untrained.model.base_model
        blocks = _blocks(encoder)
        if self.n_blocks > len(blocks):
            raise StrategyError(f"n_blocks={self.n_blocks}, but the encoder has {len(blocks)}. Lower it.")
        first_trained = next(blocks[-self.n_blocks].parameters())
        for weight in encoder.parameters():
            if weight is first_trained:
                return
            weight.requires_grad_(False)


def _blocks(encoder: Any) -> Any:
    """Return the list of the encoder's blocks."""
    from torch.nn import ModuleList

    n_layers = encoder.config.num_hidden_layers
    for module in encoder.modules():
        if isinstance(module, ModuleList) and len(module) == n_layers:
            return module
    raise StrategyError(
        f"a {encoder.config.model_type} does not hold its {n_layers} blocks one by one (ALBERT's, for one, share their "
        "weights), so that the last cannot be trained alone. Use full_finetune, or another --model."
    )


@hookimpl
def harness_strategies() -> list[LastLayersFineTune]:
    """Offer fine-tuning of the last blocks."""
    return [LastLayersFineTune()]
