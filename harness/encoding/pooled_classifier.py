"""A linear layer on an encoder's pooled states: the head of fine-tuning where a checkpoint does not pool by [CLS]."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.encoding.checkpoint import load_parts
from harness.encoding.pooling import AUTO, is_pooling, modes_of, pool
from harness.encoding.sentence_encoder import CONFIG_FILE, MODULES_FILE, POOLING_FOLDER, SWITCHES
from harness.errors import ModelError

HEAD_FILE = "head.safetensors"
HEAD_WEIGHTS = frozenset({"head.weight", "head.bias"})
POOLING = "pooling"  # in the metadata of that file
DROPOUT = 0.1  # as before BERT's own head


def pooled_classifier(directory: str, label_names: Sequence[str], device: str, pooling: str) -> Any:
    """Load a checkpoint's encoder with a new linear layer on its pooled states.

    Args:
        directory: Folder of the checkpoint.
        label_names: Name of class i at position i.
        device: cpu, cuda or mps.
        pooling: A mode, or several joined by `+`, not `auto`.

    Returns:
        A torch module that is used as models for sequence classification of transformers are: called with `input_ids`
        and `attention_mask` it returns what has `logits`, float32 (n, k); its encoder is `base_model`.
    """
    import torch

    encoder, _ = load_parts(Path(directory), directory, device, "float32")
    encoder.requires_grad_(True)
    if isinstance(getattr(encoder, "pooler", None), torch.nn.Module):
        encoder.pooler = None  # a layer on [CLS], which nothing here reads
    encoder.config.id2label = dict(enumerate(label_names))
    encoder.config.label2id = {name: i for i, name in enumerate(label_names)}
    return _module(encoder, len(label_names), pooling).eval().to(device)


def saved_pooled_classifier(directory: str, label_names: Sequence[str], device: str) -> Any:
    """Load an encoder and its head from a folder that such a classifier was saved to; arguments as above.

    Raises:
        ModelError: Where the folder does not hold such a head.
    """
    from safetensors import safe_open

    with safe_open(Path(directory) / HEAD_FILE, framework="pt") as file:
        pooling = (file.metadata() or {}).get(POOLING)
    if pooling == AUTO or not is_pooling(pooling):
        raise ModelError(
            f"{Path(directory) / HEAD_FILE}: expected the pooling that its head reads, got {pooling!r:.60}. Train the "
            "classifier again."
        )
    classifier = pooled_classifier(directory, label_names, device, str(pooling))
    classifier.load_head(directory)
    return classifier


def head_pooling(model: Any) -> str | None:
    """Return the pooling that the head of a classifier reads, None where it is the head of transformers."""
    found = getattr(model, "head_pooling", None)
    return found if isinstance(found, str) else None


def _module(encoder: Any, n_classes: int, pooling: str) -> Any:
    import torch
    from transformers.modeling_outputs import SequenceClassifierOutput

    class PooledClassifier(torch.nn.Module):
        head_pooling = pooling

        def __init__(self) -> None:
            super().__init__()
            self.base_model = encoder
            self.dropout = torch.nn.Dropout(DROPOUT)
            self.head = torch.nn.Linear(len(modes_of(pooling)) * encoder.config.hidden_size, n_classes)
            torch.nn.init.normal_(self.head.weight, std=getattr(encoder.config, "initializer_range", 0.02))
            torch.nn.init.zeros_(self.head.bias)

        @property
        def config(self) -> Any:
            return self.base_model.config

        @property
        def device(self) -> Any:
            return self.base_model.device

        def forward(self, input_ids: Any, attention_mask: Any = None) -> Any:
            states = self.base_model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            pooled = pool(states, None if attention_mask is None else attention_mask.bool(), pooling)
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
            from safetensors.torch import load_file

            found = load_file(Path(directory) / HEAD_FILE)
            own = self.state_dict()
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
            head = {
                name: weight.contiguous().cpu() for name, weight in self.state_dict().items() if name in HEAD_WEIGHTS
            }
            save_file(head, directory / HEAD_FILE, metadata={POOLING: pooling})
            if (directory / CONFIG_FILE).exists():
                _declare_pooling(directory, pooling, self.config.hidden_size)

    return PooledClassifier()


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
