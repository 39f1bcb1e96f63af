"""A linear layer on an encoder's pooled states: the head of fine-tuning where a checkpoint does not pool by [CLS]."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.encoding.checkpoint import load_parts
from harness.encoding.pooling import AUTO, is_pooling
from harness.errors import ModelError

HEAD_FILE = "head.safetensors"
HEAD_WEIGHTS = frozenset({"head.weight", "head.bias"})
POOLING = "pooling"  # in the metadata of that file


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

    from harness.encoding.pooled_module import PooledClassifier  # which imports torch

    encoder, _ = load_parts(Path(directory), directory, device, "float32")
    encoder.requires_grad_(True)
    if isinstance(getattr(encoder, "pooler", None), torch.nn.Module):
        encoder.pooler = None  # a layer on [CLS], which nothing here reads
    encoder.config.id2label = dict(enumerate(label_names))
    encoder.config.label2id = {name: i for i, name in enumerate(label_names)}
    return PooledClassifier(encoder, len(label_names), pooling).eval().to(device)


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
