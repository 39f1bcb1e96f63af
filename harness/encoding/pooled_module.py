"""The torch module of `pooled_classifier.py`; it imports torch at its top, so only functions import it."""

import json
from pathlib import Path
from typing import Any

import torch

from harness.encoding.pooled_classifier import HEAD_FILE, HEAD_WEIGHTS, POOLING
from harness.encoding.pooling import modes_of, pool
from harness.encoding.sentence_encoder import CONFIG_FILE, MODULES_FILE, POOLING_FOLDER, SWITCHES
from harness.errors import ModelError

DROPOUT = 0.1  # as before BERT's own head


class PooledClassifier(torch.nn.Module):
    """An encoder with a linear layer on its pooled states, used as models for sequence classification are.

    Args:
        encoder: A transformers model that returns hidden states.
        n_classes: Number of classes, k.
        pooling: A mode, or several joined by `+`, not `auto`.
    """

    def __init__(self, encoder: Any, n_classes: int, pooling: str) -> None:
        super().__init__()
        self.head_pooling = pooling
        self.base_model = encoder
        self.dropout = torch.nn.Dropout(DROPOUT)
        self.head = torch.nn.Linear(len(modes_of(pooling)) * encoder.config.hidden_size, n_classes)
        torch.nn.init.normal_(self.head.weight, std=getattr(encoder.config, "initializer_range", 0.02))
        torch.nn.init.zeros_(self.head.bias)

    @property
    def config(self) -> Any:
        """The encoder's configuration."""
        return self.base_model.config

    @property
    def device(self) -> Any:
        """Where the weights are."""
        return self.base_model.device

    def forward(self, input_ids: Any, attention_mask: Any = None) -> Any:
        """Return what has `logits`, (n, k), of token ids (n, tokens) and their mask."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        states = self.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = pool(states, None if attention_mask is None else attention_mask.bool(), self.head_pooling)
        return SequenceClassifierOutput(logits=self.head(self.dropout(pooled)))

    def add_adapter(self, adapters: Any) -> None:
        """Put adapters of peft, named from here, beside layers of the encoder, and freeze the rest of it."""
        targets = {name.removeprefix("base_model.") for name in adapters.target_modules}
        adapters.target_modules, adapters.modules_to_save, adapters.task_type = targets, None, "FEATURE_EXTRACTION"
        self.base_model.add_adapter(adapters)

    def load_adapter(self, directory: str) -> None:
        """Put saved adapters and the head saved beside them in place."""
        self.base_model.load_adapter(directory)
        self.load_head(directory)

    def load_head(self, directory: str) -> None:
        """Put a saved head in place.

        Raises:
            ModelError: Where it is of another shape.
        """
        from safetensors.torch import load_file

        found = load_file(Path(directory) / HEAD_FILE)
        own, n_classes = self.state_dict(), self.head.out_features
        if {name: found[name].shape for name in found} != {name: own[name].shape for name in HEAD_WEIGHTS}:
            raise ModelError(
                f"{Path(directory) / HEAD_FILE}: expected the weights of a head that gives {n_classes} classes. "
                "Train the classifier again."
            )
        self.load_state_dict(found, strict=False)

    def save_pretrained(self, directory: Path) -> None:
        """Write the encoder, or its adapters, as transformers does, and the head beside it."""
        from safetensors.torch import save_file

        self.base_model.save_pretrained(directory)
        head = {name: weight.contiguous().cpu() for name, weight in self.state_dict().items() if name in HEAD_WEIGHTS}
        save_file(head, directory / HEAD_FILE, metadata={POOLING: self.head_pooling})
        if (directory / CONFIG_FILE).exists():
            _declare_pooling(directory, self.head_pooling, self.config.hidden_size)


def _declare_pooling(directory: Path, pooling: str, width: int) -> None:
    """Write how the encoder pools as sentence-transformers reads it."""
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate([("Transformer", ""), ("Pooling", POOLING_FOLDER)])
    ]
    switches = {key: mode in modes_of(pooling) for key, mode in SWITCHES.items()}
    (directory / POOLING_FOLDER).mkdir()
    for file, content in (
        (directory / MODULES_FILE, modules),
        (directory / POOLING_FOLDER / CONFIG_FILE, {"word_embedding_dimension": width, **switches}),
    ):
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
