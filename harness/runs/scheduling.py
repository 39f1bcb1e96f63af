"""The trials of a run: handed to the executor one after the other, or several at a time, and recorded as they end."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import FrameType

from harness.encoding.encoder import Progress
from harness.errors import UnavailableError
from harness.executors.executor import Here, Order, RunningTrial
from harness.results.records import Run, RunRecord
from harness.runs.combining import Combined, combined_by, combines, others_of
from harness.runs.forecast import TimeForecast
from harness.runs.memory import MemoryForecast, longest_text
from harness.runs.planning import Plan
from harness.runs.recording import Recording
from harness.runs.reporter import Reporter, RunProgress
from harness.runs.session import Session, Trial
from harness.runs.trial import place_of_model, save_trial, score_outcome
from harness.strategies.strategy import uses_model
from harness.system.device import PeakMemory
from harness.system.memory import available_memory

# Seconds between two looks at trials that run elsewhere: a hundredth of what the last to start has taken, within these.
SHORTEST_LOOK, LONGEST_LOOK = 0.01, 0.1
RUN_PROGRESS_INTERVAL = 0.25  # seconds between two tellings of how far the run is, where nothing else happens
GRACE = 30.0  # seconds that what runs has to finish where the user stops the run


class Stop:
    """The user's wish to stop a run: the first lets what runs finish, the second ends it.

    Attributes:
        waits: Whether nothing but waiting would be interrupted now.
        asked: Whether the user asked once.
    """

    def __init__(self) -> None:
        self.waits = self.asked = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT; for `signal.signal`."""
        if self.asked or not self.waits:
            raise KeyboardInterrupt
        self.asked = True


@dataclass
class _Running:
    trial: Trial
    started: RunningTrial
    session: Session
    combined: Combined | None = None
    since: float = field(default_factory=time.monotonic)


