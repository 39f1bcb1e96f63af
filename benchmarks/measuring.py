"""Timing things that are to be compared: in turn, so that a slow minute of the machine strikes all of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.system.device import describe, synchronized_clock

Seconds = dict[str, list[float]]


def seconds_of(call: Callable[[], object], device: str) -> float:
    """Return the wall time of one call, the device's own work included."""
    started = synchronized_clock(device)
    call()
    return synchronized_clock(device) - started


def in_turn(candidates: Mapping[str, Callable[[], object]], repeats: int, device: str) -> Seconds:
    """Time candidates in turn, A B C A B C.

    Args:
        candidates: Name -> what to time; each is called `repeats` times. Warm them up before.
        repeats: Rounds.
        device: cpu, cuda or mps.

    Returns:
        Name -> wall times in the order of the rounds.
    """
    seconds: Seconds = {name: [] for name in candidates}
    for _ in range(repeats):
        for name, call in candidates.items():
            seconds[name].append(seconds_of(call, device))
    return seconds


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> float:
    """Return (highest - lowest) / median: how far repeats of the same thing lie apart."""
    return (max(values) - min(values)) / median(values)


class StepClock:
    """Times training steps of any training code: from the first forward pass in training mode to the last step's end.

    Loading, tokenising and evaluation are outside of it, whoever does them and wherever.

    Args:
        device: cpu, cuda or mps.
        steps: Steps that the training takes.
    """

    def __init__(self, device: str, steps: int) -> None:
        self._device, self._steps = device, steps
        self._started = self._stopped = 0.0

    def __enter__(self) -> "StepClock":
        from torch.nn.modules.module import register_module_forward_pre_hook

        self._hook = register_module_forward_pre_hook(self._forward)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._hook.remove()

    def _forward(self, module: Any, inputs: object) -> None:
        import torch

        del inputs
        if module.training and torch.is_grad_enabled():
            self._hook.remove()
            self._started = synchronized_clock(self._device)

    def step_ended(self, step: int) -> None:
        """Take note that a step, counted from 1, is over; only the last one is waited for."""
        if step == self._steps:
            self._stopped = synchronized_clock(self._device)

    @property
    def seconds_per_step(self) -> float:
        """Mean wall time of a step."""
        if not self._stopped > self._started > 0:
            raise RuntimeError(f"expected {self._steps} training steps, but the first or the last one was not seen")
        return (self._stopped - self._started) / self._steps


def machine(device: str, dtype: str) -> dict[str, Any]:
    """Return what a reader needs to know of this machine and moment."""
    import psutil

    memory = round(psutil.virtual_memory().total / 1e9)
    date = time.strftime("%Y-%m-%d", time.gmtime())
    return {"date": date, **describe(device, dtype), "memory_gb": memory}
