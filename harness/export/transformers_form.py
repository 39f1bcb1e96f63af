"""The transformers form: a folder that `pipeline("text-classification", folder)` reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.checkpoint import load_tokenizer
from harness.encoding.sequence_classifier import load_sequence_classifier
from harness.export.form import Predict

OWN_CODE = "auto_map"  # where a checkpoint names program code of its own, which was not run here and is not handed on


def write_transformers(model: Any, tokenizer: Any, max_length: int, folder: Path) -> None:
    """Write model and tokenizer as `from_pretrained` reads them.

    Args:
        model: A transformers model for sequence classification, without adapters, its classes named.
        tokenizer: Its tokenizer.
        max_length: Tokens that texts are cut at.
        folder: Where they go.
    """
    model.config.problem_type = "single_label_classification"  # the pipeline's probabilities are then a softmax
    model.config.__dict__.pop(OWN_CODE, None)
    tokenizer.init_kwargs.pop(OWN_CODE, None)
    model.save_pretrained(folder)
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder)


def open_transformers(folder: Path, label_names: Sequence[str]) -> Predict:
    """Return what predicts with the files of a folder, as the pipeline of transformers does."""
    model = load_sequence_classifier(str(folder), label_names, "cpu", "saved").model
    return as_pipeline(model, load_tokenizer(str(folder)))


def as_pipeline(model: Any, tokenizer: Any) -> Predict:
    """Return what predicts as the pipeline of transformers does, probabilities in float32.

    Args:
        model: A transformers model for sequence classification, on the CPU.
        tokenizer: Its tokenizer, which knows at how many tokens texts are cut.
    """
    import torch

    def predict(texts: Sequence[str]) -> NDArray[np.float32]:
        inputs = tokenizer(list(texts), truncation=True, padding=True, return_tensors="pt")
        with torch.inference_mode():
            return np.asarray(model(**inputs).logits.float().softmax(dim=-1), np.float32)

    return predict


README = """\
# A text classifier

```sh
pip install transformers torch
```

```python
from transformers import pipeline

classify = pipeline("text-classification", ".", truncation=True)  # longer texts are cut, as in training

for answer in classify(["what a day", "leave me alone"]):
    print(answer["label"], answer["score"])
```

`top_k=None` gives all classes. `classifier.json` says where this comes from and what was checked.
"""
