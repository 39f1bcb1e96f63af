"""A trial in a worker process before any check: what would end the process of the checks ends that one alone."""

import time
from collections.abc import Iterable, Iterator

from harness.config.run_config import RunConfig
from harness.executors.choice import executor_name
from harness.executors.executor import Order
from harness.executors.limits import Limits
from harness.executors.local import Local
from harness.strategies.strategy import Strategy
from harness.system.temporary_folders import temporary_folder
from harness.testing.bench import Bench
from harness.testing.suite import CheckResult

NAME = "ends_no_process"
SAYS = "A trial of it comes to its end in a worker process, as in every run."
LONGEST_TRIAL = 600.0  # seconds on the tiny task; the slowest of ours takes five


class WorkerTrials:
    """Worker processes for trials on a bench; a context manager. Where HARNESS_ON is `here` it has none.

    Args:
        bench: What trials are run on.
        seconds: What a trial may take.
    """

    def __init__(self, bench: Bench, seconds: float = LONGEST_TRIAL) -> None:
        self._bench = bench
        self._local = None if executor_name(RunConfig()) == "here" else Local(limits=Limits(seconds=seconds))

    def __enter__(self) -> "WorkerTrials":
        if self._local:
            self._local.prepare()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._local:
            self._local.close()

    def checked_first(self, strategy: Strategy, results: Iterable[CheckResult]) -> Iterator[CheckResult]:
        """Yield the results of checks, or, where a strategy ends its process, that alone: checks are in this one.

        Args:
            strategy: What is checked.
            results: Of its checks, none of which is run before the first is asked for.
        """
        started = time.perf_counter()
        if (problem := self._death_of(strategy)) is None:
            yield from results
            return
        message = f"expected a trial to come to its end, but {problem} The other checks were not run."
        yield CheckResult(NAME, SAYS, message, time.perf_counter() - started)

    def _death_of(self, strategy: Strategy) -> str | None:
        if self._local is None:
            return None
        session, trial = self._bench.prepare(strategy)
        with temporary_folder() as work:
            order = Order(job=work / "job", model=work / "model", log=work / "log.txt")
            running = self._local.start(session.assignment(trial), order, lambda what, done, total: None)
            while (outcome := running.poll()) is None:
                time.sleep(0.01)
            running.tidy()
        failure = outcome.told.failure
        return failure.message if outcome.died and failure else None
