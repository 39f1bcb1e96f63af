"""A process that has imported the libraries and run no plugin: each trial's worker is forked from it, so starts clean.

Linux alone has it; elsewhere each worker is a new process that imports the libraries itself.

It takes one job at a time, as a line of JSON with the open log beside it, answers with the worker's process id and,
once that has ended and everything that it started with it, with its exit status. It serves all runs of its driver's
process; when that is gone, or has no job for minutes, it ends.
"""

import contextlib
import faulthandler
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from harness.system.linux_processes import end_with_parent, take_in_orphans

PRELOADED = (
    "torch",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
    "sklearn.linear_model",
    "sklearn.preprocessing",
    "sklearn.feature_extraction.text",
    "sklearn.pipeline",
    "skops.io",
    "safetensors.torch",
    "pyarrow",
    "psutil",
    "harness.executors.worker",
    "harness.huggingface.network",
    "harness.encoding.transformer_encoder",
    "harness.strategies.finetuning",
)
PRELOADED_ON_REQUEST = {"torch", "transformers", "sklearn", "scipy", "peft"}  # whose modules a strategy may name
LONGEST_LINE = 4_000_000  # bytes; an environment may be large
LONGEST_WAIT = 1800.0  # seconds between two jobs; a notebook may stay open for days


def serve(descriptor: int) -> None:
    """Fork workers until the driver closes its end of the socket.

    Args:
        descriptor: Of the socket.
    """
    with socket.socket(fileno=descriptor) as driver:
        take_in_orphans()  # what a worker leaves behind comes to us, and ends with it
        import_libraries()
        tried: set[str] = set()
        while request := _receive(driver):
            job, log = request
            _import([m for m in job["imports"] if m.partition(".")[0] in PRELOADED_ON_REQUEST and m not in tried])
            tried.update(job["imports"])
            worker = os.fork()
            if worker == 0:
                _work(job, log)
            os.close(log)
            _send(driver, {"pid": worker})
            status = _wait_for(worker, driver)
            _end_children()
            _send(driver, {"status": status})


def import_libraries() -> None:
    """Import what workers need."""
    _import(PRELOADED)


class ForkedServer:
    """A server that was forked from this process: the part of `subprocess.Popen` that is asked of one.

    Args:
        descriptor: Of the socket to serve, which this process has to close.
    """

    def __init__(self, descriptor: int) -> None:
        self._pid = os.fork()
        self._status: int | None = None
        if self._pid == 0:
            try:
                _detach(descriptor)
                serve(descriptor)
            finally:
                os._exit(0)

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        if self._status is None:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = status if ended else None
        return self._status

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: Where it takes longer than so many seconds.
        """
        if self.poll() is not None:
            return
        ended = os.pidfd_open(self._pid)
        try:
            select.select([ended], [], [], timeout)
        finally:
            os.close(ended)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("fork server", timeout or 0.0)

    def kill(self) -> None:
        """End it at once."""
        if self.poll() is None:
            os.kill(self._pid, signal.SIGKILL)


def _detach(descriptor: int) -> None:
    """Become a session of its own, out of reach of Ctrl-C, with no file open but the socket to serve."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))


def _import(modules: Sequence[str]) -> None:
    """Import modules that are not there yet, so that workers share their pages."""
    if not (missing := [name for name in modules if name not in sys.modules]):
        return
    for name in missing:
        with contextlib.suppress(Exception):  # who needs it meets the reason in its own trial
            import_module(name)
    gc.collect()
    gc.freeze()


def _receive(driver: socket.socket) -> tuple[dict[str, Any], int] | None:
    """Return the next job and the descriptor of its log, None where the driver is gone or has none for long."""
    if not select.select([driver], [], [], LONGEST_WAIT)[0]:
        return None
    content, descriptors, _, _ = socket.recv_fds(driver, LONGEST_LINE, 1)
    if not content:
        return None
    while not content.endswith(b"\n"):
        content += driver.recv(LONGEST_LINE)
    return json.loads(content), descriptors[0]


def _send(driver: socket.socket, message: dict[str, int]) -> None:
    try:
        driver.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
        _leave()


def _wait_for(worker: int, driver: socket.socket) -> int:
    """Wait until a worker has ended and return its status; a driver that goes takes the worker with it."""
    ended = os.pidfd_open(worker)
    try:
        readable, _, _ = select.select([ended, driver.fileno()], [], [])
        if ended not in readable:
            _leave()
        return os.waitpid(worker, 0)[1]
    finally:
        os.close(ended)


def _end_children() -> None:
    """End every process that the worker left behind, its children's children among them."""
    import psutil

    while children := psutil.Process().children(recursive=True):
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, 0)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _leave() -> NoReturn:
    _end_children()
    os._exit(0)


def _work(job: dict[str, Any], log: int) -> NoReturn:
    """Run a job in the process that was forked for it."""
    status = 1
    try:
        _begin_anew(job, log)
        from harness.executors.worker import run_job

        run_job(Path(job["folder"]))
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)  # threads that a strategy left behind are not waited for


def _begin_anew(job: dict[str, Any], log: int) -> None:
    """Become a session of its own, with the driver's environment and no file open but the log."""
    import resource

    os.setsid()
    end_with_parent()
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the driver may have it ignored
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    sys.argv[:] = ["harness"]
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["directory"])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
