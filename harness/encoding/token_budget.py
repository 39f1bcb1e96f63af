"""Tokens in one batch: asked for, or timed once on this device, and halved where memory runs out."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.encoding.batching import TokenIds
from harness.encoding.encoder import Features
from harness.errors import UnavailableError
from harness.system.device import synchronized_clock
from harness.system.files import read_sealed, write_sealed
from harness.system.out_of_memory import is_out_of_memory

# The first is taken unless another turns out to be clearly faster.
CANDIDATES = {"cpu": (2048, 1024, 4096), "cuda": (16_384, 8192, 32_768, 65_536), "mps": (8192, 4096, 16_384)}
CLEARLY_FASTER = 1.5  # so that noise does not change the last digits of features from one run to the next
ROUNDS = 3  # times that each candidate is timed
WORTH_TIMING = 10  # times the tokens that timing costs
SAMPLED = 256  # texts, to know how long they are


@dataclass
class TokenBudget:
    """Tokens a batch may hold, padding included.

    Args:
        tokens: What was asked for, None to choose: the first of `CANDIDATES`, or on a long enough pass, and
            where the choice can be remembered, what is clearly faster than it on batches of real lengths.
        memory: File that remembers what was chosen, so that the same machine chooses the same again.

    Attributes:
        degradations: What memory forced, one sentence.
    """

    tokens: int | None = None
    memory: Path | None = None
    degradations: list[str] = field(default_factory=list)

    def settle(
        self,
        texts: Sequence[str],
        tokenise: Callable[[Sequence[str]], TokenIds],
        compute: Callable[[TokenIds, Sequence[Features]], Any],
        device: str,
    ) -> None:
        """Choose where nothing was asked for.

        Args:
            texts: What is to be encoded.
            tokenise: Texts -> token ids.
            compute: Runs the model on one batch of token ids.
            device: cpu, cuda or mps.
        """
        if self.tokens is not None or not texts:
            return
        candidates = CANDIDATES.get(device, CANDIDATES["cpu"])
        name = _name(device)
        chosen = self._remembered().get(name)
        if chosen is None and self.memory:
            sample = sorted(tokenise(texts[:: max(len(texts) // SAMPLED, 1)]), key=len)
            tokens = len(texts) * sum(map(len, sample)) / len(sample)
            if tokens >= WORTH_TIMING * ROUNDS * sum(candidates):
                chosen = _fastest(candidates, sample[len(sample) // 2], compute, device)
                self._remember(name, chosen)
        self.tokens = chosen or candidates[0]

    def halve(self, tokens: int) -> None:
        """Note that a batch of so many tokens did not fit into memory."""
        self.tokens = max(min(self.tokens or tokens, tokens) // 2, 1)
        self.degradations[:] = [f"memory ran out while encoding: batches were halved to {self.tokens:,} tokens"]

    def _remembered(self) -> dict[str, int]:
        if self.memory:
            with contextlib.suppress(OSError, ValueError, TypeError):
                return {name: int(tokens) for name, tokens in read_sealed(self.memory).items()}
        return {}

    def _remember(self, name: str, tokens: int) -> None:
        if self.memory:
            with contextlib.suppress(UnavailableError):  # then the next run times again
                write_sealed(self.memory, {**self._remembered(), name: tokens})


def _name(device: str) -> str:
    """Return what the choice depends on besides the encoder: the card, or the number of threads."""
    import torch

    return torch.cuda.get_device_name() if device == "cuda" else f"{device}, {torch.get_num_threads()} threads"


def _fastest(candidates: tuple[int, ...], typical: list[int], compute: Callable[..., Any], device: str) -> int:
    """Return the candidate that computes most tokens a second on texts of a typical length."""
    _rate(min(candidates), typical, compute, device)  # what happens only once is not timed
    rates = dict.fromkeys(candidates, 0.0)
    for tokens in candidates * ROUNDS:  # in turn, the best of each: other programs only ever slow it down
        rates[tokens] = max(rates[tokens], _rate(tokens, typical, compute, device))
    best = max(rates, key=lambda tokens: (rates[tokens], -tokens))
    return candidates[0] if rates[best] < CLEARLY_FASTER * rates[candidates[0]] else best


def _rate(tokens: int, typical: list[int], compute: Callable[..., Any], device: str) -> float:
    """Return tokens a second of a batch of so many, 0 where memory does not hold it."""
    batch = [typical] * max(tokens // len(typical), 1)
    started = synchronized_clock(device)
    try:
        compute(batch, [Features()])
        return len(batch) * len(typical) / (synchronized_clock(device) - started)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return 0.0
