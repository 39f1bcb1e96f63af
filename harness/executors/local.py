"""Worker processes on this machine: one a trial, watched, and ended where it takes too long or too much."""

import contextlib
import json
import pickle
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.encoding.encoder import Progress
from harness.executors.assignment import Assignment
from harness.executors.attempt import described_failure
from harness.executors.executor import Finished, Order, RunningTrial
from harness.executors.job import OUTCOME_FOLDER, PROGRESS_FILE, Materials, TrialSpec, write_job
from harness.executors.outcome import Outcome, Told, failed_outcome
from harness.executors.outcome_files import read_outcome, remove_job
from harness.executors.processes import ForkServer, SpawnedWorker, WorkerProcess, can_fork
from harness.executors.trial_log import TrialLog
from harness.system.files import folder_name
from harness.wording import quantities

NOT_PICKLED = (AttributeError, TypeError, ValueError, RecursionError, ImportError, pickle.PicklingError)
LOOK_INTERVAL = 0.1  # seconds between two looks at progress and memory
MATERIALS_FOLDER = "data"


@dataclass(frozen=True)
class Limits:
    """What a trial may take, None for as much as it likes.

    Attributes:
        seconds: From its start to its end.
        memory_bytes: Resident memory of its process and of what that started, libraries included.
    """

    seconds: float | None = None
    memory_bytes: int | None = None


class Local:
    """Runs each trial in a process of its own that begins in a clean state.

    Args:
        slots: How many trials run at the same time.
        threads: Threads that each computes with, None for what torch chooses.
        limits: What a trial may take.
        forks: Whether workers are forked from a prepared process; None where the platform can.
    """

    def __init__(
        self, slots: int = 1, threads: int | None = None, limits: Limits | None = None, *, forks: bool | None = None
    ) -> None:
        self.slots, self.threads, self._limits = slots, threads, limits or Limits()
        self._forks = can_fork() if forks is None else forks
        self._free = [ForkServer() for _ in range(slots)] if self._forks else []
        self._servers = list(self._free)
        self._materials: dict[Path, Materials] = {}

    def prepare(self) -> None:
        """Let the processes that workers are forked from import the libraries already."""
        for server in self._servers:
            server.prepare()

    def start(self, assignment: Assignment, order: Order, progress: Progress) -> RunningTrial:
        """Start a trial."""
        folder = order.work / folder_name(assignment.name)
        materials = self._materials.setdefault(order.work, Materials(order.work / MATERIALS_FOLDER))
        try:
            write_job(folder, spec_of(assignment, order, self.threads), assignment, materials)
        except NOT_PICKLED as error:
            remove_job(folder)
            return Finished(not_handed_over(error))
        log, watch = TrialLog(), Watch(self._limits, progress, folder / PROGRESS_FILE)
        shapes = shapes_of(assignment)
        if not self._forks:
            return _LocalTrial(SpawnedWorker(folder, log.descriptor), folder, shapes, log, order.log, watch)
        server = self._free.pop()
        process = server.start(folder, log.descriptor)
        return _LocalTrial(process, folder, shapes, log, order.log, watch, lambda: self._free.append(server))

    def close(self) -> None:
        """End the processes that workers are forked from."""
        for server in self._servers:
            server.close()


def spec_of(assignment: Assignment, order: Order, threads: int | None) -> TrialSpec:
    """Return what a worker is told of a trial.

    Args:
        assignment: What the strategy is given.
        order: How the trial is to be run.
        threads: Threads that it computes with, None for what torch chooses.
    """
    import torch

    return TrialSpec(
        trial=assignment.name,
        key=order.key,
        materials="",
        threads=threads or torch.get_num_threads(),
        blas_threads=threads,
        offline=order.offline,
        save_model=order.model is not None,
    )


class Watch:
    """Looks at a worker now and then: how far it is, how long it has taken, how much memory it holds.

    Args:
        limits: What it may take.
        progress: Told how far it is.
        progress_file: Where the worker says so.
    """

    def __init__(self, limits: Limits, progress: Progress, progress_file: Path) -> None:
        self._limits, self._progress, self._file = limits, progress, progress_file
        self._started = time.monotonic()
        self._next = self._started + LOOK_INTERVAL
        self._told: object = None

    def exceeded(self, pid: int | None) -> str | None:
        """Return what the worker took too much of, None where it is within its limits."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + LOOK_INTERVAL
        if pid is None:
            self._started = now
            self._progress("a worker process is importing the libraries", 0, 0)
            return None
        self._tell_progress()
        seconds, memory = self._limits.seconds, self._limits.memory_bytes
        if seconds is not None and now - self._started > seconds:
            return f"it took longer than --time-limit {quantities.duration(seconds)} allows"
        if memory is not None and (held := _resident_bytes(pid)) > memory:
            return f"it held {quantities.size(held)}, more than --memory-limit {quantities.size(memory)} allows"
        return None

    def _tell_progress(self) -> None:
        with contextlib.suppress(OSError, ValueError, TypeError):
            what, done, total = told = json.loads(self._file.read_bytes()[:10_000])
            if told != self._told and isinstance(what, str):
                self._told = told
                self._progress(what, int(done), int(total))


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
            self._outcome = self._came_back(ended)
            self._over()
        elif self._exceeded is None and (exceeded := self._watch.exceeded(self._process.pid)):
            self._exceeded = exceeded
            self._process.kill()
        return self._outcome

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
        has_log = self._log.write(self._log_file)
        see = f" What it printed is in {self._log_file.parent.name}/{self._log_file.name}." if has_log else ""
        return outcome_of_job(self._folder, self._shapes, ended, self._exceeded, (see, self._log.last_words))


def shapes_of(assignment: Assignment) -> dict[str, tuple[int, int]]:
    """Return split -> shape of the probabilities that are to come."""
    texts = {"validation": assignment.validation.texts, "test": assignment.test_texts}
    return {split: (len(each), len(assignment.label_names)) for split, each in texts.items()}


def outcome_of_job(
    folder: Path, shapes: dict[str, tuple[int, int]], ended: int, exceeded: str | None, printed: tuple[str, str]
) -> Outcome:
    """Return what a worker that has ended left, or why that is nothing.

    Args:
        folder: Its job.
        shapes: Split -> shape of the probabilities.
        ended: How it ended, as `subprocess.Popen.returncode` has it.
        exceeded: What it took too much of, None where that is nothing.
        printed: Where its output is, as a sentence, and the last lines of it.
    """
    if exceeded or ended:
        reason = exceeded or f"its process {_ending(ended)}"
    else:
        try:
            return read_outcome(folder / OUTCOME_FOLDER, shapes)
        except FileNotFoundError:
            reason = "its process ended with exit code 0 before it had predicted"
        except (OSError, ValueError) as error:
            reason = f"what it left is no outcome: {error}"
    return failed_outcome("fit", f"{reason}.{printed[0]}", printed[1])


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"was ended by signal {-code}"


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and of its children's children."""
    import psutil

    held = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                held += each.memory_info().rss
    return held


def not_handed_over(error: Exception) -> Outcome:
    """Return the outcome of a trial whose strategy could not be pickled."""
    failure = described_failure("load plugin", error)
    told = (
        f"no other process can be given this strategy: {failure.message}. Define it at the top of a module or of a "
        "notebook's cell, without open files or locks in its fields, or run it in this process with --on here."
    )
    return Outcome(Told(failure=failure.model_copy(update={"message": told})), {})
