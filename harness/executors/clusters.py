"""Pools that are known by name: Ray and SLURM, each where its extra is installed."""

import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import Executor as Submitter
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from weakref import WeakSet

from harness.errors import UnavailableError
from harness.executors.object_store import ObjectStore
from harness.system.disk_errors import disk_errors
from harness.system.unfinished_files import unfinished_file

CONNECT_SECONDS = 10.0
LOOK_SECONDS = 60.0  # until a node has started a process that looks for a file
RETRIES = 2  # of a task whose machine or process died under it


def ray_pool(address: str | None, device: str = "cpu") -> Submitter:
    """Return a pool of Ray's workers.

    Args:
        address: Of a cluster, such as ray://host:10001, or auto for one that runs here; None for that of the
            environment's RAY_ADDRESS, or else to start one here.
        device: What trials compute on: `cuda` asks for a GPU each, `auto` where this machine has one.

    Raises:
        UnavailableError: Where the cluster does not answer, or has no machine that could ever run a trial.
    """
    import ray

    from harness.system.device import choose_device

    address = address or os.environ.get("RAY_ADDRESS") or "local"  # without any, Ray waits for one that ran before
    _refuse_silent(address)
    told = os.environ.get("RAY_USAGE_STATS_ENABLED")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        dashboard = False if address == "local" else None
        ray.init(address=address, include_dashboard=dashboard, log_to_driver=False, logging_level=40)
    except Exception as error:
        raise UnavailableError(f"--on ray: the cluster {address} cannot be had: {error}") from error
    finally:
        os.environ.pop("RAY_USAGE_STATS_ENABLED")
        if told is not None:
            os.environ["RAY_USAGE_STATS_ENABLED"] = told
    needs = {"CPU": 1.0} | ({"GPU": 1.0} if choose_device(device) == "cuda" else {})
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(all(node.get(what, 0.0) >= amount for what, amount in needs.items()) for node in nodes):
        ray.shutdown()
        raise UnavailableError(_never_met(needs, nodes))
    return _RayPool(ray, needs)


def _refuse_silent(address: str) -> None:
    """Refuse a cluster where nobody listens: Ray itself tries for minutes.

    Raises:
        UnavailableError: Where nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UnavailableError(
            f"--on ray: nobody answers at {host}:{port}: {error}. Start the cluster first."
        ) from error


def _never_met(needs: dict[str, float], nodes: list[dict[str, float]]) -> str:
    """Tell what no node has."""
    wanted = " and ".join(f"{amount:g} {what}" for what, amount in needs.items())
    had = "; ".join(" and ".join(f"{node.get(what, 0.0):g} {what}" for what in needs) for node in nodes) or "no nodes"
    return (
        f"--on ray: a trial needs {wanted} on one node, and the cluster has {had}: it would wait for ever. "
        "Add a node that has them, or name another --device."
    )


def store_for_blind_nodes(folder: Path) -> ObjectStore | None:
    """Return how files reach the nodes of Ray's cluster where one does not see a folder, None where all do.

    Args:
        folder: Of runs; it is made where it is missing.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    look, seen = ray.remote(os.path.exists), []
    with disk_errors(folder), unfinished_file(folder / "seen-by-all-nodes") as (file, _):
        for node in ray.nodes():
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            if node["Alive"] and node["Resources"].get("CPU"):
                seen.append(look.options(num_cpus=0, scheduling_strategy=there).remote(str(file)))
        with contextlib.suppress(Exception):  # a node that cannot say is met by its trials
            return None if all(ray.get(seen, timeout=LOOK_SECONDS)) else ObjectStore()
    return None


class _RayPool(Submitter):
    def __init__(self, ray: Any, needs: dict[str, float]) -> None:
        self._ray = ray
        self._options = {"num_cpus": needs["CPU"], "num_gpus": needs.get("GPU", 0.0), "max_retries": RETRIES}
        self._functions: dict[Callable[..., Any], Any] = {}
        self._tasks: WeakSet[_RayTask] = WeakSet()  # one that nobody holds any more is over

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        if fn not in self._functions:  # each time that Ray is given a function it exports it anew, and keeps that
            self._functions[fn] = self._ray.remote(fn).options(**self._options)
        self._tasks.add(task := _RayTask(self._ray, self._functions[fn].remote(*args, **kwargs)))
        return task  # type: ignore[return-value]  # it has done, result and cancel, which are all that is asked of it

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        for task in [*self._tasks]:
            task.cancel()
        self._ray.shutdown()


class _RayTask:
    def __init__(self, ray: Any, reference: Any) -> None:
        self._ray, self._reference = ray, reference
        self.future: Future[Any] = reference.future()

    def done(self) -> bool:
        return self.future.done()

    def result(self) -> Any:
        return self.future.result()

    def cancel(self) -> bool:
        self._ray.cancel(self._reference, force=True)  # one that is over does not mind
        return True


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
