"""Plan -> trials -> records -> Run on disk."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from harness.errors import UnavailableError
from harness.huggingface.network import offline_hub
from harness.plugin_system.trackers import Trackers
from harness.results.claims import ClaimedError
from harness.results.records import Run, read_unfinished
from harness.results.run_directory import RunDirectory
from harness.results.unfinished_runs import reopen
from harness.runs.planning import Plan
from harness.runs.recording import Recording
from harness.runs.reporter import Reporter, Silence
from harness.runs.scheduling import Stop, Trials

__all__ = ["Reporter", "Silence", "UnsavedRunError", "execute"]

LOOKING = 0.5  # seconds for processes that look whether a run is being run


class UnsavedRunError(UnavailableError):
    """A disk that refused the results of a run.

    Attributes:
        run: What is known of the run.
    """

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


def execute(
    plan: Plan,
    reporter: Reporter | None = None,
    command: Sequence[str] = (),
    *,
    resume: RunDirectory | None = None,
    retry_failed: bool = False,
    or_new: bool = False,
    stop: Stop | None = None,
) -> tuple[Run, Path, KeyboardInterrupt | None]:
    """Run all trials of a plan and write the run directory.

    Args:
        plan: What to run.
        reporter: Told how far it is; None for nobody.
        command: The command line, for the record; empty for a call from Python.
        resume: Folder of a run of this plan to go on with: what it finished is not run again.
        retry_failed: Whether trials of that run that failed are run again.
        or_new: Whether a new run begins where another process has begun to go on with that one.
        stop: Lets what runs finish where the user wants to stop; without it an interrupt ends the run at once.

    Returns:
        The run, its folder and, where the user stopped it, the interrupt that did.

    Raises:
        ClaimedError: Where another process runs the run to resume.
        UnsavedRunError: Where the disk refuses; what was written stays.
    """
    recording = Recording(plan, command)
    with (
        offline_hub(plan.offline),
        closing(plan.executor),
        _claimed(recording, resume, or_new=or_new) as directory,
        directory.without_features_at_exit(),
    ):
        if directory is resume:
            reopen(directory)
        finished = recording.begin(directory, retry_failed=retry_failed)
        plan.trackers.run_started(read_unfinished(directory).run.model_dump(mode="json"), directory.path)
        trials = Trials(plan, recording, reporter or Silence(), finished, stop or Stop())
        try:
            run, interrupt = _run_all(trials, recording, plan.trackers)
            run = _told_to_trackers(run, directory, plan.trackers)
        except UnavailableError as refusal:
            raise UnsavedRunError(str(refusal), trials.unsaved()) from refusal
        return run, directory.path, interrupt


@contextmanager
def _claimed(recording: Recording, resume: RunDirectory | None, *, or_new: bool) -> Iterator[RunDirectory]:
    """Claim for the block the folder of the run to go on with, or a new one."""
    with ExitStack() as held:
        if resume:
            try:
                held.enter_context(resume.claimed(LOOKING))
            except ClaimedError:
                if not or_new:
                    raise
                resume = None
        yield resume or held.enter_context(recording.new_directory())


def _told_to_trackers(run: Run, directory: RunDirectory, trackers: Trackers) -> Run:
    """Tell the trackers that the run is over, and return it with a note for each that failed."""
    trackers.run_finished(run.model_dump(mode="json"), directory.path)
    if trackers.notes:
        run = run.model_copy(update={"notes": [*run.notes, *trackers.notes]})
        directory.write_run(run.model_dump(mode="json"))
    return run


def _run_all(trials: Trials, recording: Recording, trackers: Trackers) -> tuple[Run, KeyboardInterrupt | None]:
    interrupt = None
    try:
        with trials.all_ended():
            for record in trials.run():
                recording.records.append(record)
                trackers.trial_finished(record.model_dump(mode="json"))
        recording.conclude(trials.session.features)
    except KeyboardInterrupt as signal:
        interrupt = signal
    try:
        return trials.finish(stopped=interrupt is not None), interrupt
    except KeyboardInterrupt as signal:  # while files are hashed: what is there is told all the same
        return trials.finish(stopped=True), signal
