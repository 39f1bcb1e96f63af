"""Near-duplicates are what their shingles say, whatever MinHash proposes."""

import sys
from itertools import combinations_with_replacement

import numpy as np
import pytest

from harness import Split, Task, UserError
from harness.data.near_duplicates import NearTexts, find_near_duplicates, jaccard, shingles
from harness.data.same_texts import normalised
from harness.data.task import SPLITS

TEXT = "i feel a little tired today and would rather stay at home with a good book"


def task_of(*splits: list[str]) -> Task:
    made = [Split(tuple(texts), np.arange(len(texts)) % 2) for texts in splits]
    return Task("task", ("no", "yes"), *made, allow_unseen=True)


def pair_of(task: Task, first: str, second: str) -> NearTexts:
    found = find_near_duplicates(task).pairs
    return next(pair for pair in found if (pair.first, pair.second) == (first, second))


def test_the_similarity_is_the_jaccard_index_of_runs_of_five_characters() -> None:
    assert shingles("abcdefg") == {"abcde", "bcdef", "cdefg"}
    assert shingles("abc") == {"abc"}
    assert shingles("") == {""}
    assert jaccard(shingles("abcdefg"), shingles("abcdefx")) == 2 / 4


def test_a_text_with_one_more_word_is_found_across_two_splits() -> None:
    task = task_of(["something else entirely", TEXT], ["no such thing", "nor this"], [f"{TEXT} again", "a third"])
    near = pair_of(task, "train", "test")
    assert (near.first_rows, near.second_rows) == (1, 1)
    (example,) = near.examples
    assert (example.first_row, example.second_row) == (1, 0)
    assert example.similarity == round(len(shingles(TEXT)) / len(shingles(f"{TEXT} again")), 4)
    assert pair_of(task, "train", "train").examples == []


def test_texts_that_are_the_same_but_for_case_are_no_near_duplicates() -> None:
    task = task_of([TEXT, "b"], [TEXT.upper(), "c"], [f"  {TEXT}", "d"])
    assert all(pair.first_rows == pair.second_rows == 0 for pair in find_near_duplicates(task).pairs)


def test_a_pair_within_a_split_is_an_example_once() -> None:
    near = pair_of(task_of([TEXT, "b", f"{TEXT}!"], ["c", "d"], ["e", "f"]), "train", "train")
    assert (near.first_rows, near.second_rows) == (2, 2)
    assert [(example.first_row, example.second_row) for example in near.examples] == [(0, 2)]


def test_the_counts_equal_those_of_comparing_all_pairs() -> None:
    rng = np.random.default_rng(0)
    words = np.array(f"{TEXT} and drink some tea near the quiet lake".split())

    def texts(n: int) -> list[str]:
        originals = [" ".join(rng.choice(words, 12)) for _ in range(n)]
        variants = [" ".join(w for i, w in enumerate(t.split()) if i != int(rng.integers(14))) for t in originals]
        return [*originals, *variants]

    bases = texts(40)
    task = task_of(
        bases, [*texts(8), *(f"{t} again" for t in bases[:4])], [*texts(8), *(f"so {t}" for t in bases[5:9])]
    )
    keys = {split: [normalised(text) for text in getattr(task, split).texts] for split in SPLITS}

    def n_near(here: str, there: str) -> int:
        return sum(
            any(other != key and jaccard(shingles(key), shingles(other)) >= 0.8 for other in keys[there])
            for key in keys[here]
        )

    counts = {(p.first, p.second): (p.first_rows, p.second_rows) for p in find_near_duplicates(task).pairs}
    expected = {(a, b): (n_near(a, b), n_near(b, a)) for a, b in combinations_with_replacement(SPLITS, 2)}
    assert counts == expected
    assert counts["train", "train"][0] > 10
    assert counts["train", "test"][1] > 2


@pytest.mark.slow
def test_a_thousand_variants_of_one_text_are_counted_in_seconds() -> None:
    train = [f"{TEXT} for the time number {i}" for i in range(1000)]
    near = pair_of(task_of(train, ["c", "d"], ["e", "f"]), "train", "train")
    assert near.first_rows == 1000


def test_without_datasketch_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasketch", None)
    with pytest.raises(UserError, match=r"Install it: pip install 'strategy-harness\[near-duplicates\]'"):
        find_near_duplicates(task_of(["a", "b"], ["c", "d"], ["e", "f"]))
