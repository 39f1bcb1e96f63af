"""Tiny checkpoints of many families, and what plain transformers makes of a text."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from harness import Features, silent_transformers
from harness.encoding.pooling import POOLING_MODES
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.huggingface import load_encoder, write_tiny_checkpoint

WORDS = ("the", "a", "i", "feel", "sun", "rain", "calm", "busy", "glad", "today")
LAYERS = (0, 1, -1, -2)
POOLINGS = (*POOLING_MODES, "cls+weightedmean")
WANTED = [Features(layer, pooling) for layer in LAYERS for pooling in POOLINGS]
TEXTS = (
    "i feel glad today",
    "",
    "   ",
    "the sun " * 200,
    "rain",
    "\U0001f600\U0001f389 party \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "今天天氣很好",
    "i feel glad today",
    "[/] <b> \x1b[31m \x00 \ufffd",
    "unknownwordspeltinletters, and another one!",
    "the busy rain . " * 7,
    "[PAD] [MASK] sun [PAD]",
)

_SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
_RELATIVE = {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0}
FAMILIES: dict[str, dict[str, Any]] = {
    "albert": {"embedding_size": 16},
    "bert": {},
    "deberta-v2": {**_RELATIVE, "position_buckets": 16, "position_biased_input": False, "share_att_key": True},
    "distilbert": {},
    "electra": {"embedding_size": 16},
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8},
    "mpnet": {},
    "roberta": {},
    "xlm-roberta": {},
}
DECODERS: dict[str, dict[str, Any]] = {"gpt2": {}}
"""Families whose tokens read what stands before them, and whose heads have no bias."""
PADDING_READERS: dict[str, dict[str, Any]] = {"convbert": {"embedding_size": 32, "head_ratio": 1}, "fnet": {}}
"""Families in which the padding of a text changes its states, mask or not."""


def write_family(folder: Path, family: str, **settings: Any) -> Path:
    """Write a tiny random encoder of a family, with the tiny tokenizer, and return its folder."""
    folder.mkdir(exist_ok=True)
    write_tiny_checkpoint(folder, WORDS, seed=3)
    n_tokens = json.loads((folder / "config.json").read_text())["vocab_size"]
    own = {"vocab_size": n_tokens, "max_position_embeddings": 66, "pad_token_id": 0, **_SIZES}
    own |= {**FAMILIES, **DECODERS, **PADDING_READERS}.get(family, {})
    if family == "xlnet":  # its positions are relative
        del own["max_position_embeddings"]
    config = transformers.AutoConfig.for_model(family, **{**own, **settings})
    with silent_transformers():
        transformers.AutoModel.from_config(config).save_pretrained(folder)
    return folder


def loaded(folder: Path, batch_tokens: int | None = None) -> TransformerEncoder:
    """Load an encoder the way a run without a cache does."""
    return load_encoder(str(folder), None, True, "cpu", "float32", batch_tokens)


def plainly(
    folder: Path, texts: Sequence[str], wanted: Sequence[Features] = WANTED
) -> dict[Features, NDArray[np.float32]]:
    """Encode one text at a time with nothing but transformers."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    rows: dict[Features, list[NDArray[np.float32]]] = {features: [] for features in wanted}
    for text in texts:
        inputs = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        with torch.no_grad():
            states = model(**inputs, output_hidden_states=True).hidden_states
        for features in wanted:
            tokens = states[features.layer][0].numpy()  # (tokens, width)
            rows[features].append(np.concatenate([pooled_plainly(tokens, m) for m in features.pooling.split("+")]))
    return {features: np.stack(found) for features, found in rows.items()}


def pooled_plainly(tokens: NDArray[np.float32], mode: str) -> NDArray[np.float32]:
    """Turn the (tokens, width) states of one text into (width,)."""
    places = np.arange(1, len(tokens) + 1, dtype=np.float32)
    return {
        "cls": tokens[0],
        "lasttoken": tokens[-1],
        "mean": tokens.mean(axis=0),
        "max": tokens.max(axis=0),
        "mean_sqrt_len_tokens": tokens.sum(axis=0) / np.sqrt(np.float32(len(tokens))),
        "weightedmean": (places[:, None] * tokens).sum(axis=0) / places.sum(),
    }[mode]


@contextmanager
def batches_seen(encoder: TransformerEncoder) -> Iterator[list[tuple[int, int]]]:
    """Collect (texts, tokens of the longest) of every batch that goes through the model whole."""
    encoder.skips_last_layer([Features()])  # its trial runs are over then
    shapes: list[tuple[int, int]] = []

    def note(module: Any, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        shapes.append(tuple(kwargs["input_ids"].shape))

    hook = encoder.model.register_forward_hook(note, with_kwargs=True)
    try:
        yield shapes
    finally:
        hook.remove()
