"""Ways to change a checkpoint in a folder: its JSON files, its tensors, its architecture."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertModel

from harness.encoding.transformer_encoder import TransformerEncoder
from harness.huggingface import load_encoder

Tensors = dict[str, torch.Tensor]


def load(folder: Path | str, revision: str | None = None) -> TransformerEncoder:
    """Load an encoder the way a run does, on the CPU and without a network."""
    return load_encoder(str(folder), revision, True, "cpu", "float32")


def set_json(file: Path, **values: Any) -> None:
    """Set keys of a JSON file; None removes one."""
    content = {**json.loads(file.read_text()), **values}
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def change_tensors(folder: Path, change: Callable[[Tensors], Tensors]) -> None:
    """Rewrite the weights as `change` returns them."""
    file = folder / "model.safetensors"
    save_file(change(load_file(file)), file, {"format": "pt"})


def vocabulary_size(folder: Path) -> int:
    """Return the number of tokens that config.json tells of."""
    return int(json.loads((folder / "config.json").read_text())["vocab_size"])


def small_sizes(folder: Path) -> dict[str, int]:
    """Return sizes of a BERT that fits the folder's tokenizer."""
    return {
        "vocab_size": vocabulary_size(folder),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }


def write_bert(folder: Path) -> None:
    """Replace config.json and weights by those of a tiny BERT."""
    BertModel(BertConfig(**small_sizes(folder))).save_pretrained(folder)
