"""The tutorial's own method, the baseline: every text padded to the longest of its split, transformers' Trainer.

The steps and arguments are those of the tutorial; changed is only what no longer runs (`evaluation_strategy` is
`eval_strategy` now) or is no part of the method (pushing to the hub, progress bars).
"""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH_SIZE = 64


def load_model(checkpoint: str, device: str, dtype: str) -> Any:
    """Return the encoder as the tutorial loads it."""
    import torch
    from transformers import AutoModel

    return AutoModel.from_pretrained(checkpoint, dtype=getattr(torch, dtype)).to(device)


def encode_splits(
    splits: dict[str, Sequence[str]], tokenizer: Any, model: Any, max_length: int
) -> dict[str, NDArray[np.float32]]:
    """Return the [CLS] state of the last layer for all texts, float32 (n, width) a split.

    Args:
        splits: Split -> texts.
        tokenizer: The checkpoint's tokenizer.
        model: The encoder, on its device.
        max_length: Tokens to truncate texts at.
    """
    import torch
    from datasets import Dataset

    def tokenize(batch: dict[str, Any]) -> Any:
        return tokenizer(batch["text"], padding=True, truncation=True, max_length=max_length)

    def extract_hidden_states(batch: dict[str, Any]) -> dict[str, Any]:
        inputs = {k: v.to(model.device) for k, v in batch.items() if k in tokenizer.model_input_names}
        with torch.no_grad():
            last_hidden_state = model(**inputs).last_hidden_state
        return {"hidden_state": last_hidden_state[:, 0].float().cpu().numpy()}

    features = {}
    for name, texts in splits.items():
        encoded = Dataset.from_dict({"text": list(texts)}).map(tokenize, batched=True, batch_size=None)
        encoded.set_format("torch", columns=["input_ids", "attention_mask"])
        # A fingerprint of our own keeps `datasets` from hashing the whole model to name a result that nobody asks
        # for again: on few rows that fixed cost would make this code look slower a text than it is.
        hidden = encoded.map(extract_hidden_states, batched=True, new_fingerprint=uuid.uuid4().hex)
        features[name] = np.array(hidden["hidden_state"], dtype=np.float32)
    return features


def make_trainer(
    checkpoint: str,
    splits: dict[str, Any],
    n_classes: int,
    workdir: Path,
    *,
    tokenizer: Any,
    max_length: int,
    device: str,
    dtype: str,
    grouped: bool = False,
    **arguments: Any,
) -> Any:
    """Return the tutorial's Trainer, or one that knows the two options which save most of its padding.

    Args:
        checkpoint: Folder of the encoder.
        splits: Split -> `Split`; trained on train, evaluated on validation where it is there.
        n_classes: Number of classes.
        workdir: Folder for what Trainer writes.
        tokenizer: The checkpoint's tokenizer.
        max_length: Tokens to truncate texts at.
        device: cpu, cuda or mps.
        dtype: float32, or bfloat16 for mixed precision.
        grouped: Pad to the longest of the batch, and draw batches of similar length.
        arguments: Of `TrainingArguments`, besides or instead of the tutorial's.
    """
    from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding, PrinterCallback, Trainer
    from transformers import TrainingArguments as Arguments

    data = {name: encode_dataset(split, tokenizer, max_length, padding=not grouped) for name, split in splits.items()}
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels=n_classes).to(device)
    settings = {
        "learning_rate": 2e-5,
        "per_device_train_batch_size": BATCH_SIZE,
        "per_device_eval_batch_size": BATCH_SIZE,
        "weight_decay": 0.01,
        "logging_steps": max(len(data["train"]) // BATCH_SIZE, 1),
        "log_level": "error",
        "disable_tqdm": True,
        "report_to": "none",
        "use_cpu": device == "cpu",
        "bf16": dtype == "bfloat16",
        "dataloader_pin_memory": device == "cuda",
        **({"train_sampling_strategy": "group_by_length"} if grouped else {}),
    }
    trainer = Trainer(
        model=model,
        args=Arguments(output_dir=str(workdir), **(settings | arguments)),
        train_dataset=data["train"],
        eval_dataset=data.get("validation"),
        data_collator=DataCollatorWithPadding(tokenizer) if grouped else None,
        processing_class=tokenizer,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def encode_dataset(split: Any, tokenizer: Any, max_length: int, padding: bool = True) -> Any:
    """Return a split as token ids in a `datasets.Dataset`, all padded to its longest text by default."""
    from datasets import Dataset

    def tokenize(batch: dict[str, Any]) -> Any:
        return tokenizer(batch["text"], padding=padding, truncation=True, max_length=max_length)

    dataset = Dataset.from_dict({"text": list(split.texts), "label": split.labels.tolist()})
    encoded = dataset.map(tokenize, batched=True, batch_size=None)
    encoded.set_format("torch", columns=["input_ids", "attention_mask", "label"])
    return encoded
