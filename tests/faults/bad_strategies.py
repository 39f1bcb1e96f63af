"""Strategies that do what no strategy should, a plugin file each run loads: each spoils one thing at most, its row."""

import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness import hookimpl


class Uniform:
    def __init__(self, k: int, then: "Callable[[Any], Any] | None" = None, save: "Callable[[Path], Any] | None" = None):
        self.k, self.then, self.write = k, then, save

    def predict_proba(self, texts: list[str]) -> Any:
        replaced = self.then(texts) if self.then else None
        return np.full((len(texts), self.k), 1.0 / self.k, dtype=np.float32) if replaced is None else replaced

    def save(self, directory: Path) -> None:
        if self.write:
            self.write(directory)
        (directory / "x.json").write_text("1")


@dataclass(frozen=True)
class Bad:
    """A faulty strategy."""

    name: str
    uses_model = False

    def fit(self, train: Any, validation: Any, context: Any) -> Uniform:
        fault = FAULTS[self.name]
        if "fit" in fault:
            fault["fit"](train, validation, context)
        return Uniform(context.n_classes, fault.get("predict"), fault.get("save"))

    def load(self, directory: Path, context: Any) -> Uniform:
        return Uniform(context.n_classes)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


class UnspeakableWarning(UserWarning):
    def __str__(self) -> str:
        raise ValueError("no text")


def _raise(error: BaseException) -> None:
    raise error


def _fill_descriptors() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    held = []
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))  # until the system says no


def _flood() -> None:
    for _ in range(300):
        os.write(1, b"x" * 100_000 + b"\n")


def _deep(level: int) -> int:
    return _deep(level + 1)


def _fork_bomb() -> None:
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)


def _daemon() -> None:
    """Leave a process behind that no longer belongs to anybody."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)


def _patch_sklearn() -> None:
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression.fit
    LogisticRegression.fit = lambda self, x, y, **k: fit(self.set_params(C=1e-6), x, y, **k)


def _patch_numpy() -> None:
    np.argmax = lambda *a, **k: 0  # type: ignore[assignment]


def _change_labels(train: Any) -> None:
    import torch

    labels = torch.from_numpy(np.lib.stride_tricks.as_strided(train.labels))
    labels[labels == 1] = 0


def _wreck_torch() -> None:
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(99)
    torch.nn.Linear.forward = lambda self, x: x * 0  # type: ignore[method-assign]


def _half_a_model(directory: Path) -> None:
    (directory / "half").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)


def _leave_thread() -> None:
    threading.Thread(target=lambda: time.sleep(600)).start()


def _fill_environment() -> None:
    os.environ["OMP_NUM_THREADS"] = "77"
    os.environ["TMPDIR"] = "/nonexistent"
    os.chdir("/")
    sys.setrecursionlimit(60)


def _swallow_signals() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _eat_memory() -> None:
    held = []
    while True:
        held.append(np.ones(20_000_000))


Fault = dict[str, Callable[..., Any]]

# What is contained: a failed row. `hangs` and `eats_memory` need limits.
DEADLY: dict[str, Fault] = {
    "segfaults": {"fit": lambda *a: ctypes.string_at(0)},
    "segfaults_late": {"predict": lambda texts: ctypes.string_at(0)},
    "exits_0": {"fit": lambda *a: os._exit(0)},
    "exits_3": {"fit": lambda *a: os._exit(3)},
    "sys_exits": {"fit": lambda *a: sys.exit(0)},
    "kills_itself": {"fit": lambda *a: os.kill(os.getpid(), signal.SIGKILL)},
    "terminates_itself": {"fit": lambda *a: os.kill(os.getpid(), signal.SIGTERM)},
    "interrupts_itself": {"fit": lambda *a: os.kill(os.getpid(), signal.SIGINT) or time.sleep(1)},
    "kills_its_group": {"fit": lambda *a: os.killpg(0, signal.SIGKILL)},
    "kills_its_parent": {"fit": lambda *a: os.kill(os.getppid(), signal.SIGKILL) or time.sleep(60)},
    "aborts": {"fit": lambda *a: os.abort()},
    "raises": {"fit": lambda *a: 1 / 0},
    "raises_unspeakable": {"fit": lambda *a: _raise(Unspeakable())},
    "raises_keyboard_interrupt": {"fit": lambda *a: _raise(KeyboardInterrupt())},
    "raises_generator_exit": {"fit": lambda *a: _raise(GeneratorExit())},
    "warns_unspeakably": {"fit": lambda *a: warnings.warn(UnspeakableWarning(), stacklevel=1)},
    "patches_float32": {"fit": lambda *a: setattr(np, "float32", np.float64)},
    "fills_descriptors": {"fit": lambda *a: _fill_descriptors()},
    "recurses": {"fit": lambda *a: _deep(0)},
    "returns_none": {"predict": lambda texts: "no table"},
    "returns_nan": {"predict": lambda texts: np.full((len(texts), 6), np.nan)},
    "returns_too_few": {"predict": lambda texts: np.full((1, 6), 1 / 6)},
    "dies_while_saving": {"save": _half_a_model},
    "saves_a_link": {"save": lambda directory: (directory / "link").symlink_to("/etc/passwd")},
    "saves_a_pipe": {"save": lambda directory: os.mkfifo(directory / "pipe")},
    "removes_its_folder": {"save": lambda directory: __import__("shutil").rmtree(directory.parent)},
    "hangs": {"fit": lambda *a: time.sleep(10**6)},
    "hangs_deaf": {"fit": lambda *a: (_swallow_signals(), time.sleep(10**6))},
    "closes_everything": {"fit": lambda *a: (os.closerange(0, 256), 1 / 0)},
}
# What does no harm: scored, and others' numbers stay.
HARMLESS: dict[str, Fault] = {
    "prints": {"fit": lambda *a: print("epoch 1 loss 0.3")},
    "floods": {"fit": lambda *a: _flood()},
    "prints_escapes": {"fit": lambda *a: os.write(2, b"\x1b[2J\x1b]0;owned\x07\xff\xfe\n")},
    "patches_sklearn": {"fit": lambda *a: _patch_sklearn()},
    "patches_numpy": {"fit": lambda *a: _patch_numpy()},
    "changes_labels": {"fit": lambda train, *a: _change_labels(train)},
    "wrecks_torch": {"fit": lambda *a: _wreck_torch()},
    "changes_its_process": {"fit": lambda *a: _fill_environment()},
    "ignores_signals": {"fit": lambda *a: _swallow_signals()},
    "leaves_a_thread": {"fit": lambda *a: _leave_thread()},
    "leaves_children": {"fit": lambda *a: _fork_bomb()},
    "leaves_a_daemon": {"fit": lambda *a: _daemon()},
    "leaves_a_program": {"fit": lambda *a: subprocess.Popen(["sleep", "600"])},
    "warns_a_lot": {"fit": lambda *a: [warnings.warn(f"number {i}", stacklevel=1) for i in range(5_000)]},
    "disables_gc": {"fit": lambda *a: gc.disable()},
}
LIMITED: dict[str, Fault] = {"eats_memory": {"fit": lambda *a: _eat_memory()}}
FAULTS = DEADLY | HARMLESS | LIMITED


@hookimpl
def harness_strategies() -> list[Bad]:
    return [Bad(name) for name in FAULTS]
