"""The bfloat16 variant of an exported transformers folder: weights of half the size, computed with as they are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.sequence_classifier import load_saved
from harness.export.form import Predict

KIND = "bfloat16 weights and activations (torch.nn.Module.to), probabilities in float32"


def narrow(folder: Path) -> None:
    """Write the weights of a transformers folder in bfloat16, in which transformers then loads them, too."""
    import torch

    aside = folder / "bfloat16"  # the files to be replaced may be mapped into memory
    load_saved(str(folder)).to(torch.bfloat16).save_pretrained(aside)
    for file in folder.glob("*.safetensors*"):
        file.unlink()
    for file in aside.iterdir():
        file.replace(folder / file.name)
    aside.rmdir()


def open_narrow(folder: Path) -> Predict:
    """Return what predicts with the files of a folder, as the pipeline of transformers does."""
    import torch

    model, tokenizer = load_saved(str(folder)), load_tokenizer(str(folder))

    def predict(texts: Sequence[str]) -> NDArray[np.float32]:
        inputs = tokenizer(list(texts), truncation=True, padding=True, return_tensors="pt")
        with torch.inference_mode():
            return np.asarray(model(**inputs).logits.float().softmax(dim=-1), np.float32)

    return predict
