"""Built-in strategies that cannot run as they are, with what each needs, made tiny."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.plugin_system.offers import Offer
from harness.strategies.strategy import Strategy, with_parameters
from harness.testing import tiny_encoder, tiny_task

WIDTH = 16


def write_static_encoder(folder: Path) -> Path:
    """Write a static encoder of model2vec that knows the words of the tiny task, and return its folder."""
    from model2vec import StaticModel
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = sorted({word for text in tiny_task().train.texts for word in text.split()})
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.random.default_rng(0).normal(size=(len(vocabulary), WIDTH)).astype(np.float32)
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(folder)
    return folder


def write_nli_checkpoint(folder: Path) -> Path:
    """Write a tiny random checkpoint for natural language inference, and return its folder."""
    import torch
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    folder.mkdir(parents=True, exist_ok=True)
    tiny_encoder(folder)
    labels = {0: "contradiction", 1: "neutral", 2: "entailment"}
    ids = {name: number for number, name in labels.items()}
    config = DistilBertConfig.from_pretrained(folder, id2label=labels, label2id=ids, initializer_range=0.5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)  # of some seeds it knows the classes better by another one's name
        DistilBertForSequenceClassification(config).save_pretrained(folder)
    return folder


def nli_zero_shot(folder: Path) -> dict[str, Any]:
    return {"model": str(write_nli_checkpoint(folder / "nli"))}


def static_probe(folder: Path) -> dict[str, Any]:
    return {"model": str(write_static_encoder(folder / "static"))}


SETTINGS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "static_probe": static_probe,
    "nli_zero_shot": nli_zero_shot,
}
"""Strategy -> what it is to be set to, for which files are written to a folder."""


def configured(offer: Offer, folder: Path, **changes: Any) -> Strategy:
    """Return a strategy that can run, with other changes besides."""
    settings = SETTINGS[offer.name](folder) if offer.name in SETTINGS else {}
    return with_parameters(offer.strategy, settings | changes)
