"""The OpenVINO form: tokenizer.json, and model.xml with model.bin from token ids to probabilities."""

from pathlib import Path
from typing import TYPE_CHECKING

from harness.encoding.openvino_engine import IN_FLOAT32
from harness.export.form import Predict, read_tokens
from harness.export.onnx_form import MODEL_FILE, OUTPUT, write_onnx
from harness.system.disk_errors import disk_errors_of_libraries
from harness.system.silent_openvino import compile_for_cpu, import_openvino
from harness.system.temporary_folders import temporary_folder

if TYPE_CHECKING:
    from torch.nn import Module

XML_FILE, WEIGHTS_FILE = "model.xml", "model.bin"
PACKAGES = ("onnx", "openvino")


def write_openvino(graph: "Module", folder: Path) -> None:
    """Write a torch module, input_ids and attention_mask -> probabilities, as model.xml and model.bin.

    By way of ONNX, and not by `openvino.convert_model`, which would report its use where the host imported openvino.

    Args:
        graph: As of `harness.export.graph`.
        folder: Where it goes.
    """
    openvino = import_openvino()
    with temporary_folder() as workdir:
        with disk_errors_of_libraries(workdir.parent, "the environment variable TMPDIR"):
            write_onnx(graph, workdir)
        model = openvino.Core().read_model(workdir / MODEL_FILE)
        openvino.save_model(model, folder / XML_FILE, compress_to_fp16=False)


def open_openvino(folder: Path) -> Predict:
    """Return what predicts with the files of a folder, as its README does."""
    import torch

    tokenise = read_tokens(folder)
    how = {**IN_FLOAT32, "INFERENCE_NUM_THREADS": torch.get_num_threads()}  # its own default is every core
    model = compile_for_cpu(folder / XML_FILE, how)
    return lambda texts: model(tokenise(texts))[OUTPUT]


README = """\
# A text classifier

```sh
pip install openvino tokenizers
```

```python
import json
import sys
import numpy as np
from tokenizers import Tokenizer

sys.modules["openvino_telemetry"] = None  # else importing openvino reports that to its maker
import openvino

classifier = json.load(open("classifier.json", encoding="utf-8"))  # names of the classes, prompt, what was checked
tokenizer = Tokenizer.from_file("tokenizer.json")
in_float32 = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}  # the same on every processor
model = openvino.Core().compile_model("model.xml", "CPU", in_float32)


def predict_proba(texts):
    tokens = tokenizer.encode_batch([classifier["prompt"] + text for text in texts])
    inputs = {"input_ids": [t.ids for t in tokens], "attention_mask": [t.attention_mask for t in tokens]}
    return model({name: np.array(rows, np.int64) for name, rows in inputs.items()})["probabilities"]


for row in predict_proba(["what a day", "leave me alone"]):
    print(classifier["labels"][row.argmax()], row.max())
```
"""
