"""An audit counts what is in the data, quickly, and holds no text of theirs."""

from collections.abc import Callable

import numpy as np
import pytest

from harness import Encoder, Split, Task
from harness.data.audit import Audit, Lengths, audit_task, audit_with
from harness.data.task import SPLITS
from harness.document.sections.data import finding_blocks

from ..growth import growth
from ..letters import LetterEncoder


def split_of(texts: list[str], labels: list[int] | None = None) -> Split:
    return Split(tuple(texts), np.array(labels or [i % 2 for i in range(len(texts))]))


def task_of(train: Split, validation: Split | None = None, test: Split | None = None) -> Task:
    others = split_of(["something else", "and another"]), split_of(["quite different", "as is this"])
    return Task("task", ("no", "yes"), train, validation or others[0], test or others[1], allow_unseen=True)


def test_rows_balance_and_empty_texts_are_counted_by_split() -> None:
    audit = audit_task(task_of(split_of(["a", "b", "", " \n", "c"], [0, 0, 0, 1, 0])))
    train = audit.splits["train"]
    assert (train.n_rows, train.class_counts, train.n_empty) == (5, [4, 1], 2)
    assert [audit.splits[split].n_rows for split in SPLITS] == [5, 2, 2]
    assert [audit.splits[split].n_empty for split in SPLITS] == [2, 0, 0]
    assert audit.label_names == ["no", "yes"]


def test_quantiles_of_1_to_100_words_are_those_words() -> None:
    texts = ["wo " * n for n in np.random.default_rng(0).permutation(np.arange(1, 101))]
    train = audit_task(task_of(split_of(texts))).splits["train"]
    assert train.words == Lengths(minimum=1, q05=5, q25=25, median=50, q75=75, q95=95, maximum=100)
    assert train.characters.maximum == 300


def test_lengths_are_lengths_of_texts_even_of_two_texts() -> None:
    words = audit_task(task_of(split_of(["one", "one two three four"]))).splits["train"].words
    assert set(words.model_dump().values()) == {1, 4}


def test_what_is_known_of_truncation_is_kept_and_the_rest_stays_unknown() -> None:
    task = task_of(split_of(["a", "b"]))
    known = audit_task(task, {"train": 1, "test": 0}, 7)
    assert [known.splits[split].n_truncated for split in SPLITS] == [1, None, 0]
    assert known.max_length == 7
    assert all(of_split.tokens is None for of_split in known.splits.values())
    assert [audit_task(task).splits[split].n_truncated for split in SPLITS] == [None] * 3


def test_an_encoder_counts_tokens_and_what_it_would_cut(encoder: Encoder) -> None:
    task = task_of(split_of(["sun " * 62, "sun " * 63, "sun", "sun"]))
    audit = audit_with(task, encoder)
    assert audit.max_length == encoder.max_length == 64
    assert [audit.splits[split].n_truncated for split in SPLITS] == [1, 0, 0]
    tokens = audit.splits["train"].tokens
    assert tokens is not None
    assert (tokens.minimum, tokens.maximum) == (3, 65)


def test_an_encoder_that_cannot_count_tokens_still_says_what_it_would_cut() -> None:
    audit = audit_with(task_of(split_of(["abc", "abcd", "a"])), LetterEncoder(max_length=3))
    assert audit.splits["train"].n_truncated == 1
    assert audit.splits["train"].tokens is None


def test_nothing_is_encoded() -> None:
    encoder = LetterEncoder()
    audit_with(task_of(split_of(["a", "b"])), encoder)
    assert encoder.asked == []


def test_duplicates_are_counted_letter_by_letter_and_normalised() -> None:
    train = split_of(["Sun", "sun ", "rain", "rain"], [0, 1, 0, 1])
    audit = audit_task(task_of(train, test=split_of(["SUN", "snow"])))
    assert (audit.exact.within["train"].n_rows, audit.normalised.within["train"].n_rows) == (1, 2)
    assert (audit.exact.shared("train", "test").n_texts, audit.normalised.shared("train", "test").n_texts) == (0, 1)
    assert audit.near is None


def test_an_audit_holds_rows_and_no_texts() -> None:
    texts = [f"secret{i} words of row{i}" for i in range(20)] * 2
    task = task_of(split_of(texts), split_of(texts[:5]), split_of([*texts[:5], "secret0 words of row0 and more"]))
    stored = audit_task(task, near_duplicates=True).model_dump_json()
    assert "secret" not in stored
    assert Audit.model_validate_json(stored) == audit_task(task, near_duplicates=True)


@pytest.mark.slow
@pytest.mark.parametrize("alike", [False, True], ids=["all different", "all the same"])
def test_the_work_does_not_grow_with_the_square_of_the_rows(alike: bool) -> None:
    def audited(n_rows: int) -> Callable[[], Audit]:
        task = large_task(n_rows, alike)
        return lambda: audit_task(task)

    audit = audited(8000)()
    assert audit.splits["train"].n_rows == 6400
    assert audit.exact.within["train"].n_rows == (6399 if alike else 0)
    assert growth(audited, 2000, factor=16) < 16 * 3


def large_task(n_rows: int, alike: bool) -> Task:
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 3000, (n_rows, 20)).tolist()
    texts = tuple("the same" if alike else " ".join(f"w{i}" for i in row) for row in drawn)
    labels = rng.integers(0, 6, n_rows)
    cut = (slice(0, n_rows * 8 // 10), slice(n_rows * 8 // 10, n_rows * 9 // 10), slice(n_rows * 9 // 10, None))
    return Task("large", tuple("abcdef"), *(Split(texts[part], labels[part]) for part in cut))


@pytest.mark.parametrize(
    ("texts", "share"), [(["今天天氣很好", "我不喜歡 a"], 10 / 11), (["sun and rain", "a calm day"], None)]
)
def test_texts_that_an_encoder_does_not_know_are_told(texts: list[str], share: float, encoder: Encoder) -> None:
    audit = audit_with(task_of(split_of(texts)), encoder)
    assert audit.unknown_tokens == (share and pytest.approx(share))
    found = " ".join(str(block) for block in finding_blocks(audit, lambda phrase: phrase))
    assert ("are unknown to the encoder" in found) == (share is not None)
