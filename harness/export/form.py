"""What every form of an exported classifier has in common: its files, what is told of it, and how it is asked."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import UserError

FormName = Literal["transformers", "onnx", "openvino"]
CLASSIFIER_FILE, README_FILE, TOKENIZER_FILE = "classifier.json", "README.md", "tokenizer.json"

Predict = Callable[[Sequence[str]], NDArray[np.float32]]
"""n texts -> probabilities, float32 (n, k)."""


@dataclass(frozen=True)
class Described:
    """What an exported folder says of its classifier, in classifier.json.

    Attributes:
        labels: Name of class i at position i.
        max_length: Tokens that texts are cut at, None where they are read whole.
        prompt: What is put before each text.
        strategy: Name of the strategy in its run.
        seed: Its seed.
        encoder: Hub id or folder's name of the encoder that it was made from, None where there was none.
        revision: Commit of the encoder on the hub, None for a folder.
    """

    labels: tuple[str, ...]
    max_length: int | None
    prompt: str
    strategy: str
    seed: int
    encoder: str | None = None
    revision: str | None = None

    def write(self, folder: Path, **more: Any) -> None:
        """Write classifier.json."""
        text = json.dumps({**vars(self), **more}, indent=2, ensure_ascii=False) + "\n"
        (folder / CLASSIFIER_FILE).write_bytes(text.encode("utf-8", "backslashreplace"))


def write_tokenizer(tokenizer: Any, max_length: int, folder: Path) -> None:
    """Write tokenizer.json for the package tokenizers, with truncation and padding set.

    Args:
        tokenizer: Of transformers.
        max_length: Tokens that texts are cut at.
        folder: Where it goes.

    Raises:
        UserError: For a tokenizer that has no such form.
    """
    from tokenizers import Tokenizer

    if not getattr(tokenizer, "is_fast", False):
        raise UserError(
            f"its tokenizer, {type(tokenizer).__name__}, is written in Python and has no tokenizer.json. Only --to "
            "transformers can hold it."
        )
    written = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    written.enable_truncation(max_length, direction=tokenizer.truncation_side)
    written.enable_padding(pad_id=tokenizer.pad_token_id, pad_token=tokenizer.pad_token)
    (folder / TOKENIZER_FILE).write_text(written.to_str(pretty=True), encoding="utf-8")


def read_tokens(folder: Path) -> Callable[[Sequence[str]], dict[str, NDArray[np.int64]]]:
    """Return what turns texts into input_ids and attention_mask, int64 (n, tokens), as the README of a folder does."""
    from tokenizers import Tokenizer

    prompt = json.loads((folder / CLASSIFIER_FILE).read_text("utf-8"))["prompt"]
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))

    def tokenise(texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        tokens = tokenizer.encode_batch([prompt + text for text in texts])
        return {
            "input_ids": np.array([each.ids for each in tokens], np.int64),
            "attention_mask": np.array([each.attention_mask for each in tokens], np.int64),
        }

    return tokenise
