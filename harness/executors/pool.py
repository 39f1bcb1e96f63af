"""Trials in a pool of other processes or machines: whatever has `submit`, as `concurrent.futures.Executor` has it.

The folder of the run, the cache of features and the checkpoint lie where every member of the pool finds them under the
same path, or else go by way of a share. Each trial is a process of its own there, too, so it begins in a clean state.
"""

from collections.abc import Callable
from concurrent.futures import Executor as Submitter
from concurrent.futures import Future
from pathlib import Path

from harness.encoding.encoder import Encoder, Progress
from harness.errors import UnavailableError
from harness.executors.assignment import Assignment
from harness.executors.executor import Finished, Order, RunningTrial
from harness.executors.job import Materials, write_job
from harness.executors.left_outcome import NOT_PICKLED, not_handed_over, outcome_of_job, shapes_of
from harness.executors.limits import Limits
from harness.executors.member import ATTEMPT_PREFIX, LOG_FILE, Ended, run_job_apart, run_parcel
from harness.executors.object_store import ObjectStore
from harness.executors.outcome import Outcome, failed_outcome
from harness.executors.outcome_files import remove_job
from harness.executors.parcels import Carrier, Fetched
from harness.executors.share import Share
from harness.system.files import write_atomically
from harness.system.foreign_files import read_regular_file

AT_A_TIME = 256  # trials that wait in the pool or run there
LARGEST_LOG = 2_000_000  # bytes


class Pool:
    """Hands trials to a pool.

    Args:
        open_pool: Returns what takes functions with `submit`.
        limits: What a trial may take.
        share: Where files go that its members do not see, None where they see them.
        look: Called where there is no share, once the pool is open; returns how files reach members that do not see the
            driver's disk, None where all see it or nobody knows.
    """

    def __init__(
        self,
        open_pool: Callable[[], Submitter],
        limits: Limits,
        share: Share | None = None,
        look: Callable[[], ObjectStore | None] = lambda: None,
    ) -> None:
        self.slots, self.queues = AT_A_TIME, True
        self.threads: int | None = None
        self._open_pool, self._limits, self._look = open_pool, limits, look
        self._pool: Submitter | None = None
        self._materials: dict[Path, Materials] = {}
        self._carrier = Carrier(share) if share else None

    def prepare(self) -> None:
        """Open the pool: whoever names one that does not answer is told before data are loaded.

        Raises:
            HarnessError: Where there is none, it could never run a trial, or files cannot reach it.
        """
        if self._carrier:
            self._carrier.share.check()
        self.submitter()
        if not self._carrier and (store := self._look()):
            self._carrier = Carrier(store)

    def weigh(self, encoder: Encoder, features_bytes: int) -> None:
        """Refuse what cannot be carried to members that do not see it; as of `Carrier`."""
        if self._carrier:
            self._carrier.weigh(encoder, features_bytes)

    def submitter(self) -> Submitter:
        """Return the pool, which is opened where it is not; errors as of `prepare`."""
        self._pool = self._pool or self._open_pool()
        return self._pool

    def start(self, assignment: Assignment, order: Order, progress: Progress) -> RunningTrial:
        """Hand a trial over."""
        folder = order.job.absolute()
        materials = self._materials.setdefault(folder.parent, Materials(folder))
        names, found = self._carrier.carried(assignment) if self._carrier else ({}, {})
        try:
            needed = write_job(order, assignment, materials, self.threads, names)
        except NOT_PICKLED as error:
            remove_job(folder)
            return Finished(not_handed_over(error))
        given, shapes = (self._limits.seconds, self._limits.memory_bytes, assignment.imports), shapes_of(assignment)
        if self._carrier is None:
            future = self.submitter().submit(run_job_apart, str(folder), *given)
            return _PooledTrial(future, folder, shapes, order.log)
        sent = self.submitter().submit(run_parcel, self._carrier.parcel(folder, needed, found), *given)
        return _SentTrial(Fetched(sent, self._carrier.outcomes_of(folder), folder), folder, shapes, order.log)

    def close(self) -> None:
        """Let go of the pool, and forget the data, whose files go with the run's work."""
        self._materials.clear()
        if self._pool:
            self._pool.shutdown()
            self._pool = None
        if self._carrier:
            self._carrier.close()


class _PooledTrial:
    def __init__(
        self, future: "Future[Ended] | Fetched", folder: Path, shapes: dict[str, tuple[int, int]], log: Path
    ) -> None:
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
        if self._future.done() or self._has_begun():
            return False
        self._future.cancel()
        return True

    def _has_begun(self) -> bool:
        return any(self._folder.glob(f"{ATTEMPT_PREFIX}*"))

    def stop(self) -> None:
        """Take it back, or let the pool end it."""
        self._future.cancel()

    def tidy(self) -> None:
        """Remove its job."""
        remove_job(self._folder)


class _SentTrial(_PooledTrial):
    def __init__(self, sent: Fetched, folder: Path, shapes: dict[str, tuple[int, int]], log: Path) -> None:
        super().__init__(sent, folder, shapes, log)
        self._sent = sent

    def _has_begun(self) -> bool:
        return self._sent.has_begun()

    def tidy(self) -> None:
        """Remove its job, here and in the share."""
        super().tidy()
        self._sent.tidy()
