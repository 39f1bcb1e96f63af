"""Trials in a pool of other processes or machines: whatever has `submit`, as `concurrent.futures.Executor` has it.

The folder of the run, the cache of features and the checkpoint lie where every member of the pool finds them under the
same path. Each trial is a process of its own there, too, so that it begins in a clean state.
"""

import platform
import secrets
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor as Submitter
from concurrent.futures import Future
from pathlib import Path

from harness.encoding.encoder import Progress
from harness.errors import UnavailableError
from harness.executors.assignment import Assignment
from harness.executors.executor import Finished, Order, RunningTrial
from harness.executors.job import ASSIGNMENT_FILE, PROGRESS_FILE, SPEC_FILE, TEMPORARY_FOLDER, Materials, write_job
from harness.executors.left_outcome import NOT_PICKLED, not_handed_over, outcome_of_job, shapes_of
from harness.executors.limits import Limits, Watch
from harness.executors.outcome import Outcome, failed_outcome
from harness.executors.outcome_files import remove_job
from harness.executors.processes import SpawnedWorker, can_fork, fork_server
from harness.executors.trial_log import TrialLog
from harness.system.files import write_atomically
from harness.system.foreign_files import read_regular_file

AT_A_TIME = 256  # trials that wait in the pool or run there
ATTEMPT_PREFIX, LOG_FILE = "attempt-", "log.txt"
LARGEST_LOG = 2_000_000  # bytes
SHARE = "Put --output-dir and --cache-dir on a disk that all machines have under the same path"

Ended = tuple[str, int, str | None, str]
"""Name of the folder of an attempt, how its worker ended, what it took too much of, the last lines that it printed."""


class Pool:
    """Hands trials to a pool.

    Args:
        open_pool: Returns what takes functions with `submit`.
        limits: What a trial may take.
    """

    def __init__(self, open_pool: Callable[[], Submitter], limits: Limits) -> None:
        self.slots, self.queues = AT_A_TIME, True
        self.threads: int | None = None
        self._open_pool, self._limits = open_pool, limits
        self._pool: Submitter | None = None
        self._materials: dict[Path, Materials] = {}

    def prepare(self) -> None:
        """Open the pool: whoever names one that does not answer is told before data are loaded.

        Raises:
            HarnessError: Where there is none, or it could never run a trial.
        """
        self.submitter()

    def submitter(self) -> Submitter:
        """Return the pool, which is opened where it is not; errors as of `prepare`."""
        self._pool = self._pool or self._open_pool()
        return self._pool

    def start(self, assignment: Assignment, order: Order, progress: Progress) -> RunningTrial:
        """Hand a trial over."""
        folder = order.job.absolute()
        materials = self._materials.setdefault(folder.parent, Materials(folder))
        try:
            write_job(order, assignment, materials, self.threads)
        except NOT_PICKLED as error:
            remove_job(folder)
            return Finished(not_handed_over(error))
        imports, limits = assignment.imports, self._limits
        future = self.submitter().submit(run_job_apart, str(folder), limits.seconds, limits.memory_bytes, imports)
        return _PooledTrial(future, folder, shapes_of(assignment), order.log)

    def close(self) -> None:
        """Let go of the pool, and forget the data, whose files go with the run's work."""
        self._materials.clear()
        if self._pool:
            self._pool.shutdown()
            self._pool = None


class _PooledTrial:
    def __init__(self, future: "Future[Ended]", folder: Path, shapes: dict[str, tuple[int, int]], log: Path) -> None:
        self._future, self._folder, self._shapes, self._log = future, folder, shapes, log

    def poll(self) -> Outcome | None:
        """Return what came back, None while it waits or runs."""
        if not self._future.done():
            return None
        try:
            attempt, ended, exceeded, last_words = self._future.result()
        except Exception as error:
            return failed_outcome("fit", f"the pool lost it: {type(error).__name__}: {error}")
        folder = self._folder / Path(attempt).name
        return outcome_of_job(folder, self._shapes, ended, exceeded, (self._keep_log(folder), last_words))

    def _keep_log(self, folder: Path) -> str:
        try:
            content = read_regular_file(folder / LOG_FILE, LARGEST_LOG, folder)
            write_atomically(self._log, content)
        except (OSError, ValueError, UnavailableError):
            return ""  # what came back is worth more than what was printed
        return f" What it printed is in {self._log.parent.name}/{self._log.name}."

    def withdraw(self) -> bool:
        """Take it back where no member of the pool has begun it."""
        if self._future.done() or any(self._folder.glob(f"{ATTEMPT_PREFIX}*")):
            return False
        self._future.cancel()
        return True

    def stop(self) -> None:
        """Take it back, or let the pool end it."""
        self._future.cancel()

    def tidy(self) -> None:
        """Remove its job."""
        remove_job(self._folder)


def run_job_apart(folder: str, seconds: float | None, memory_bytes: int | None, imports: tuple[str, ...] = ()) -> Ended:
    """Run a job in a process of its own on this machine; for a member of a pool.

    Where it can be forked, that is from a process that the member keeps for its next job. Each attempt has a folder of
    its own: a pool tries again what died under it, and may err in that.

    Args:
        folder: A folder that `write_job` wrote.
        seconds: What it may take, None for as long as it likes.
        memory_bytes: What memory it may hold, None for as much as it likes.
        imports: Modules that it will import.
    """
    if not (Path(folder) / SPEC_FILE).is_file():
        return "", 1, f"{platform.node()}, where it was to run, does not see {folder}. {SHARE}", ""
    path, log = Path(folder) / f"{ATTEMPT_PREFIX}{secrets.token_hex(8)}", TrialLog()
    (path / TEMPORARY_FOLDER).mkdir(parents=True)
    for name in (SPEC_FILE, ASSIGNMENT_FILE):
        shutil.copy(Path(folder) / name, path / name)
    watch = Watch(Limits(seconds, memory_bytes), lambda what, done, total: None, path / PROGRESS_FILE)
    server = fork_server() if can_fork() else None
    process = server.start(path, log.descriptor, imports) if server else SpawnedWorker(path, log.descriptor)
    log.close()
    exceeded = None
    try:
        while (ended := process.poll()) is None:
            if exceeded is None and (exceeded := watch.exceeded(process.pid)):
                process.kill()
            time.sleep(0.02)
    finally:
        process.kill()
        if server:
            server.release()
    log.wait()
    log.write(path / LOG_FILE)
    return path.name, ended, exceeded, log.last_words
