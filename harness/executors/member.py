"""What a member of a pool runs: a trial in a process of its own on this machine."""

import platform
import secrets
import shutil
import time
from pathlib import Path

from harness.executors.job import ASSIGNMENT_FILE, OUTCOME_FOLDER, PROGRESS_FILE, SPEC_FILE, TEMPORARY_FOLDER
from harness.executors.limits import Limits, Watch
from harness.executors.outcome_files import MODEL_FOLDER, check_files
from harness.executors.parcels import Found, Parcel
from harness.executors.processes import SpawnedWorker, can_fork, fork_server
from harness.executors.share import ADVICE
from harness.executors.trial_log import TrialLog
from harness.system.temporary_folders import temporary_folder
from harness.wording.secrets import redacted

ATTEMPT_PREFIX, LOG_FILE, CARRIED_FOLDER = "attempt-", "log.txt", "carried"

Ended = tuple[str, int, str | None, str]
"""Name of the folder of an attempt, how its worker ended, what it took too much of, the last lines that it printed."""


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
        return "", 1, f"{platform.node()}, where it was to run, does not see {folder}. {ADVICE}", ""
    path = Path(folder) / f"{ATTEMPT_PREFIX}{secrets.token_hex(8)}"
    (path / TEMPORARY_FOLDER).mkdir(parents=True)
    for name in (SPEC_FILE, ASSIGNMENT_FILE):
        shutil.copy(Path(folder) / name, path / name)
    return run_attempt(path, seconds, memory_bytes, imports)


def run_attempt(path: Path, seconds: float | None, memory_bytes: int | None, imports: tuple[str, ...]) -> Ended:
    """Run a job in a process of its own, and write what it printed beside its outcome.

    Args:
        path: The folder of the attempt, which holds the job; the others as of `run_job_apart`.
        seconds: What it may take.
        memory_bytes: What memory it may hold.
        imports: Modules that it will import.
    """
    log = TrialLog()
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


def run_parcel(
    parcel: Parcel, seconds: float | None, memory_bytes: int | None, imports: tuple[str, ...] = ()
) -> tuple[Ended, Found]:
    """Fetch what a job needs from a share, run it as `run_job_apart` does, and put there what it left.

    Args:
        parcel: The job.
        seconds: What it may take; as of `run_job_apart`, as are the others.
        memory_bytes: What memory it may hold.
        imports: Modules that it will import.

    Returns:
        How it ended, and name -> file of what it left.
    """
    outcomes = parcel.outcomes
    with temporary_folder() as folder:
        try:
            outcomes.mark()
            carried = _fetched(parcel, folder)
        except Exception as error:
            told = f"{platform.node()}, where it was to run, cannot use {parcel.share.name}"
            return ("", 1, f"{told}: {type(error).__name__}: {redacted(str(error))}", ""), {}
        path = folder / f"{ATTEMPT_PREFIX}{secrets.token_hex(8)}"
        (path / TEMPORARY_FOLDER).mkdir(parents=True)
        spec = parcel.spec_in(carried)
        (path / SPEC_FILE).write_text(spec.model_dump_json(), encoding="utf-8", errors="surrogateescape")
        (path / ASSIGNMENT_FILE).write_bytes(parcel.assignment)
        ended = run_attempt(path, seconds, memory_bytes, imports)
        outcomes = outcomes.below(path.name)
        return ended, {file.relative_to(path).as_posix(): outcomes.put(file) for file in _left_by(path)}


def _fetched(parcel: Parcel, parent: Path) -> Path:
    """Return a folder with all that came along, for this trial alone, since a strategy may write there."""
    folder = parent / CARRIED_FOLDER
    for name, stored in parcel.files.items():
        parcel.share.fetch(stored, folder / name)
    return folder


def _left_by(attempt: Path) -> list[Path]:
    """Return the files of an outcome and of what was printed."""
    outcome = attempt / OUTCOME_FOLDER
    if (model := outcome / MODEL_FOLDER).is_dir():
        check_files(model)
    files = [attempt / LOG_FILE, *outcome.glob("*"), *model.rglob("*")]
    return [file for file in files if file.is_file() and not file.is_symlink()]
