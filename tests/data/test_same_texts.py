"""Repeated and shared texts are counted by what they are called: texts, rows, texts with two labels."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from harness import Split, Task
from harness.data.same_texts import N_EXAMPLES, SameTexts, as_it_is, find_same_texts, normalised
from harness.data.task import SPLITS

Rows = Sequence[tuple[str, int]]
CLEAN: Rows = (("clean a", 0), ("clean b", 1))


def split_of(rows: Rows) -> Split:
    texts, labels = zip(*rows, strict=True)
    return Split(texts, np.array(labels))


def task_of(train: Rows = (), validation: Rows = (), test: Rows = ()) -> Task:
    """A task with these rows, and some in each split that stand nowhere else."""
    splits = [
        split_of([*rows, *((f"{text} of {name}", label) for text, label in CLEAN)])
        for name, rows in zip(SPLITS, (train, validation, test), strict=True)
    ]
    return Task("task", ("no", "yes", "maybe"), *splits, allow_unseen=True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("I feel Fine", "i feel fine"),
        ("i  feel\tfine\n", " i feel fine"),
        ("caf\u00e9", "cafe\u0301"),
        ("STRASSE", "stra\u00dfe"),
        ("\u0130", "i\u0307"),
        ("\u01f0", "J\u030c"),
        ("a\u00a0b", "a b"),
        ("\u1fb3", "\u0391\u0345"),
    ],
)
def test_case_spacing_and_unicode_form_are_overlooked(first: str, second: str) -> None:
    assert normalised(first) == normalised(second)


@pytest.mark.parametrize(
    ("first", "second"), [("cafe", "caf\u00e9"), ("fine", "fine."), ("a b", "ab"), ("\u2460", "1")]
)
def test_nothing_else_is_overlooked(first: str, second: str) -> None:
    assert normalised(first) != normalised(second)


@pytest.mark.parametrize("text", ["", " ", "I feel", "\u0130stanbul \u1e9e \ufb03", "今天 天氣", "\U0001f600"])
def test_what_was_normalised_stays_as_it_is(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


def test_repeated_rows_are_the_rows_less_the_distinct_texts() -> None:
    found = find_same_texts(task_of(train=[("a", 0)] * 3 + [("b", 1)] * 2 + [("c", 1)]), as_it_is)
    train = found.within["train"]
    assert (train.n_distinct, train.n_texts, train.n_rows, train.n_two_labels) == (5, 2, 3, 0)
    assert train.examples == [[0, 1, 2], [3, 4]]
    assert [found.within[split].n_rows for split in ("validation", "test")] == [0, 0]
    assert found.n_two_labels == 0


def test_a_text_with_two_labels_counts_once_and_leads_the_examples() -> None:
    found = find_same_texts(task_of(train=[("a", 0), ("a", 0), ("b", 0), ("b", 1), ("b", 2)]), as_it_is)
    assert found.within["train"].n_two_labels == 1
    assert found.within["train"].examples == [[2, 3, 4], [0, 1]]


def test_shared_texts_count_once_and_their_rows_in_each_split() -> None:
    task = task_of(train=[("a", 0), ("a", 0), ("b", 1), ("c", 1)], test=[("c", 0), ("a", 0)])
    shared = find_same_texts(task, as_it_is).shared("train", "test")
    assert (shared.n_texts, shared.first_rows, shared.second_rows, shared.n_two_labels) == (2, 3, 2, 1)
    assert shared.examples == [(3, 0), (0, 1)]


def test_two_labels_may_stand_in_two_splits() -> None:
    found = find_same_texts(task_of(train=[("a", 0)], validation=[("a", 1)], test=[("a", 1)]), as_it_is)
    assert [pair.n_two_labels for pair in found.across] == [1, 1, 0]
    assert [repeated.n_two_labels for repeated in found.within.values()] == [0, 0, 0]
    assert found.n_two_labels == 1


def test_texts_that_differ_in_case_are_the_same_only_when_normalised() -> None:
    task = task_of(train=[("A  b", 0), ("a b", 1)], test=[("a B ", 0)])
    exact, alike = find_same_texts(task, as_it_is), find_same_texts(task, normalised)
    assert (exact.within["train"].n_rows, exact.shared("train", "test").n_texts, exact.n_two_labels) == (0, 0, 0)
    assert (alike.within["train"].n_rows, alike.shared("train", "test").n_texts, alike.n_two_labels) == (1, 1, 1)


def test_rows_are_those_of_the_files_though_the_task_was_limited() -> None:
    rows = [(f"text {i}", i % 2) for i in range(100)] + [("twice", 0)] * 2
    whole = task_of(train=rows, test=[("twice", 0)])
    task = Task("task", whole.label_names, whole.train.rows(np.arange(90, 102)), whole.validation, whole.test)
    found = find_same_texts(task, as_it_is)
    assert found.within["train"].examples == [[100, 101]]
    assert found.shared("train", "test").examples == [(100, 0)]


def test_there_are_few_examples_however_much_is_found() -> None:
    rows = [(f"text {i % 50}", 0) for i in range(1000)]
    found = find_same_texts(task_of(train=rows, test=rows), as_it_is)
    assert found.within["train"].n_rows == 950
    assert [len(example) for example in found.within["train"].examples] == [N_EXAMPLES] * N_EXAMPLES
    assert len(found.shared("train", "test").examples) == N_EXAMPLES


@pytest.mark.parametrize("key", [as_it_is, normalised])
@pytest.mark.parametrize("seed", range(3))
def test_the_counts_equal_those_of_plain_dictionaries(key: Callable[[str], str], seed: int) -> None:
    rng = np.random.default_rng(seed)

    def rows(n: int) -> Rows:
        return [("".join(rng.choice(list("aAb "), 3)), int(rng.integers(3))) for _ in range(n)]

    task = task_of(rows(60), rows(20), rows(20))
    assert counts_of(find_same_texts(task, key)) == plain_counts(task, key)


def counts_of(found: SameTexts) -> dict[str, list[int]]:
    within = {s: [r.n_distinct, r.n_texts, r.n_rows, r.n_two_labels] for s, r in found.within.items()}
    across = {f"{s.first} {s.second}": [s.n_texts, s.first_rows, s.second_rows, s.n_two_labels] for s in found.across}
    return within | across | {"all": [found.n_two_labels]}


def plain_counts(task: Task, key: Callable[[str], str]) -> dict[str, list[int]]:
    keys = {split: [key(text) for text in getattr(task, split).texts] for split in SPLITS}

    def labels(*splits: str) -> dict[str, set[int]]:
        found = defaultdict(set)
        for split in splits:
            for text, label in zip(keys[split], getattr(task, split).labels.tolist(), strict=True):
                found[text].add(label)
        return found

    def n_two(*splits: str) -> int:
        return sum(len(each) > 1 for each in labels(*splits).values())

    counts = {}
    for split in SPLITS:
        times = Counter(keys[split])
        n_rows = len(keys[split]) - len(times)
        counts[split] = [len(times), sum(n > 1 for n in times.values()), n_rows, n_two(split)]
    for first, second in (("train", "validation"), ("train", "test"), ("validation", "test")):
        both = set(keys[first]) & set(keys[second])
        rows = [sum(text in both for text in keys[split]) for split in (first, second)]
        two = sum(len(each) > 1 for text, each in labels(first, second).items() if text in both)
        counts[f"{first} {second}"] = [len(both), *rows, two]
    return counts | {"all": [n_two(*SPLITS)]}
