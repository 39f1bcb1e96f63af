"""One pass: each text once, also across shards and splits, and on from where a killed pass was."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.encoding.encoder import Features
from harness.features.entry import Entry, EntryWriter
from harness.features.single_pass import ROWS_PER_SHARD, FeaturePass, Slot

from ..letters import CLS, MEAN, LetterEncoder, many_texts

Splits = Sequence[Sequence[str]]


def writers(folder: Path, splits: Splits, states: Sequence[Features] = (CLS,)) -> dict[Slot, EntryWriter]:
    return {
        (k, state): EntryWriter(
            folder / f"{k}-{state.pooling}", {"split": k, "pooling": state.pooling}, (len(texts), 8)
        )
        for k, texts in enumerate(splits)
        for state in states
    }


def run(
    splits: Splits, todo: dict[Slot, EntryWriter]
) -> tuple[LetterEncoder, dict[Slot, Entry], list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    done: dict[Slot, Entry] = {}
    encoder = LetterEncoder()
    FeaturePass(encoder, splits, {}, lambda _, n, total: told.append((n, total))).run(todo, done.__setitem__)
    return encoder, done, told


def check(splits: Splits, done: dict[Slot, Entry]) -> None:
    for (k, state), entry in done.items():
        assert np.array_equal(entry.map(), LetterEncoder().encode(splits[k], [state])[state])


def test_a_text_that_comes_again_is_encoded_once(tmp_path: Path) -> None:
    """In the same shard, a later shard, a later split, an empty split between them."""
    texts = many_texts(ROWS_PER_SHARD + 100)
    first = (*texts[:50], *texts[:50], *texts[50:], texts[7], texts[-1])
    splits = (first, (), (texts[3], "new", texts[-1], texts[ROWS_PER_SHARD + 5], "new"), ("new", "last", texts[0]))
    encoder, done, told = run(splits, writers(tmp_path, splits, (CLS, MEAN)))
    assert encoder.texts_encoded == [*texts, "new", "last"]
    assert len(done) == 8
    check(splits, done)
    assert told[-1] == (len(texts) + 2, len(texts) + 2)


def test_no_pass_is_asked_for_more_than_a_shard(tmp_path: Path) -> None:
    splits = (many_texts(2 * ROWS_PER_SHARD + 1),)
    encoder, done, _ = run(splits, writers(tmp_path, splits))
    assert [len(texts) for texts, _ in encoder.asked] == [ROWS_PER_SHARD, ROWS_PER_SHARD, 1]
    check(splits, done)


def test_a_shard_of_nothing_new_asks_for_nothing(tmp_path: Path) -> None:
    splits = (("a", "b"), ("b", "a", "b"))
    encoder, done, _ = run(splits, writers(tmp_path, splits))
    assert encoder.asked == [(["a", "b"], [CLS])]
    check(splits, done)


def test_all_states_go_on_from_where_the_shortest_was_left(tmp_path: Path) -> None:
    splits = (many_texts(100),)
    table = LetterEncoder().encode(splits[0], [CLS, MEAN])
    begun = writers(tmp_path, splits, (CLS, MEAN))
    for state, rows in ((CLS, 60), (MEAN, 20)):
        for start in range(0, rows, 20):
            begun[0, state].append(table[state][start : start + 20], 0.1)
    encoder, done, told = run(splits, writers(tmp_path, splits, (CLS, MEAN)))
    assert encoder.texts_encoded == list(splits[0][20:])
    assert told == [(80, 80)]
    check(splits, done)


def test_shards_of_unequal_size_are_no_reason_to_mix_up_rows(tmp_path: Path) -> None:
    splits = (many_texts(100),)
    table = LetterEncoder().encode(splits[0], [CLS, MEAN])
    begun = writers(tmp_path, splits, (CLS, MEAN))
    for state, ends in ((CLS, (10, 40, 70)), (MEAN, (10, 50, 60))):
        for start, end in zip((0, *ends), ends, strict=False):
            begun[0, state].append(table[state][start:end], 0.1)
    encoder, done, _ = run(splits, writers(tmp_path, splits, (CLS, MEAN)))
    assert encoder.texts_encoded == list(splits[0][10:])
    check(splits, done)


def test_what_is_complete_already_is_not_computed_and_is_read_for_repeated_texts(tmp_path: Path) -> None:
    splits = (("a", "b"), ("b", "c"))
    _, done, _ = run(splits[:1], writers(tmp_path, splits[:1]))
    encoder = LetterEncoder()
    todo = {slot: writer for slot, writer in writers(tmp_path / "more", splits).items() if slot[0] == 1}
    FeaturePass(encoder, splits, done).run(todo, done.__setitem__)
    assert encoder.texts_encoded == ["c"]
    check(splits, done)
