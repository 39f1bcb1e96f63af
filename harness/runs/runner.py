"""Plan -> trials -> records -> Run on disk."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from harness.data.task import SPLITS
from harness.huggingface.network import offline_hub
from harness.results.records import Run, RunRecord
from harness.results.run_directory import RunDirectory
from harness.runs.planning import Plan
from harness.runs.recording import Recording
from harness.runs.session import Session, Trial
from harness.runs.trial import run_trial
from harness.strategies.strategy import uses_model
from harness.system.device import PeakMemory


class Reporter(Protocol):
    """Whoever wants to know how far a run is."""

    def stage(self, name: str, number: int, total: int) -> None:
        """A stage begins, `number` of `total`."""

    def progress(self, what: str, done: int, total: int) -> None:
        """So much of the stage is done."""

    def finished(self, record: RunRecord) -> None:
        """A trial is over."""


class Silence:
    """A reporter that shows nothing."""

    def stage(self, name: str, number: int, total: int) -> None:
        """Show nothing."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Show nothing."""

    def finished(self, record: RunRecord) -> None:
        """Show nothing."""


def execute(
    plan: Plan,
    reporter: Reporter | None = None,
    command: Sequence[str] = (),
    *,
    resume: RunDirectory | None = None,
    retry_failed: bool = False,
) -> tuple[Run, Path, KeyboardInterrupt | None]:
    """Run all trials of a plan and write the run directory.

    Args:
        plan: What to run.
        reporter: Told how far it is; None for nobody.
        command: The command line, for the record; empty for a call from Python.
        resume: Folder of an unfinished run of this plan: what it finished is not run again.
        retry_failed: Whether trials of that run that failed are run again.

    Returns:
        The run, its folder and, where the user stopped it, the interrupt that did.

    Raises:
        UserError: Where another process runs the run to resume.
        UnavailableError: Where the disk refuses; what was written stays.
    """
    recording = Recording(plan, command)
    directory = resume or recording.new_directory()
    with offline_hub(plan.offline), directory.claimed():
        finished = recording.begin(directory, retry_failed=retry_failed)
        trials = _Trials(plan, plan.session(directory=directory), reporter or Silence(), finished)
        interrupt = None
        try:
            for record in trials.run():
                recording.records.append(record)
            recording.conclude(trials.session.features)
        except KeyboardInterrupt as stop:
            interrupt = stop
        try:
            run = trials.finish(recording, stopped=interrupt is not None)
        except KeyboardInterrupt as stop:  # while files are hashed: what is there is told all the same
            interrupt = stop
            run = trials.finish(recording, stopped=True)
        return run, directory.path, interrupt


class _Trials:
    """The trials of a plan, one after the other; the encoder runs once, before the first that reads its features.

    Attributes:
        session: What the trials share, the features as soon as they are there.
        running: Name of the trial under way, None between two.
        notes: What went otherwise than planned, one sentence each.
    """

    def __init__(self, plan: Plan, session: Session, reporter: Reporter, finished: Mapping[str, RunRecord]) -> None:
        self._plan, self.session, self._reporter, self._finished = plan, session, reporter, finished
        self._stages = len(plan.trials) - len(finished) + bool(plan.wanted_features)
        self._stage = 0
        self.running: str | None = None
        self._failures: list[str] = []

    @property
    def notes(self) -> list[str]:
        """What went otherwise than planned while features were computed, one sentence each."""
        return [*self._failures, *(self.session.features.notes if self.session.features else ())]

    def finish(self, recording: Recording, *, stopped: bool) -> Run:
        """Write what is left of the record and return the run."""
        return recording.finish(self.session.features, self.notes, self.running, stopped)

    def run(self) -> Iterator[RunRecord]:
        """Run them and yield their records; with `--fail-fast` none after the first that failed."""
        if self._plan.broken and self._plan.config.fail_fast:
            return
        for trial in self._plan.trials:
            if self._plan.encoder and self.session.features is None and uses_model(trial.strategy):
                self._compute_features()
            record = self._finished.get(trial.name) or self._run_trial(trial)
            self._reporter.finished(record)
            yield record
            if record.status == "failed" and self._plan.config.fail_fast:
                return

    def _run_trial(self, trial: Trial) -> RunRecord:
        size = "" if trial.train_size is None else f", {trial.train_size:,} rows"
        self.running = trial.name  # before it is announced: whoever reads that may stop it
        self._begin(f"{trial.offer.name} seed {trial.seed}{size}")
        record = run_trial(self.session, trial, self._reporter.progress)
        self.running = None
        return record

    def _begin(self, stage: str) -> None:
        self._stage += 1
        self._reporter.stage(stage, self._stage, self._stages)

    def _compute_features(self) -> None:
        """Compute the features of all strategies in one pass; where it fails, a pass for each state that does not.

        All texts go in together even then: other batches would change the last digits of everybody's features.
        """
        features, wanted = self._plan.new_features(), self._plan.wanted_features
        self.session = replace(self.session, features=features)
        if not (features and wanted):
            return
        self._begin("features")  # whether they must be encoded is not known yet
        splits = [getattr(self._plan.task, split).texts for split in SPLITS]
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
