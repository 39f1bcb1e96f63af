"""What a user can pick instead of the harness to encode texts: sentence-transformers' engines, and model2vec."""

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import seed
from measuring import seconds_of

TORCH, OPENVINO, OPENVINO_INT8 = "s-t torch", "s-t openvino", "s-t openvino int8"
ONNX, MODEL2VEC, TUTORIAL = "s-t onnx", "model2vec", "tutorial"
CALIBRATION_TEXTS = 320  # sentence-transformers' own example takes 300
NEEDED = {OPENVINO: "optimum.intel", OPENVINO_INT8: "optimum.intel", ONNX: "optimum.onnxruntime"}
PACKAGES = {"optimum.intel": "optimum-intel", "optimum.onnxruntime": "optimum-onnx", "skeletoken": "model2vec[distill]"}


@dataclass
class Rival:
    """Something that encodes texts, at the batch size that suits it best.

    Attributes:
        encode: Texts -> (n, width).
        batch_size: Texts a batch, None where it has no batches.
        rows: Texts that it is timed on, None for all.
    """

    encode: Callable[[Sequence[str]], Any]
    batch_size: int | None = None
    rows: int | None = None


def rivals(encoder: Any, texts: Sequence[str], options: argparse.Namespace, workdir: Path) -> dict[str, Rival]:
    """Return name -> rival, of those that are installed; says which are left out and why.

    Args:
        encoder: Ours; theirs read the same checkpoint and cut texts where it does.
        texts: What they are to encode: batch sizes are chosen on them, and int8 is calibrated on the first.
        options: Of the benchmark.
        workdir: Folder for what they write.
    """
    made = {
        TORCH: lambda: _sentence_transformer(encoder, options.pooling, "torch", options.dtype),
        OPENVINO: lambda: _sentence_transformer(encoder, options.pooling, "openvino"),
        OPENVINO_INT8: lambda: _quantised(encoder, options.pooling, texts, workdir),
        ONNX: lambda: _sentence_transformer(encoder, options.pooling, "onnx"),
    }
    found = {TUTORIAL: _tutorial(encoder, options)}
    for name, make in made.items():
        if missing := _missing("sentence_transformers") or _missing(NEEDED.get(name, "sentence_transformers")):
            print(f"{name} is left out: {missing} is not installed")
            continue
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            found[name] = _at_its_best(make(), texts, options)
    if missing := _missing("model2vec") or _missing("skeletoken"):
        print(f"{MODEL2VEC} is left out: {missing} is not installed")
    else:
        found[MODEL2VEC] = Rival(_static(encoder).encode)
    return found


def _tutorial(encoder: Any, options: argparse.Namespace) -> Rival:
    """Return the tutorial's code, whose cost a text does not depend on the text."""
    model = seed.load_model(encoder.directory, "cpu", options.dtype)

    def encode(texts: Sequence[str]) -> Any:
        return seed.encode_splits({"all": texts}, encoder.tokenizer, model, encoder.max_length)["all"]

    return Rival(encode, seed.BATCH_SIZE, options.seed_rows)


def _missing(module: str) -> str | None:
    parts = module.split(".")
    names = [".".join(parts[: n + 1]) for n in range(len(parts))]
    return None if all(find_spec(name) for name in names) else PACKAGES.get(module, module)


def _sentence_transformer(encoder: Any, pooling: str, backend: str, dtype: str = "float32") -> Any:
    """Return the same checkpoint with the same pooling in sentence-transformers."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    how = {"dtype": dtype} if backend == "torch" else {"export": True}
    transformer = Transformer(encoder.directory, model_kwargs=how, max_seq_length=encoder.max_length, backend=backend)
    return SentenceTransformer(modules=[transformer, Pooling(encoder.width, pooling)], device="cpu")


def _quantised(encoder: Any, pooling: str, texts: Sequence[str], workdir: Path) -> Any:
    """Return its OpenVINO model in eight bits, calibrated on some of the texts as its documentation shows."""
    from sentence_transformers import export_static_quantized_openvino_model
    from sentence_transformers.sentence_transformer.modules import Transformer

    model = _sentence_transformer(encoder, pooling, "openvino")
    data = workdir / "calibration"
    data.mkdir()
    rows = (json.dumps({"text": text}) + "\n" for text in texts[:CALIBRATION_TEXTS])
    (data / "train.jsonl").write_text("".join(rows), encoding="utf-8")
    model.save_pretrained(str(workdir / "model"))
    export_static_quantized_openvino_model(
        model, quantization_config=None, model_name_or_path=str(workdir / "model"), dataset_name=str(data),
        dataset_config_name="default", dataset_split="train", column_name="text",
    )  # fmt: skip
    how = {"file_name": "openvino_model_qint8_quantized.xml"}
    quantised = Transformer(
        str(workdir / "model"), model_kwargs=how, max_seq_length=encoder.max_length, backend="openvino"
    )
    model[0] = quantised
    return model


def _at_its_best(model: Any, texts: Sequence[str], options: argparse.Namespace) -> Rival:
    """Time each batch size once on all texts, after a warm-up, and return the fastest."""

    def encode(rows: Sequence[str], size: int = 32) -> Any:
        return model.encode(list(rows), batch_size=size, show_progress_bar=False)

    encode(texts[:64])
    best = min(options.batch_sizes, key=lambda size: seconds_of(lambda: encode(texts, size), options.device))
    return Rival(lambda rows: encode(rows, best), best)


def _static(encoder: Any) -> Any:
    """Return a static model that model2vec distils from the checkpoint, 256 wide as by its default."""
    from model2vec.distill import distill_from_model

    return distill_from_model(encoder.model, encoder.tokenizer, device="cpu")
