"""A fine-tuned transformers model as a classifier."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.sequence_classifier import Head, last_layer, load_sequence_classifier
from harness.strategies.forward import fast_forward, predict_logits, token_ids_of
from harness.strategies.strategy import RunContext

NEW_HEAD = (
    "The checkpoint has a classification head of its own ({head}): training began with a new one. keep_head=true keeps "
    "it where its classes are named as those of the data."
)


@dataclass(frozen=True)
class FineTunedClassifier:
    """A fine-tuned transformers model and its tokenizer, as a `Classifier`.

    Args:
        model: A model for sequence classification.
        tokenizer: Its tokenizer.
        max_length: Tokens to truncate texts at.
        dtype: float32 or bfloat16, to compute in.
        history: One mapping an epoch.
        trainable_parameters: Number of weights that were trained, None where that is not known, as after loading.
        params: The hyperparameters, with what `auto` came to; None after loading.
        optimism: By how much keeping the best state flatters the validation score; None after loading.
        new_weights: Names of the model's weights that did not come from the checkpoint, before training.
    """

    model: Any
    tokenizer: Any
    max_length: int
    dtype: str
    history: list[dict[str, float]] = field(default_factory=list)
    trainable_parameters: int | None = None
    params: dict[str, Any] | None = None
    optimism: float | None = None
    new_weights: frozenset[str] = frozenset()

    @classmethod
    def pretrained(
        cls, directory: str, context: RunContext, head: Head = "new", pooling: str = "cls"
    ) -> "FineTunedClassifier":
        """Return the model of a checkpoint, on the device.

        Args:
            directory: Folder of the checkpoint.
            context: What else is needed.
            head: `new` for one with random weights, `kept` for the checkpoint's own, its classes in our order,
                `saved` for a checkpoint that holds all that predicts.
            pooling: What a new head reads, such as `head_pooling` of a strategy returns.

        Warns:
            UserWarning: Where the checkpoint has a head that a new one takes the place of.

        Raises:
            ModelError: Where a kept head has other classes, or a saved model lacks weights.
        """
        tokenizer = load_tokenizer(directory)
        loaded = load_sequence_classifier(directory, context.label_names, context.device, head, pooling)
        if loaded.left_out:
            warnings.warn(NEW_HEAD.format(head=loaded.left_out), stacklevel=2)
        loaded.model.config.pad_token_id = tokenizer.pad_token_id
        return cls(loaded.model, tokenizer, context.max_length, context.dtype, new_weights=loaded.new_weights)

    def last_layer(self) -> tuple[Any, str]:
        """Return the module that holds the head's last linear layer, and its name there."""
        return last_layer(self.model)

    @property
    def own_parameters(self) -> int:
        """Number of weights that predicting needs, trained or not; peft also holds the head that it replaced."""
        weights = self.model.named_parameters()
        return sum(weight.numel() for name, weight in weights if ".original_module." not in name)

    def logits(self, texts: Sequence[str]) -> Any:
        """Return what the model's last layer gives for n texts, a float32 tensor (n, k) on the CPU."""
        import torch

        if not texts:
            return torch.empty((0, self.model.config.num_labels))
        with fast_forward(self.model, self.dtype) as forward:
            return predict_logits(forward, token_ids_of(self.tokenizer, texts, self.max_length))

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return class probabilities, float32 (n, k)."""
        return np.asarray(self.logits(texts).softmax(dim=1))

    def save(self, directory: Path) -> None:
        """Write model and tokenizer as `from_pretrained` reads them, without optimiser state."""
        self.model.save_pretrained(directory)
        self.tokenizer.save_pretrained(directory)
