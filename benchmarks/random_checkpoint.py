"""A DistilBERT of any size with random weights: as fast as a trained one, and no download."""

from pathlib import Path
from typing import Any


def write_random_checkpoint(folder: Path, tokenizer_of: str, **sizes: Any) -> str:
    """Write a random DistilBERT with the tokenizer of another checkpoint.

    Args:
        folder: Where to write; it is made.
        tokenizer_of: Checkpoint whose tokenizer it gets.
        sizes: Fields of `DistilBertConfig`; those left out are those of distilbert-base-uncased.

    Returns:
        The folder, as a model's name.
    """
    import torch
    from transformers import DistilBertConfig, DistilBertModel
    from transformers.utils import logging

    from harness.huggingface import load_tokenizer
    from harness.huggingface.checkpoint import find_checkpoint

    logging.disable_progress_bar()
    tokenizer = load_tokenizer(str(find_checkpoint(tokenizer_of, None, True)[0]))
    config = DistilBertConfig(**{"vocab_size": max(30522, len(tokenizer)), **sizes})
    tokenizer.model_max_length = config.max_position_embeddings
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        DistilBertModel(config).save_pretrained(folder)
    return str(folder)
