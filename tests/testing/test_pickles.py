"""The kit finds pickles by what saved files hold, however they are packed, and takes nothing else for one."""

import gzip
import io
import json
import pickle
import pickletools
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
import pytest
import scipy.sparse
import torch
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from harness import RunContext, SklearnClassifier, SklearnStrategy, Split
from harness.testing import Bench, check_save_and_load_predict_the_same

pytest_plugins = "harness.testing.pytest_plugin"

STATE: dict[str, Any] = {"coef": np.arange(6.0), "classes": ["calm", "busy"]}
SHORT_TEXTS = (  # that are one or several opcodes, or begin like something compressed
    *("", ".", "0", "1", "0.", "1.", "2.", "N.", "].", "}.", "(t.", "K1.", "Nqa.", "NNR.", "I1\n.", "F1.5\n.", "as."),
    *("cat\ndog\n.", "Metric,\n.", "Ge(1)] harness.", "x^2.", "xyz", "BZh9.", "\x1f.", "]", "{}", "[]", "null", "true"),
)


@dataclass(frozen=True)
class Saves(SklearnStrategy):
    """Naive Bayes on words that saves another file besides."""

    name: ClassVar[str] = "saves"
    write: ClassVar[Callable[[Path], object]] = staticmethod(lambda folder: None)

    def fit(self, train: Split, validation: Split, context: RunContext) -> SklearnClassifier:
        write = type(self).write

        class Saved(SklearnClassifier):
            def save(self, directory: Path) -> None:
                super().save(directory)
                write(directory)

        fitted = super().fit(train, validation, context)
        return Saved(fitted.estimator, fitted.inputs, fitted.n_classes)

    def estimator(self, seed: int) -> Any:
        return make_pipeline(CountVectorizer(), MultinomialNB())


def saving(what: Callable[[Path], object]) -> Saves:
    return type("SavesBesides", (Saves,), {"write": staticmethod(what)})()


def bytes_as(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def zipped_array(folder: Path) -> None:
    np.savez(content := io.BytesIO(), state=np.array(STATE, dtype=object))
    (folder / "w.gz").write_bytes(gzip.compress(content.getvalue()))


@pytest.mark.parametrize(
    ("write", "told"),
    [
        *((bytes_as("w.dat", pickle.dumps(STATE, protocol)), "w.dat:") for protocol in range(6)),
        (bytes_as("w.dat", pickletools.optimize(pickle.dumps(STATE, 0))), "w.dat:"),
        (bytes_as("w.txt", pickle.dumps(["calm"], 0) + pickle.dumps(3, 0) + b"\n"), "w.txt:"),
        (bytes_as("w.pkl", b"unreadable"), "w.pkl:"),
        (bytes_as("w.gz", gzip.compress(pickle.dumps(STATE))), "w.gz (compressed):"),
        (bytes_as("w", zlib.compress(pickle.dumps(STATE, 0))), "w (compressed):"),
        *(
            (lambda folder, how=how: joblib.dump(STATE, folder / "w.z", compress=(how, 3)), "w.z (compressed):")
            for how in ("zlib", "gzip", "bz2", "xz", "lzma")
        ),
        (lambda folder: torch.save(STATE, folder / "w.dat"), "w.dat (w/data.pkl):"),
        (lambda folder: np.save(folder / "w.npy", STATE, allow_pickle=True), "w.npy (an array of objects):"),  # type: ignore[arg-type]
        (
            lambda folder: np.savez(folder / "w.npz", table=np.ones(3), state=np.array(STATE, dtype=object)),
            "w.npz (state.npy, an array of objects):",
        ),
        (zipped_array, "w.gz (compressed, state.npy, an array of objects):"),
    ],
)
def test_a_pickle_is_found_by_content(write: Callable[[Path], object], told: str, strategy_bench: Bench) -> None:
    with pytest.raises(AssertionError, match=re.escape(f"expected no pickle, got {told} write arrays of numbers as")):
        check_save_and_load_predict_the_same(saving(write), strategy_bench)


def write_honest_files(folder: Path) -> None:
    for number, text in enumerate(SHORT_TEXTS):
        (folder / f"{number}.txt").write_bytes(text.encode())
    np.save(folder / "table.npy", np.ones((2, 3)))
    np.save(folder / "fields.npy", np.zeros(2, dtype=[("größe", "f4"), ("name", "U4")]))
    np.savez(folder / "tables.npz", names=np.array(["calm", "busy"]), empty=np.zeros(0))
    scipy.sparse.save_npz(folder / "sparse.npz", scipy.sparse.eye_array(3, format="csr"))
    save_file({"weight": np.ones(3)}, folder / "head.safetensors")
    (folder / "weights.bin").write_bytes(np.linspace(-1, 1, 99, dtype=np.float32).tobytes())
    (folder / "words.json.gz").write_bytes(gzip.compress(json.dumps(["calm", "."]).encode()))


def test_tables_texts_and_numbers_are_no_pickles(strategy_bench: Bench) -> None:
    assert check_save_and_load_predict_the_same(saving(write_honest_files), strategy_bench) is not None
