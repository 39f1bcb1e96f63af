"""The budget that was asked for is kept; else it is timed once, where the work is worth it, and remembered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.encoding.batching import TokenIds
from harness.encoding.encoder import Features
from harness.encoding.token_budget import CANDIDATES, ROUNDS, WORTH_TIMING, TokenBudget
from harness.encoding.transformer_encoder import TransformerEncoder
from harness.features.directory import CacheDirectory
from harness.huggingface import load_encoder

from ..encoders import TEXTS, batches_seen, write_family

DEFAULT = CANDIDATES["cpu"][0]
LENGTH = 64
WORTHWHILE = WORTH_TIMING * ROUNDS * sum(CANDIDATES["cpu"]) // LENGTH  # texts
MEAN = [Features(-1, "mean")]


@dataclass
class Machine:
    """Computes batches, by default of any size, and notes how many tokens each had."""

    fits: int = 10**9
    seen: list[int] = field(default_factory=list)

    def tokenise(self, texts: Sequence[str]) -> TokenIds:
        return [[1] * LENGTH for _ in texts]

    def compute(self, token_ids: TokenIds, wanted: Sequence[Features]) -> None:
        self.seen.append(sum(map(len, token_ids)))
        if self.seen[-1] > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    def settle(self, budget: TokenBudget, n: int = WORTHWHILE) -> int | None:
        budget.settle(["text"] * n, self.tokenise, self.compute, "cpu")
        return budget.tokens


def test_what_was_asked_for_is_taken_without_timing(tmp_path: Path) -> None:
    machine = Machine()
    assert machine.settle(TokenBudget(77, tmp_path / "budgets.json")) == 77
    assert machine.seen == []
    assert not list(tmp_path.iterdir())


def test_short_work_is_not_timed(tmp_path: Path) -> None:
    machine = Machine()
    assert machine.settle(TokenBudget(None, tmp_path / "budgets.json"), WORTHWHILE - 1) == DEFAULT
    assert machine.seen == []
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_remembered_is_not_timed() -> None:
    machine = Machine()
    assert machine.settle(TokenBudget()) == DEFAULT
    assert machine.seen == []


def test_no_texts_settle_nothing(tmp_path: Path) -> None:
    assert Machine().settle(TokenBudget(None, tmp_path / "budgets.json"), 0) is None


def test_long_work_is_timed_once_and_remembered(tmp_path: Path) -> None:
    file, machine = tmp_path / "budgets.json", Machine()
    chosen = machine.settle(TokenBudget(None, file))
    assert chosen in CANDIDATES["cpu"]
    assert set(machine.seen) == set(CANDIDATES["cpu"])
    again = Machine()
    assert again.settle(TokenBudget(None, file)) == chosen
    assert again.settle(TokenBudget(None, file), 1) == chosen
    assert again.seen == []


def test_another_number_of_threads_is_another_machine(tmp_path: Path) -> None:
    file = tmp_path / "budgets.json"
    Machine().settle(TokenBudget(None, file))
    torch.set_num_threads(torch.get_num_threads() + 1)
    other = Machine()
    other.settle(TokenBudget(None, file))
    assert other.seen
    torch.set_num_threads(torch.get_num_threads() - 1)
    again = Machine()
    again.settle(TokenBudget(None, file))
    assert again.seen == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"1", b"9").replace(b"2", b"9").replace(b"4", b"9"),
        lambda content: b"\0" * len(content),
        lambda content: b"[]",
        lambda content: json.dumps({"cpu, 1 threads": 1, "cpu, 2 threads": 1}).encode(),
    ],
    ids=["empty", "cut short", "changed", "zeroed", "a list", "unsealed"],
)
def test_a_damaged_memory_is_ignored_and_written_anew(tmp_path: Path, damage: Any) -> None:
    file = tmp_path / "budgets.json"
    chosen = Machine().settle(TokenBudget(None, file))
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert file.read_bytes() != whole
    machine = Machine()
    assert machine.settle(TokenBudget(None, file)) in CANDIDATES["cpu"]
    assert machine.seen
    again = Machine()
    assert again.settle(TokenBudget(None, file)) in CANDIDATES["cpu"]
    assert again.seen == []
    assert chosen in CANDIDATES["cpu"]


def test_a_folder_that_cannot_be_written_only_costs_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert Machine().settle(TokenBudget(None, tmp_path / "file" / "budgets.json")) in CANDIDATES["cpu"]


@pytest.mark.parametrize("fits", [max(CANDIDATES["cpu"]) - 1, DEFAULT - 1, 1])
def test_what_does_not_fit_into_memory_is_not_chosen_while_anything_does(tmp_path: Path, fits: int) -> None:
    chosen = Machine(fits).settle(TokenBudget(None, tmp_path / "budgets.json"))
    assert chosen is not None
    assert chosen <= max(fits, min(CANDIDATES["cpu"]))


def test_an_error_while_timing_that_is_not_memory_goes_through(tmp_path: Path) -> None:
    def broken(token_ids: TokenIds, wanted: Sequence[Features]) -> None:
        raise RuntimeError("broken")

    budget = TokenBudget(None, tmp_path / "budgets.json")
    with pytest.raises(RuntimeError, match="broken"):
        budget.settle(["text"] * WORTHWHILE, Machine().tokenise, broken, "cpu")
    assert budget.tokens is None


def test_halving_never_ends_below_one_token_and_is_told_in_one_sentence() -> None:
    budget = TokenBudget(1000)
    for tokens, left in ((900, 450), (450, 225), (500, 112), (3, 1), (1, 1)):
        budget.halve(tokens)
        assert budget.tokens == left
        assert budget.degradations == [f"memory ran out while encoding: batches were halved to {left} tokens"]


def remembering(folder: Path, cache: Path) -> TransformerEncoder:
    return load_encoder(str(folder), None, True, "cpu", "float32", cache=CacheDirectory(cache))


@pytest.mark.slow
def test_an_encoder_times_the_first_long_pass_only_and_gives_the_same_features(tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    folder = write_family(tmp_path / "checkpoint", "bert", **sizes)
    texts = ["i " * (LENGTH - 2)] * WORTHWHILE
    first, second = (remembering(folder, tmp_path / "cache") for _ in range(2))
    with batches_seen(first) as timed:
        before = first.encode(texts, MEAN)[MEAN[0]]
    with batches_seen(second) as untimed:
        after = second.encode(texts, MEAN)[MEAN[0]]
    assert sum(n for n, _ in untimed) == len(texts)
    assert len(timed) == len(untimed) + ROUNDS * len(CANDIDATES["cpu"]) + 1
    assert first.token_budget == second.token_budget
    np.testing.assert_array_equal(before, after)


def test_an_encoder_times_nothing_for_a_few_texts(tmp_path: Path) -> None:
    encoder = remembering(write_family(tmp_path / "checkpoint", "distilbert"), tmp_path / "cache")
    assert encoder.token_budget is None
    with batches_seen(encoder) as batches:
        encoder.encode(TEXTS, MEAN)
    assert sum(n for n, _ in batches) == len(TEXTS)
    assert encoder.token_budget == DEFAULT