class Trials:
    """The trials of a plan; the encoder runs once, before the first that reads its features.

    Args:
        plan: What is run.
        recording: Its record, begun.
        reporter: Told how far it is.
        finished: Name -> record of trials that are not run again.
        stop: The user's wish to stop.

    Attributes:
        session: What the trials share, the features as soon as they are there.
    """

    def __init__(
        self, plan: Plan, recording: Recording, reporter: Reporter, finished: Mapping[str, RunRecord], stop: Stop
    ) -> None:
        self._plan, self._recording, self._reporter, self._finished = plan, recording, reporter, finished
        self.session = plan.session(directory=recording.directory)
        self._stages = len(plan.trials) - len(finished) + bool(plan.wanted_features)
        self._stage = 0
        self._waiting, self._running, self._over = [*plan.trials], list[_Running](), dict[str, RunRecord]()
        self._forecast, self._shares = TimeForecast(len(plan.task.train)), dict[str, tuple[int, int]]()
        longest = longest_text(plan.encoder, plan.task.train.texts)
        self._memory = MemoryForecast(plan.encoder, partial(available_memory, plan.device), longest)
        self._next_run_progress = 0.0
        combining = [trial for trial in self._waiting if combines(trial)]
        self._needed = {each.name: {other.name for other in others_of(each, self._waiting)} for each in combining}
        self._stopped: list[str] = []
        self._failures: list[str] = []
        self._stop, self._deadline = stop, 0.0

    def finish(self, *, stopped: bool) -> Run:
        """Write what is left of the record and return the run."""
        return self._recording.finish(self.session.features, self._notes, self._stopped, stopped)

    def unsaved(self) -> Run:
        """Return what is known of the run where the disk refuses to keep it."""
        return self._recording.unsaved(self._notes, self._stopped)

    @property
    def _notes(self) -> list[str]:
        waited = [self._memory.note] if self._memory.note else []
        return [*self._failures, *waited, *(self.session.features.notes if self.session.features else ())]

    @contextmanager
    def all_ended(self) -> Iterator[None]:
        """End on exit what still runs."""
        try:
            yield
        finally:
            self._stop.waits = False
            self._stopped += [each.trial.name for each in self._running]
            for each in self._running:
                each.started.stop()
            self._running.clear()
            self._recording.directory.remove_work()

    def run(self) -> Iterator[RunRecord]:
        """Run them and yield their records; with `--fail-fast` none after the first that failed.

        Raises:
            KeyboardInterrupt: Where the user stopped the run before its end.
        """
        if self._plan.broken and self._plan.config.fail_fast:
            return
        while self._waiting or self._running:
            if self._stop.asked:
                self._wait_for_the_rest()
            elif self._waiting and len(self._running) < self._plan.executor.slots and (trial := self._next()):
                self._waiting.remove(trial)
                if record := self._finished.get(trial.name):
                    if trial.name not in self._needed:  # whose record has the costs of others, too
                        self._forecast.took(trial, (record.fit_seconds or 0.0) + (record.predict_seconds or 0.0))
                        self._memory.held(trial, record.peak_memory_bytes or 0)
                    yield from self._told(record)
                else:
                    self._start(trial)
            for record in self._ended():
                yield from self._told(record)
                if record.status == "failed" and self._plan.config.fail_fast:
                    return
            if self._stop.asked and self._waiting and not self._running:
                raise KeyboardInterrupt

    def _next(self) -> Trial | None:
        """Return what is to run now: what is finished already, else by the plan, or by the forecast beside others.

        None where what waits would not fit into the memory of this machine beside what runs, or combines what runs.
        """
        if over := [trial for trial in self._waiting if trial.name in self._finished]:
            return over[0]
        may_start = [trial for trial in self._waiting if self._needed.get(trial.name, set()) <= self._over.keys()]
        if self._plan.executor.slots == 1 or not may_start:
            return may_start[0] if may_start else None
        running = [each.trial for each in self._running]
        if not self._plan.executor.queues:
            may_start = self._memory.fitting(may_start, running)
        return self._forecast.next_of(may_start, running) if may_start else None

    def _told(self, record: RunRecord) -> Iterator[RunRecord]:
        self._over[record.trial] = record
        self._reporter.finished(record)
        yield record

    def _start(self, trial: Trial) -> None:
        if self._plan.encoder and self.session.features is None and uses_model(trial.strategy):
            self._compute_features()
        size = "" if trial.train_size is None else f", {trial.train_size:,} rows"
        self._stopped = [trial.name]  # before it is announced: whoever reads that may stop it
        self._begin(f"{trial.offer.name} seed {trial.seed}{size}")
        directory = self._recording.directory
        order = Order(
            job=directory.job_folder(trial.name),
            model=place_of_model(self.session, trial),
            log=directory.log_file(trial.name),
            key=self._recording.keys[trial.name],
            offline=self._plan.offline,
            measure_latency=self._plan.measures_latency(trial),
            epoch=partial(self._tell_epoch, trial.name),
        )
        began, session = time.monotonic(), self.session
        started: RunningTrial | None = None
        if combined := combined_by(trial, self._plan.trials, self._over) if trial.name in self._needed else None:
            session, started = combined.given_to(session)
        started = started or self._plan.executor.start(session.assignment(trial), order, self._progress_of(trial))
        self._running.append(_Running(trial, started, session, combined, began))
        self._tell_run_progress()
        self._stopped = []
        self._stop.waits = not isinstance(self._plan.executor, Here)

    def _progress_of(self, trial: Trial) -> Progress:
        def progress(what: str, done: int, total: int) -> None:
            self._shares[trial.name] = done, total
            if self._plan.executor.slots == 1 and not self._stop.asked:  # what was said then is to be read
                self._reporter.progress(what, done, total)

        return progress

    def _tell_epoch(self, trial: str, entry: Mapping[str, float]) -> None:
        if not self._stop.asked:
            self._reporter.epoch(trial, entry)

    def _tell_run_progress(self) -> None:
        """Tell how far the run is as a whole."""
        if self._stop.asked:
            return
        now = self._next_run_progress = time.monotonic()
        self._next_run_progress += RUN_PROGRESS_INTERVAL
        running, slots = self._running, self._plan.executor.slots
        since = [(each.trial, now - each.since) for each in running]
        queues = self._plan.executor.queues
        self._reporter.run_progress(
            RunProgress(
                done=len(self._plan.trials) - len(self._waiting) - len(running),
                total=len(self._plan.trials),
                running={each.trial.name: self._shares.get(each.trial.name, (0, 0)) for each in running},
                at_a_time=slots,
                waits_for_memory=self._memory.is_short,
                seconds_left=None if queues else self._forecast.left(since, self._waiting, slots),
            )
        )

    def _ended(self) -> Iterator[RunRecord]:
        """Record the trials that have ended; where none has, let a moment pass."""
        if not self._running:
            return
        ended = [(each, outcome) for each in self._running if (outcome := each.started.poll()) is not None]
        for each, outcome in ended:
            record = score_outcome(each.session, each.trial, outcome)
            record = each.combined.counted_in(record, self.session) if each.combined else record
            self._running.remove(each)
            self._forecast.took(each.trial, time.monotonic() - each.since)
            self._memory.held(each.trial, outcome.told.peak_memory_bytes)
            try:
                save_trial(each.session, each.trial, outcome, record)
            except UnavailableError:
                self._recording.records.append(record)  # what cannot be saved can be shown
                raise
            each.started.tidy()
            yield record
        if not ended:
            youngest = time.monotonic() - max(each.since for each in self._running)
            time.sleep(min(max(youngest / 100, SHORTEST_LOOK), LONGEST_LOOK))
        if ended or time.monotonic() >= self._next_run_progress:
            self._tell_run_progress()

    def _wait_for_the_rest(self) -> None:
        """Say once that what runs may finish, take back what has not begun, and end it all when its time is over."""
        now = time.monotonic()
        if not self._deadline:
            self._deadline = now + GRACE
            withdrawn = [each.trial for each in self._running if each.started.withdraw()]
            self._running = [each for each in self._running if each.trial not in withdrawn]
            self._waiting += withdrawn
            self._reporter.progress(f"{GRACE:.0f} s to finish; Ctrl-C again ends it", 0, 0)
        elif now > self._deadline:
            raise KeyboardInterrupt

    def _begin(self, stage: str) -> None:
        self._stage += 1
        self._reporter.stage(stage, self._stage, self._stages)

    def _compute_features(self) -> None:
        """Compute the features of all strategies in one pass; where it fails, a pass for each state that does not.

        All texts go in together even then: other batches would change the last digits of everybody's features.
        """
        scratch = self._recording.directory.features_path
        features, wanted = self._plan.new_features(scratch), self._plan.wanted_features
        self.session = replace(self.session, features=features)
        if not (features and wanted):
            return
        self._stop.waits = False
        self._begin("features")  # whether they must be encoded is not known yet
        splits = self._plan.encoded_texts
        with PeakMemory(self._plan.device) as memory:
            try:
                features.fill(splits, wanted, self._reporter.progress)
            except Exception as error:
                self._failures.append(
                    f"the shared pass over the encoder failed, so each frozen state got its own: {error}"
                )
                for each in wanted:
                    with contextlib.suppress(Exception):  # who wants this one meets the error in its own trial
                        features.fill(splits, [each], self._reporter.progress)
        self.session = replace(self.session, encode_peak_bytes=memory.bytes)
