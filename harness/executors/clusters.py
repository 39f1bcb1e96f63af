"""Pools that are known by name: Ray and SLURM, each where its extra is installed."""

import os
from collections.abc import Callable
from concurrent.futures import Executor as Submitter
from concurrent.futures import Future
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.errors import UnavailableError, UserError

RETRIES = 2  # of a task whose machine or process died under it


def require_extra(module: str, extra: str) -> None:
    """Refuse a place to run trials whose package is not there.

    Args:
        module: What it is imported as.
        extra: What brings it, and what it is called after `--on`.

    Raises:
        UserError: Where it is not installed.
    """
    if find_spec(module) is None:
        raise UserError(f"--on {extra} needs {module}, which is not installed: pip install 'strategy-harness[{extra}]'")


def ray_pool(address: str | None) -> Submitter:
    """Return a pool of Ray's workers.

    Args:
        address: Of a cluster, such as ray://host:10001, or auto for one that runs here; None to start one here.

    Raises:
        UnavailableError: Where the cluster does not answer.
    """
    import ray

    told = os.environ.get("RAY_USAGE_STATS_ENABLED")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False, logging_level=40)
    except Exception as error:
        raise UnavailableError(f"--on ray: the cluster {address or 'here'} cannot be had: {error}") from error
    finally:
        os.environ.pop("RAY_USAGE_STATS_ENABLED")
        if told is not None:
            os.environ["RAY_USAGE_STATS_ENABLED"] = told
    return _RayPool(ray)


class _RayPool(Submitter):
    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._tasks: list[Any] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        task = self._ray.remote(fn).options(num_cpus=1, max_retries=RETRIES).remote(*args, **kwargs)
        self._tasks.append(task)
        future: Future[Any] = task.future()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for task in self._tasks:  # those that are over do not mind
            self._ray.cancel(task, force=True)
        self._ray.shutdown()


def slurm_pool(folder: Path, cluster: str | None = None) -> Submitter:
    """Return a pool of SLURM's jobs.

    Args:
        folder: For submitit's scripts and logs, on a disk that all nodes share.
        cluster: slurm, or local for processes here; None for what is there.
    """
    import submitit

    return _SlurmPool(submitit.AutoExecutor(folder=folder, cluster=cluster))


class _SlurmPool(Submitter):
    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self._jobs: list[Any] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self._jobs.append(job := self._executor.submit(fn, *args, **kwargs))
        return job  # type: ignore[no-any-return]  # it has done, result and cancel, which are all that is asked of it

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for job in self._jobs:
            if not job.done():
                job.cancel()
