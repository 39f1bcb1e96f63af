"""Shards of texts, each encoded by itself: here, in processes of this machine, or in a pool of others.

A shard's batches are made of its own texts, so its features are the same wherever they are computed on like machines.
Texts go to a member of the pool and features come back: no disk has to be shared but that of the checkpoint.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor as Submitter
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import active_children, get_context

import cloudpickle
import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Encoder, Features, Progress
from harness.errors import UnavailableError
from harness.executors.executor import Executor
from harness.executors.importing import ModuleOrigin, module_of, provide_module
from harness.executors.pool import Pool
from harness.system.linux_processes import end_with_parent

POOLED_AT_A_TIME = 32  # shards that wait in a pool or are encoded there, and so are held in memory
LOOK_INTERVAL = 0.01  # seconds between two looks at shards that are encoded elsewhere
_ENCODERS: dict[bytes, Encoder] = {}
"""Of a member of a pool: its last one, loaded."""

Encoded = tuple[int, NDArray[np.float32]]
"""Number of a shard and its features, float32 (n, width)."""


@dataclass(frozen=True)
class Task:
    """What a member of a pool needs to encode a shard.

    Attributes:
        encoder: The encoder, pickled.
        module: The one that it is of.
        features: The state that is wanted.
        threads: Threads to compute with, None for what torch chooses.
        offline: Whether the hub's clients are kept off the network.
        python_path: Where modules are found.
    """

    encoder: bytes
    module: ModuleOrigin
    features: Features
    threads: int | None = None
    offline: bool = False
    python_path: tuple[str, ...] = field(default_factory=lambda: tuple(sys.path))


class HereShards:
    """Encodes shards in this process, each when it is handed over.

    Args:
        encoder: What encodes.
        features: The state that is wanted.
        progress: Told how many texts of a shard are done.
    """

    at_a_time = 1

    def __init__(self, encoder: Encoder, features: Features, progress: Progress) -> None:
        self._encoder, self._features, self._progress = encoder, features, progress
        self._done: list[Encoded] = []

    def start(self, shard: int, texts: Sequence[str]) -> None:
        """Encode a shard."""
        self._done.append((shard, self._encoder.encode(texts, [self._features], self._progress)[self._features]))

    def ended(self) -> Iterator[Encoded]:
        """Yield what is done, each once."""
        while self._done:
            yield self._done.pop()

    @property
    def running(self) -> int:
        """How many shards are under way."""
        return 0


class PooledShards:
    """Encodes shards in a pool.

    Args:
        pool: What takes functions with `submit`.
        task: What its members need.
        at_a_time: Shards that wait in the pool or are encoded there, and so are held in memory.
    """

    def __init__(self, pool: Submitter, task: Task, at_a_time: int) -> None:
        self._pool, self._task, self.at_a_time = pool, task, at_a_time
        self._running: dict[int, Future[NDArray[np.float32]]] = {}

    def start(self, shard: int, texts: Sequence[str]) -> None:
        """Hand a shard over."""
        self._running[shard] = self._pool.submit(encode_shard, self._task, list(texts))

    def ended(self) -> Iterator[Encoded]:
        """Yield what has come back, each once; where nothing has, let a moment pass.

        Raises:
            UnavailableError: Where the pool lost a shard.
        """
        done = [shard for shard, future in self._running.items() if future.done()]
        for shard in done:
            try:
                yield shard, self._running.pop(shard).result()
            except Exception as error:
                raise UnavailableError(
                    f"Shard {shard:,} could not be encoded: {type(error).__name__}: {error}. What is done is kept: the "
                    "same command goes on with the rest."
                ) from error
        if not done:
            time.sleep(LOOK_INTERVAL)

    @property
    def running(self) -> int:
        """How many shards are under way."""
        return len(self._running)


def task_of(encoder: Encoder, features: Features, threads: int | None, offline: bool) -> Task:
    """Return what a member of a pool needs to encode shards; arguments as the attributes of `Task`."""
    return Task(cloudpickle.dumps(encoder), module_of(type(encoder)), features, threads, offline)


def encode_shard(task: Task, texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode a shard; for a member of a pool.

    Args:
        task: What it needs.
        texts: n texts.

    Returns:
        Their features, float32 (n, width).
    """
    from harness.huggingface.network import offline_hub
    from harness.system.process import library_defaults

    with library_defaults(), offline_hub(task.offline):
        if task.encoder not in _ENCODERS:
            sys.path += [place for place in task.python_path if place not in sys.path]
            if task.threads is not None:
                import torch

                torch.set_num_threads(task.threads)
            provide_module(*task.module)
            _ENCODERS.clear()
            _ENCODERS[task.encoder] = cloudpickle.loads(task.encoder)
        return _ENCODERS[task.encoder].encode(texts, [task.features])[task.features]


@contextmanager
def open_shards(
    executor: Executor, encoder: Encoder, features: Features, progress: Progress, *, offline: bool
) -> Iterator[HereShards | PooledShards]:
    """Open the place where shards are encoded; on exit, what waits there is taken back.

    Args:
        executor: Where trials would run.
        encoder: What encodes.
        features: The state that is wanted.
        progress: Told how many texts of a shard are done, where that is in this process.
        offline: Whether the hub's clients are kept off the network.
    """
    with closing(executor):
        if isinstance(executor, Pool):
            yield PooledShards(executor.submitter(), task_of(encoder, features, None, offline), POOLED_AT_A_TIME)
        elif executor.slots == 1:
            yield HereShards(encoder, features, progress)
        else:
            task = task_of(encoder, features, executor.threads, offline)
            before = {*active_children()}
            pool = ProcessPoolExecutor(executor.slots, get_context("spawn"), initializer=_watch_parent)
            try:
                yield PooledShards(pool, task, executor.slots + 1)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in {*active_children()} - before:  # or Ctrl-C would wait for what nobody will write
                    worker.terminate()


def _watch_parent() -> None:
    """Leave Ctrl-C to the driver, and end when it does."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
