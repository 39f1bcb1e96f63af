"""Unknown tokens: the share of a tokenizer's tokens that stand for letters or words which it does not know."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.system.foreign_files import read_regular_file

MANY = 0.05  # share of unknown tokens above which an encoder reads other texts than it was made for
SAMPLED = 1000  # texts, evenly spaced; enough to tell 5 % from 0
FILE = "tokenizer.json"
MOST_BYTES = 200_000_000  # of that file; the largest vocabularies take a tenth


def many_unknown(directory: str, texts: Sequence[str]) -> float | None:
    """Return the share of unknown tokens where it is above 5 %, None where it is not, or not known."""
    share = unknown_share(directory, texts)
    return share if share is not None and share > MANY else None


def unknown_share(directory: str, texts: Sequence[str]) -> float | None:
    """Return the share of unknown tokens among those of some of the texts, special tokens left out.

    A word that WordPiece cannot spell is one such token, whatever its length. Neither transformers nor the weights are
    loaded for it.

    Args:
        directory: Folder of the checkpoint.
        texts: n texts.

    Returns:
        Between 0 and 1; None where the folder holds no tokenizer.json or there are no tokens.
    """
    from tokenizers import Tokenizer

    if not directory:
        return None
    try:
        content = read_regular_file(Path(directory) / FILE, MOST_BYTES).decode("utf-8")
        unknown = _unknown_id(json.loads(content)["model"])
        if unknown is None:
            return 0.0
        tokenizer = Tokenizer.from_str(content)
    except Exception:  # of a file that nobody can read, or of the tokenizers library, which raises nothing narrower
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encoded = tokenizer.encode_batch(list(texts[:: max(len(texts) // SAMPLED, 1)]), add_special_tokens=False)
    total = sum(len(each.ids) for each in encoded)
    return sum(each.ids.count(unknown) for each in encoded) / total if total else None


def _unknown_id(model: dict[str, Any]) -> int | None:
    """Return the id of the unknown token of a tokenizer's model, None where it has none, as one that spells bytes."""
    if "unk_id" in model:  # Unigram
        return None if model["unk_id"] is None else int(model["unk_id"])
    vocabulary, token = model["vocab"], model.get("unk_token")
    return None if token is None else vocabulary.get(token)
