"""Worker processes: forked from a prepared one where the platform can, else started anew."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.executors.fork_server import LONGEST_WAIT, ForkedServer
from harness.system.process import working_directory

_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); from {module} import {function}; {call}"
FORK_SERVER = _PROGRAM.format(module="harness.executors.fork_server", function="serve", call="serve(int(sys.argv[1]))")
WORKER = _PROGRAM.format(module="harness.executors.worker", function="main", call="main()")


SIGNALLED = 128  # exit codes above it tell of a signal
ENDING_THREAD = 1.0  # seconds that a thread may take which has been told to end, such as a display's


def can_fork() -> bool:
    """Return whether workers can be forked here: on Linux, where the kernel or a container does not refuse pidfds."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


class WorkerProcess(Protocol):
    """A process that runs one job.

    Attributes:
        pid: Its process id, None where it could not be started or has ended.
    """

    pid: int | None

    def poll(self) -> int | None:
        """Return how it ended as `subprocess.Popen.returncode` has it, None while it runs."""

    def kill(self) -> None:
        """End it, and what it started, at once."""


class ForkServer:
    """A process that forks workers, one at a time; started when the first is wanted, and again where it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | ForkedServer | None = None
        self._socket: socket.socket | None = None
        self._worker: ForkedWorker | None = None
        self._last_wanted = 0.0
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Start the process, which then imports the libraries while others do something else."""
        with self._lock:
            if self._is_ready():
                return
            self._stop()
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", FORK_SERVER, json.dumps(sys.path), str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for the driver
                )
            self._socket, self._last_wanted = ours, time.monotonic()

    def fork_from_here(self) -> None:
        """Fork the process from this one, with the libraries that are imported here."""
        ours, theirs = socket.socketpair()
        with theirs, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # threads of numpy's linear algebra, which knows of forks
            self._process = ForkedServer(theirs.fileno())
        self._socket, self._last_wanted = ours, time.monotonic()

    def start(self, folder: Path, log: int, imports: Sequence[str] = ()) -> "ForkedWorker":
        """Fork a worker for a job.

        Args:
            folder: Of the job.
            log: An open file for its output.
            imports: Modules that it will import; those of well-known libraries are imported for the next ones, too.
        """
        self.prepare()
        assert self._socket is not None
        self._last_wanted = time.monotonic()
        request = {
            "folder": str(folder.absolute()),
            "directory": working_directory() or os.sep,
            "environment": dict(os.environ),
            "imports": list(imports),
        }
        content = json.dumps(request).encode() + b"\n"
        with contextlib.suppress(OSError):  # it has died: the worker tells so when it is polled
            sent = socket.send_fds(self._socket, [content], [log])
            self._socket.sendall(content[sent:])
        self._worker = ForkedWorker(self._socket)
        return self._worker

    def close(self) -> None:
        """End it and its workers."""
        with self._lock:
            self._stop()

    def release(self) -> None:
        """Keep it for whoever needs one next; where a worker of it still runs, end both."""
        with self._lock:
            if not self._is_idle():
                self._stop()
        _spare.append(self)

    def _is_ready(self) -> bool:
        # Not one that has waited nearly as long as it does: it may end while a job is on its way to it.
        waits = time.monotonic() - self._last_wanted < LONGEST_WAIT - 60
        return waits and self._is_idle() and self._process is not None and self._process.poll() is None

    def _is_idle(self) -> bool:
        return self._worker is None or self._worker.has_ended_alone

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            if self._worker is not None:  # what it has started ends before it does
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=5)
            self._process.kill()
            self._process.wait()
        self._process = self._worker = None


_spare: list[ForkServer] = []  # started once a process: their imports take seconds


def fork_server() -> ForkServer:
    """Return a server that nobody uses, to be given back by its `release`."""
    return _spare.pop() if _spare else ForkServer()


def fork_spare(number: int) -> None:
    """Fork servers from this process for whoever needs one next; where it has threads, start none.

    Args:
        number: How many. This process must have run no plugin, hold no data and have asked nothing of a GPU.
    """
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(ENDING_THREAD)
    if threading.active_count() == 1:
        for _ in range(number):
            (server := ForkServer()).fork_from_here()
            _spare.append(server)


@atexit.register
def _close_spare() -> None:
    while _spare:
        _spare.pop().close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_spare.clear)  # their sockets are the parent's


class ForkedWorker:
    """A worker that a fork server forked.

    Args:
        server: The socket to the server.

    Attributes:
        has_ended_alone: Whether it has ended and its server has not.
    """

    def __init__(self, server: socket.socket) -> None:
        self.pid: int | None = None
        self._server, self._received = server, b""
        self._ended: int | None = None
        self.has_ended_alone = False

    def poll(self) -> int | None:
        """Return how it ended, None while it runs; where the server died, as if by SIGKILL."""
        while self._ended is None:
            try:
                self._server.setblocking(False)
                content = self._server.recv(4096)
            except BlockingIOError:
                break
            except OSError:
                content = b""
            if not content:
                self._ended = -signal.SIGKILL
                break
            self._received += content
            *lines, self._received = self._received.split(b"\n")
            for message in map(json.loads, lines):
                self._hear(message)
        with contextlib.suppress(OSError):
            self._server.setblocking(True)
        return self._ended

    def _hear(self, message: dict[str, Any]) -> None:
        if "pid" in message:
            self.pid = message["pid"]
        else:
            self._ended, self.pid = os.waitstatus_to_exitcode(message["status"]), None
            self.has_ended_alone = True

    def kill(self) -> None:
        """End it; the server ends what it started."""
        while self.pid is None and self.poll() is None:
            pass  # it is being forked
        if self.pid is not None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)


class SpawnedWorker:
    """A worker in a process that imports everything itself.

    Args:
        folder: Of its job.
        log: An open file for its output.
        inside: The command that runs it in a sandbox, whose words the worker's follow; empty for none.
    """

    def __init__(self, folder: Path, log: int, inside: Sequence[str] = ()) -> None:
        self._is_inside = bool(inside)
        self._process = subprocess.Popen(
            [*inside, sys.executable, "-c", WORKER, json.dumps(sys.path), str(folder.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        self.pid: int | None = self._process.pid

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        ended = self._process.poll()
        if ended is not None and self.pid is not None:
            if hasattr(os, "killpg"):
                with contextlib.suppress(OSError):
                    os.killpg(self.pid, signal.SIGKILL)
            self.pid = None
        if ended is not None and self._is_inside and ended > SIGNALLED:
            return SIGNALLED - ended  # as shells do, a sandbox adds the signal to it
        return ended

    def kill(self) -> None:
        """End it and what it started."""
        import psutil

        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        self._process.kill()
