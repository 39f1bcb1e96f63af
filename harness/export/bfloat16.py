"""The bfloat16 variant of an exported transformers folder: weights of half the size, computed with as they are."""

from pathlib import Path

from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.sequence_classifier import load_saved
from harness.export.form import Predict
from harness.export.transformers_form import as_pipeline

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
    return as_pipeline(load_saved(str(folder)), load_tokenizer(str(folder)))
