"""What the benchmarks read: texts from files or made up, a sample of them, and a folder to hand to a process."""

import json
import random
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness import RunConfig, Split, Task
from harness.data.task import SPLITS

# Words of a text at the given shares of 16,000 English messages (the train split of dair-ai/emotion): the padding
# of a batch depends on how uneven lengths are, and on nothing else about the texts.
SHARES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)
WORDS = (2, 4, 5, 7, 11, 17, 25, 35, 41, 52, 60, 66)
HELD_OUT_SHARE = 8  # a generated validation or test split holds an eighth of train's rows, as in `emotion`


def load_task(data: str | None, rows: int) -> Task:
    """Return the data set of a folder, or a generated one of `rows` training texts where no folder is given."""
    if data is not None:
        return _load(data)
    held_out = max(rows // HELD_OUT_SHARE, 12)
    sample = _load("sample")
    splits = {
        name: Split(tuple(generated_texts(n, seed)), np.arange(n) % sample.n_classes)
        for seed, (name, n) in enumerate(zip(SPLITS, (rows, held_out, held_out), strict=True))
    }
    return Task("generated", sample.label_names, splits["train"], splits["validation"], splits["test"])


def generated_texts(n: int, seed: int = 0) -> Iterator[str]:
    """Yield texts with the lengths of real messages; text i has label i modulo the number of labels.

    Args:
        n: Number of texts.
        seed: Seed of lengths and words.

    Yields:
        Words drawn at random from the bundled sentences of the text's label: they mean nothing, but each label
        has its own words, so that classifiers have something to learn, and repeats are as rare as in real texts.
    """
    sample = _load("sample")
    words_of = [_words(sample.train, label) for label in range(sample.n_classes)]
    draw = random.Random(seed)
    for row in range(n):
        length = round(float(np.interp(draw.random(), SHARES, WORDS)))
        yield " ".join(draw.choices(words_of[row % len(words_of)], k=length))


def _load(name: str) -> Task:
    from harness.huggingface import harness_load_task

    task: Task = harness_load_task(name=name, config=RunConfig(dataset=name, offline=True))
    return task


def _words(split: Split, label: int) -> list[str]:
    """Return the words of a label's texts, each as often as it occurs, without punctuation."""
    texts = (text for text, y in zip(split.texts, split.labels, strict=True) if y == label)
    stripped = (word.strip(string.punctuation).lower() for text in texts for word in text.split())
    return [word for word in stripped if word.isalpha()]


def token_lengths(tokenizer: Any, texts: tuple[str, ...], max_length: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the tokens of each text, special tokens included, int64 (n,)."""
    encoded = tokenizer(list(texts), truncation=True, max_length=max_length, return_attention_mask=False)
    return np.array([len(ids) for ids in encoded["input_ids"]], dtype=np.int64)


def sampled(split: Split, rows: int, tokenizer: Any, max_length: int, seed: int = 0) -> Split:
    """Return random rows of a split, its longest text first.

    The longest text of the split is always among them, because the tutorial's code pads every text to it:
    a sample without it would make that code look faster than it is.
    """
    longest = int(token_lengths(tokenizer, split.texts, max_length).argmax())
    others = np.random.default_rng(seed).permutation(np.delete(np.arange(len(split)), longest))
    return split.rows(np.concatenate([[longest], others[: rows - 1]]))


def sampled_task(task: Task, rows: int, tokenizer: Any, max_length: int) -> Task:
    """Return a task with `rows` rows of train and the same share of validation and test."""
    share = min(rows / len(task.train), 1.0)
    splits = {}
    for name in SPLITS:
        split = getattr(task, name)
        splits[name] = sampled(split, max(round(share * len(split)), 2), tokenizer, max_length)
    return replace(task, train=splits["train"], validation=splits["validation"], test=splits["test"])


def write_files(task: Task, folder: Path) -> Path:
    """Write a task as train, validation and test .jsonl with the names of its labels, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in task.label_names), encoding="utf-8")
    for name in SPLITS:
        split = getattr(task, name)
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for text, label in zip(split.texts, split.labels, strict=True):
                file.write(json.dumps({"text": text, "label": task.label_names[label]}) + "\n")
    return folder
