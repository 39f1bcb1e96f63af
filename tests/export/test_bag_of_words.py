"""TF-IDF as tokenizer.json and graph: the words that scikit-learn counts, and its probabilities."""

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from harness import UserError, token_pattern

pytest.importorskip("onnxruntime")

from harness.export.bag_of_words import write_bag_of_words
from harness.export.form import Described
from harness.export.onnx_form import open_onnx

WORDS = [
    "quiet",
    "Lake",
    "ÄRGER",
    "का",
    "क्षि",
    "今天",
    "高興",
    "😀",
    "don't",
    "x",
    "½",
    "İstanbul",
    "می\u200cروم",
    "_a1",
]


def texts(seed: int, n: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 9))) for _ in range(n)]


def probabilities(pipeline: object, asked: list[str], folder: Path) -> NDArray[np.float32]:
    Described(("a", "b", "c"), None, "", "tfidf", 0).write(folder)
    write_bag_of_words(pipeline, 3, folder)
    return open_onnx(folder)(asked)


@pytest.mark.parametrize("pattern", [*map(token_pattern, ("word", "mixed", "char")), r"(?u)\b\w\w+\b"])
@pytest.mark.parametrize(
    "settings",
    [
        {"ngram_range": (1, 1), "sublinear_tf": True},
        {"ngram_range": (1, 3)},
        {"ngram_range": (2, 2), "lowercase": False},
    ],
)
def test_the_graph_gives_the_probabilities_of_scikit_learn(
    pattern: str, settings: dict[str, object], tmp_path: Path
) -> None:
    train = texts(0, 60)
    words = TfidfVectorizer(token_pattern=pattern, min_df=2, **settings)  # type: ignore[arg-type]
    pipeline = make_pipeline(words, LogisticRegression(C=10.0)).fit(train, np.arange(60) % 3)
    asked = [*texts(1, 60), "", "!", "never seen", "今天\t今天 quiet   LAKE"]
    found = probabilities(pipeline, asked, tmp_path)
    assert np.abs(found - pipeline.predict_proba(asked)).max() < 1e-5


def test_a_class_that_train_did_not_hold_is_never_predicted(tmp_path: Path) -> None:
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts(0, 40), np.arange(40) % 2 * 2)
    found = probabilities(pipeline, texts(1, 10), tmp_path)
    assert (found[:, 1] == 0).all()
    assert np.abs(found[:, [0, 2]] - pipeline.predict_proba(texts(1, 10))).max() < 1e-5


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"stop_words": ["x"]}, "stop_words"),
        ({"analyzer": "char"}, "analyzer"),
        ({"norm": "l1"}, "norm"),
        ({}, "Greek"),
    ],
)
def test_what_the_files_cannot_express_is_refused_with_the_reason(
    settings: dict[str, object], told: str, tmp_path: Path
) -> None:
    train = [*texts(0, 40), "λόγος"]
    pipeline = make_pipeline(TfidfVectorizer(**settings), LogisticRegression())  # type: ignore[arg-type]
    pipeline.fit(train, np.arange(41) % 3)
    with pytest.raises(UserError, match=told):
        write_bag_of_words(pipeline, 3, tmp_path)
