"""TF-IDF and a linear classifier as tokenizer.json and an ONNX graph: text -> words -> n-grams -> probabilities.

skl2onnx leaves the words to an operator of ONNX Runtime, whose regular expressions know neither look-ahead nor letters
other than a-z; those of tokenizers know both.
"""

import re
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from harness.encoding.traced_graph import INPUTS, OPSET
from harness.errors import UserError, reason_of
from harness.export.form import TOKENIZER_FILE
from harness.export.onnx_form import MODEL_FILE, OUTPUT
from harness.strategies.torch_head import linear_weights

UNKNOWN = "[UNK]"
IR_VERSION = 8  # of opset 17
FINAL_SIGMA = "\u03c2"
AS_IT_IS = {"preprocessor": None, "tokenizer": None, "stop_words": None, "strip_accents": None, "binary": False}
READ = {**AS_IT_IS, "analyzer": "word", "norm": "l2"}


def is_bag_of_words(estimator: Any) -> bool:
    """Return whether a scikit-learn estimator is a pipeline that begins with TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    steps = getattr(estimator, "steps", [])
    return len(steps) == 2 and type(steps[0][1]) is TfidfVectorizer  # noqa: PLR2004


def write_bag_of_words(pipeline: Any, n_classes: int, folder: Path) -> None:
    """Write tokenizer.json and model.onnx.

    Args:
        pipeline: A fitted scikit-learn pipeline of TfidfVectorizer and a linear classifier.
        n_classes: Number of classes of the task, k.
        folder: Where they go.

    Raises:
        UserError: Where the words or the classifier cannot be expressed, with the reason.
    """
    vectorizer, final = (step for _, step in pipeline.steps)
    if other := [name for name, value in READ.items() if getattr(vectorizer, name) != value]:
        raise UserError(f"its TfidfVectorizer has another {other[0]} than a tokenizer.json can express")
    if re.compile(vectorizer.token_pattern).groups:
        raise UserError("its token_pattern has a group, which a tokenizer.json does not read")
    if vectorizer.lowercase and any(FINAL_SIGMA in term for term in vectorizer.vocabulary_):
        raise UserError("its words are Greek, and a tokenizer.json does not make a final sigma of a capital one")
    terms = [(tuple(term.split(" ")), column) for term, column in vectorizer.vocabulary_.items()]
    words = {UNKNOWN: 0}
    for term, _ in terms:
        for word in term:
            words.setdefault(word, len(words))
    _write_tokenizer(vectorizer, words, folder)
    weight, bias = linear_weights(final, n_classes)
    _write_graph(vectorizer, [([words[word] for word in term], column) for term, column in terms], weight, bias, folder)


def _write_tokenizer(vectorizer: Any, words: dict[str, int], folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel(words, unk_token=UNKNOWN))
    if vectorizer.lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    try:
        pattern = Regex(explicit(vectorizer.token_pattern))
    except Exception as error:  # of no class of its own
        raise UserError(f"its token_pattern means nothing in a tokenizer.json: {reason_of(error)}") from error
    tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, behavior="removed", invert=True)
    # Each text begins with a word that no n-gram holds, so that one without words has an id, too.
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{UNKNOWN} $A", special_tokens=[(UNKNOWN, 0)])
    tokenizer.enable_padding(pad_id=0, pad_token=UNKNOWN)
    (folder / TOKENIZER_FILE).write_text(tokenizer.to_str(pretty=True), encoding="utf-8")


def explicit(pattern: str) -> str:
    r"""Return a regular expression with what Python means by \w, \s and \b spelt out: others mean other characters."""
    letters, spaces = _ranges(lambda c: c.isalnum() or c == "_"), _ranges(str.isspace)
    edge = f"(?:(?<=[{letters}])(?![{letters}])|(?<![{letters}])(?=[{letters}]))"
    pattern = pattern.removeprefix("(?u)")  # scikit-learn's own pattern has it, and it is the default
    written, inside, place = [], False, 0
    while place < len(pattern):
        part = pattern[place : place + 2] if pattern[place] == "\\" else pattern[place]
        place += len(part)
        if part in ("\\w", "\\s"):
            ranges = letters if part == "\\w" else spaces
            written.append(ranges if inside else f"[{ranges}]")
            continue
        if part == "\\b" and not inside:
            part = edge
        inside = part == "[" or (inside and part != "]")
        written.append(part)
    return "".join(written)


def _ranges(holds: Callable[[str], bool]) -> str:
    """Return the characters of which something holds as ranges of a character class."""
    found = [code for code in range(sys.maxunicode + 1) if holds(chr(code))]
    runs = (list(run) for _, run in groupby(enumerate(found), key=lambda pair: pair[1] - pair[0]))
    return "".join(f"{chr(run[0][1])}-{chr(run[-1][1])}" for run in runs)


def _write_graph(vectorizer: Any, terms: list[tuple[list[int], int]], weight: Any, bias: Any, folder: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    idf = vectorizer.idf_ if vectorizer.use_idf else np.ones(len(terms))
    constants = {"idf": idf, "tiny": [1e-30], "one": [1.0], "weight": weight, "bias": bias}
    graph = helper.make_graph(
        [*_nodes(vectorizer, terms)],
        "bag_of_words",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"]) for name in INPUTS],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["texts", len(bias)])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / MODEL_FILE))


def _nodes(vectorizer: Any, terms: list[tuple[list[int], int]]) -> Iterator[Any]:
    """Yield nodes from ids of words to probabilities."""
    from onnx import helper

    yield helper.make_node("Mul", INPUTS, ["ids"])  # padding becomes a word that no n-gram holds
    yield _counts(vectorizer.ngram_range, terms)
    yield from _frequencies(vectorizer.sublinear_tf)
    yield helper.make_node("Mul", ["frequencies", "idf"], ["weighted"])
    yield helper.make_node("ReduceL2", ["weighted"], ["length"], axes=[1], keepdims=1)
    yield helper.make_node("Max", ["length", "tiny"], ["divisor"])
    yield helper.make_node("Div", ["weighted", "divisor"], ["features"])
    yield helper.make_node("Gemm", ["features", "weight", "bias"], ["logits"], transB=1)
    yield helper.make_node("Softmax", ["logits"], [OUTPUT], axis=1)


def _counts(lengths: tuple[int, int], terms: list[tuple[list[int], int]]) -> Any:
    """Return the node from ids of words to counts of n-grams, which it has by their length, shortest first."""
    from onnx import helper

    shortest, longest = lengths
    of_length = [[term for term in terms if len(term[0]) == n] for n in range(1, longest + 1)]
    starts = np.cumsum([0, *(n * len(of_this) for n, of_this in enumerate(of_length[:-1], start=1))])
    pool = [term for of_this in of_length for term in of_this]
    return helper.make_node(
        "TfIdfVectorizer", ["ids"], ["counts"], mode="TF", min_gram_length=shortest, max_gram_length=longest,
        max_skip_count=0, ngram_counts=starts.tolist(), ngram_indexes=[column for _, column in pool],
        pool_int64s=[word for word_ids, _ in pool for word in word_ids],
    )  # fmt: skip


def _frequencies(sublinear: bool) -> Iterator[Any]:
    """Yield nodes from counts to term frequencies: 1 + log of a count that is not 0, or the count."""
    from onnx import helper

    if not sublinear:
        yield helper.make_node("Mul", ["counts", "one"], ["frequencies"])
        return
    yield helper.make_node("Max", ["counts", "one"], ["from_one"])
    yield helper.make_node("Log", ["from_one"], ["log"])
    yield helper.make_node("Add", ["log", "one"], ["raised"])
    yield helper.make_node("Min", ["counts", "one"], ["occurs"])
    yield helper.make_node("Mul", ["raised", "occurs"], ["frequencies"])
