"""The ONNX form: tokenizer.json, and model.onnx from token ids to probabilities."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.encoding.traced_graph import write_traced
from harness.export.form import Predict, read_tokens

if TYPE_CHECKING:
    from torch.nn import Module

MODEL_FILE = "model.onnx"
PACKAGES = ("onnx", "onnxruntime")
OUTPUT = "probabilities"
NOTHING = 4  # of ONNX Runtime's levels of its log: what is fatal


def write_onnx(graph: "Module", folder: Path) -> None:
    """Write a torch module, input_ids and attention_mask -> probabilities, as model.onnx.

    Args:
        graph: As of `harness.export.graph`.
        folder: Where it goes.
    """
    prompt_tokens: Any = graph.prompt_tokens  # an int, for all that torch tells of what a module holds
    write_traced(graph, folder / MODEL_FILE, {OUTPUT: {0: "texts"}}, prompt_tokens)


def open_onnx(folder: Path) -> Predict:
    """Return what predicts with the files of a folder, as its README does."""
    import onnxruntime
    import torch

    tokenise, options = read_tokens(folder), onnxruntime.SessionOptions()
    options.log_severity_level = NOTHING  # what it raises is told once
    # Its own default is every core of the machine: where this process may use fewer, its threads wait for each other.
    options.intra_op_num_threads = torch.get_num_threads()
    session: Any = onnxruntime.InferenceSession(folder / MODEL_FILE, options, providers=["CPUExecutionProvider"])
    return lambda texts: session.run([OUTPUT], tokenise(texts))[0]


README = """\
# A text classifier

```sh
pip install onnxruntime tokenizers
```

```python
import json
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

classifier = json.load(open("classifier.json", encoding="utf-8"))  # names of the classes, prompt, what was checked
tokenizer = Tokenizer.from_file("tokenizer.json")
model = onnxruntime.InferenceSession("model.onnx")


def predict_proba(texts):
    tokens = tokenizer.encode_batch([classifier["prompt"] + text for text in texts])
    inputs = {"input_ids": [t.ids for t in tokens], "attention_mask": [t.attention_mask for t in tokens]}
    return model.run(["probabilities"], {name: np.array(rows, np.int64) for name, rows in inputs.items()})[0]


for row in predict_proba(["what a day", "leave me alone"]):
    print(classifier["labels"][row.argmax()], row.max())
```
"""
