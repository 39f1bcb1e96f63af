"""Worker processes on this machine: one a trial, watched, and ended where it takes too long or too much."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from harness.encoding.encoder import Progress
from harness.errors import UnavailableError
from harness.executors.assignment import Assignment
from harness.executors.executor import Finished, Order, RunningTrial
from harness.executors.job import EPOCHS_FILE, PROGRESS_FILE, Materials, write_job
from harness.executors.left_outcome import NOT_PICKLED, not_handed_over, outcome_of_job, shapes_of
from harness.executors.limits import EpochsFile, Limits, Watch
from harness.executors.outcome import Outcome
from harness.executors.outcome_files import remove_job
from harness.executors.processes import ForkServer, SpawnedWorker, WorkerProcess, can_fork, fork_server
from harness.executors.sandbox import Sandbox
from harness.executors.trial_log import TrialLog


class Local:
    """Runs each trial in a process of its own that begins in a clean state.

    Args:
        slots: How many trials run at the same time.
        threads: Threads that each computes with, None for what torch chooses.
        limits: What a trial may take.
        forks: Whether workers are forked from a prepared process; None where the platform can.
        sandbox: What each worker runs in, which then imports the libraries itself; None for nothing.
    """

    def __init__(
        self,
        slots: int = 1,
        threads: int | None = None,
        limits: Limits | None = None,
        *,
        forks: bool | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self.queues = False
        self.slots, self.threads, self._limits = slots, threads, limits or Limits()
        self._sandbox = sandbox
        self._forks = sandbox is None and (can_fork() if forks is None else forks)
        self._servers: list[ForkServer] = []
        self._free: list[ForkServer] = []
        self._materials: dict[Path, Materials] = {}

    def prepare(self) -> None:
        """Let the processes that workers are forked from import the libraries already."""
        if self._forks and not self._servers:
            self._servers = [fork_server() for _ in range(self.slots)]
            self._free = list(self._servers)
        for server in self._servers:
            server.prepare()

    def start(self, assignment: Assignment, order: Order, progress: Progress) -> RunningTrial:
        """Start a trial."""
        folder = order.job
        materials = self._materials.setdefault(folder.parent, Materials(folder))
        try:
            write_job(order, assignment, materials, self.threads)
        except NOT_PICKLED as error:
            remove_job(folder)
            return Finished(not_handed_over(error))
        epochs = EpochsFile(folder / EPOCHS_FILE, order.epoch)
        log, watch = TrialLog(), Watch(self._limits, progress, folder / PROGRESS_FILE, epochs)
        shapes = shapes_of(assignment)
        if not self._forks:
            inside = self._sandbox.words(folder, assignment) if self._sandbox else []
            return _LocalTrial(SpawnedWorker(folder, log.descriptor, inside), folder, shapes, log, order.log, watch)
        if not self._servers:
            self.prepare()
        server = self._free.pop()
        process = server.start(folder, log.descriptor, assignment.imports)
        return _LocalTrial(process, folder, shapes, log, order.log, watch, lambda: self._free.append(server))

    def close(self) -> None:
        """Give back the processes that workers are forked from; forget the data, whose files go with the run's work."""
        self._materials.clear()
        while self._servers:
            self._servers.pop().release()
        self._free.clear()


class _LocalTrial:
    """A trial in a worker process.

    Args:
        process: The worker.
        folder: Its job.
        shapes: Split -> shape of the probabilities that are to come.
        log: What it prints.
        log_file: Where that is written in the end.
        watch: Looks at it.
        over: Called once, when it has ended.
    """

    def __init__(
        self,
        process: WorkerProcess,
        folder: Path,
        shapes: dict[str, tuple[int, int]],
        log: TrialLog,
        log_file: Path,
        watch: Watch,
        over: Callable[[], None] = lambda: None,
    ) -> None:
        log.close()  # the worker has it now
        self._process, self._folder, self._shapes = process, folder, shapes
        self._log, self._log_file, self._watch, self._over = log, log_file, watch, over
        self._exceeded: str | None = None
        self._outcome: Outcome | None = None

    def poll(self) -> Outcome | None:
        """Return what came back, None while it runs."""
        if self._outcome is not None:
            return self._outcome
        if (ended := self._process.poll()) is not None:
            self._watch.tell_epochs()
            self._outcome = self._came_back(ended)
            self._over()
        elif self._exceeded is None and (exceeded := self._watch.exceeded(self._process.pid)):
            self._exceeded = exceeded
            self._process.kill()
        return self._outcome

    def withdraw(self) -> bool:
        """Do nothing: it runs."""
        return False

    def stop(self) -> None:
        """End it at once; what it left is removed."""
        self._process.kill()
        while self._process.poll() is None:
            time.sleep(0.005)
        self._log.wait()
        remove_job(self._folder)
        self._over()

    def tidy(self) -> None:
        """Remove its job."""
        remove_job(self._folder)

    def _came_back(self, ended: int) -> Outcome:
        self._log.wait()
        has_log = False
        with contextlib.suppress(UnavailableError):  # what came back is worth more than what was printed
            has_log = self._log.write(self._log_file)
        see = f" What it printed is in {self._log_file.parent.name}/{self._log_file.name}." if has_log else ""
        return outcome_of_job(self._folder, self._shapes, ended, self._exceeded, (see, self._log.last_words))
