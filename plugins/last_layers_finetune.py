"""Between probe and fine-tuning: the encoder's last blocks are trained, what stands behind them, and a new head."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, ClassVar

from annotated_types import Ge

from harness import FineTunedClassifier, FineTuning, RunContext, Split, StrategyError, hookimpl


@dataclass(frozen=True)
class LastLayersFineTune(FineTuning):
    """Embeddings and lower blocks stay frozen, so that a step needs no gradient below and half the time or less.

    Of BERT and RoBERTa the last quarter of the blocks was enough for nine tenths of the quality of full fine-tuning
    (Lee, Tang, and Lin, "What Would Elsa Do?", 2019); two are a third of six blocks and a sixth of twelve. They take
    larger steps than a whole encoder: less of what it knows can be spoilt. What the encoder computes behind its last
    block, such as a final norm, is trained, too; all that it computes before, or shares among blocks, is not.

    Args:
        n_blocks: Blocks that are trained, counted from the last.
    """

    name: ClassVar[str] = "last_layers_finetune"
    search_space: ClassVar[str] = "n_blocks=1..4, learning_rate=1e-5..1e-3:log, batch_size=16|32"
    rate_factor: ClassVar[float] = 2.0
    n_blocks: Annotated[int, Ge(1)] = 2

    def refusal(self, model: str, n_layers: int, label_names: Sequence[str]) -> str | None:
        """Return why the settings cannot be: the encoder has fewer blocks, or shares them, or another head."""
        try:
            _blocks(self.outline(model))
        except StrategyError as error:
            return str(error)
        return _too_many(self.n_blocks, n_layers) or super().refusal(model, n_layers, label_names)

    def prepare(self, untrained: FineTunedClassifier, train: Split, context: RunContext) -> None:
        """Freeze all of the encoder but the last blocks and what it computes behind them."""
        encoder = untrained.model.base_model
        blocks = _blocks(encoder)
        if problem := _too_many(self.n_blocks, len(blocks)):
            raise StrategyError(problem)
        behind = _first_used_behind(blocks[-1], encoder)
        encoder.requires_grad_(False)
        for module in (*chain(*blocks[-self.n_blocks :]), *behind):
            module.requires_grad_(True)


def _too_many(n_blocks: int, there: int) -> str | None:
    return f"n_blocks={n_blocks}, but the encoder has {there}. Lower it." if n_blocks > there else None


def _blocks(encoder: Any) -> list[tuple[Any, ...]]:
    """Return the encoder's blocks, each as the modules that it is made of: XLM holds them in several lists."""
    from torch.nn import ModuleList

    n_layers = encoder.config.num_hidden_layers
    for parent in encoder.modules():
        lists = [part for part in parent.children() if isinstance(part, ModuleList) and len(part) == n_layers]
        if lists:
            return list(zip(*lists, strict=True))
    raise StrategyError(
        f"this model ({encoder.config.model_type}) does not hold its {n_layers} blocks one by one (ALBERT's, for one, "
        "share their weights), so that the last cannot be trained alone. Use full_finetune, or another --model."
    )


def _first_used_behind(block: tuple[Any, ...], encoder: Any) -> list[Any]:
    """Return the encoder's modules that are first called once the last block is done, such as a final norm."""
    import torch

    inside = {id(part) for module in block for part in module.modules()}
    before: set[int] = set()
    behind: dict[int, Any] = {}

    def note(module: Any, *passed: Any) -> None:
        if id(module) in inside:
            before.update(behind)
            behind.clear()
        elif not list(module.children()):
            behind[id(module)] = module

    hooks = [module.register_forward_hook(note) for module in encoder.modules()]
    try:
        with torch.no_grad():
            encoder(input_ids=torch.tensor([[1, 2, 3]], device=encoder.device))
    finally:
        for hook in hooks:
            hook.remove()
    return [module for key, module in behind.items() if key not in before]


@hookimpl
def harness_strategies() -> list[LastLayersFineTune]:
    """Offer fine-tuning of the last blocks."""
    return [LastLayersFineTune()]
