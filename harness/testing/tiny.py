"""Something to fit on in milliseconds: a tiny task, a tiny encoder, and texts that nobody thinks of."""

from pathlib import Path

import numpy as np

from harness.data.task import Split, Task
from harness.encoding.encoder import Encoder
from harness.huggingface import load_encoder, write_tiny_checkpoint

_WORDS = {
    "calm": ("quiet", "lake", "tea", "slow", "evening", "rest"),
    "busy": ("train", "late", "crowd", "rush", "noise", "phone"),
    "glad": ("sun", "song", "gift", "laugh", "dance", "friend"),
}
_FILLERS = ("i", "feel", "the", "a", "and", "with", "my", "today", "some", "near")
N_UNEXPLAINED, REPEATED = 33, 5  # both odd, so that half of the rows, taken however, holds nearly every text
MANY = 317  # a prime, so that no size of batches divides it
ODD_TEXTS = ("", " ", "word " * 2000, "\U0001f600\U0001f389", "今天天氣很好", "[/] <b> \x1b[31m")


def tiny_task(rows_per_class: int = 16, seed: int = 0) -> Task:
    """Make a task of three classes whose texts share words within a class.

    Args:
        rows_per_class: Rows of each class in train; validation and test hold half as many.
        seed: Seed of the texts.

    Returns:
        A task that any sensible strategy learns better than chance.
    """
    rng = np.random.default_rng(seed)

    def split(rows: int) -> Split:
        labels = np.tile(np.arange(len(_WORDS)), rows)
        pools = list(_WORDS.values())
        texts = [" ".join(rng.permutation([*rng.choice(pools[k], 3), *rng.choice(_FILLERS, 4)])) for k in labels]
        return Split(tuple(map(str, texts)), labels)

    return Task("tiny", tuple(_WORDS), split(rows_per_class), split(rows_per_class // 2), split(rows_per_class // 2))


def unexplained_split(n_classes: int, turn: int = 0, seed: int = 0) -> Split:
    """Make texts whose labels nothing explains: those of a class have in common what those of all have.

    Args:
        n_classes: Number of classes, k.
        turn: Each text has the label that it has without a turn plus this, modulo k.
        seed: Seed of the texts and labels.

    Returns:
        33 texts, each five times, so that what is fitted on them, or on half of the rows, can know them by heart. Each
        holds a word of its own and common words in an order of its own; the classes have equally many, where k divides
        33.
    """
    rng = np.random.default_rng(seed)
    labels = (rng.permutation(N_UNEXPLAINED) + turn) % n_classes
    words = [*_FILLERS, *(word for words in _WORDS.values() for word in words)]
    texts = [" ".join([f"nn{i}", *rng.choice(words, 5, replace=False)]) for i in range(N_UNEXPLAINED)]
    return Split(tuple(texts) * REPEATED, np.tile(labels, REPEATED))


def many_texts() -> tuple[str, ...]:
    """Make 317 texts like those of the tiny task, more than a batch holds: half of one class, then half of the next.

    A call of a few of them holds other shares of the classes than a call of all, and neither those of train.
    """
    split = tiny_task(rows_per_class=MANY // 2 + 1, seed=1).train
    return split.rows(np.argsort(split.labels, kind="stable")[:MANY]).texts


def tiny_encoder(directory: Path) -> Encoder:
    """Write a tiny random DistilBERT with its tokenizer to an existing folder and load it on the CPU.

    Returns:
        An encoder 32 wide that reads 64 tokens; it loads in milliseconds and knows nothing.
    """
    write_tiny_checkpoint(directory, [*_FILLERS, *(word for words in _WORDS.values() for word in words)])
    return load_encoder(str(directory), None, True, "cpu", "float32")
