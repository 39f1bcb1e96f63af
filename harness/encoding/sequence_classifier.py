"""A checkpoint -> a transformers model for sequence classification, to be trained or to predict."""

from collections.abc import Sequence
from typing import Any


def encoder_width(directory: str) -> int:
    """Return how many numbers a token is for the checkpoint's encoder."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(directory, trust_remote_code=False, local_files_only=True)
    return int(config.get_text_config().hidden_size)


def load_sequence_classifier(directory: str, label_names: Sequence[str], device: str) -> Any:
    """Load an encoder with a classification head; where the checkpoint holds no head, its first weights are random.

    Args:
        directory: Folder of the checkpoint.
        label_names: Name of class i at position i.
        device: cpu, cuda or mps.

    Returns:
        A transformers model in float32, in evaluation mode, on the device.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(
        directory,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        id2label=dict(enumerate(label_names)),
        label2id={name: i for i, name in enumerate(label_names)},
    )
    return model.to(device)
