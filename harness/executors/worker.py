"""What runs in a worker process: reads a job, attempts the trial, leaves the outcome."""

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.encoding.encoder import Progress
from harness.executors.attempt import attempt, described_failure
from harness.executors.importing import provide_module
from harness.executors.job import (
    EPOCHS_FILE,
    OUTCOME_FOLDER,
    PROGRESS_FILE,
    TEMPORARY_FOLDER,
    TrialSpec,
    read_assignment,
    read_spec,
)
from harness.executors.outcome import Outcome, Told
from harness.executors.outcome_files import MODEL_FOLDER, write_outcome, write_told
from harness.strategies.strategy import TellEpoch
from harness.system.linux_processes import end_with_parent

PROGRESS_INTERVAL = 0.1  # seconds between two looks of the driver, so also between two reports


def run_job(folder: Path) -> None:
    """Run the job of a folder in this process, which should be good for nothing else afterwards.

    Args:
        folder: A folder that `write_job` wrote.

    Raises:
        OSError: Where the outcome cannot be written.
    """
    temporary = folder / TEMPORARY_FOLDER
    os.environ.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
    tempfile.tempdir = str(temporary)
    outcome_folder = folder / OUTCOME_FOLDER
    outcome_folder.mkdir()
    written: list[Outcome] = []

    def keep(outcome: Outcome) -> None:
        write_outcome(outcome_folder, outcome)
        written.append(outcome)

    outcome = _outcome(folder, outcome_folder, keep)
    if written:
        write_told(outcome_folder, outcome.told)
    else:
        keep(outcome)


def _outcome(folder: Path, outcome_folder: Path, keep: Callable[[Outcome], None]) -> Outcome:
    from harness.huggingface.network import offline_hub
    from harness.system.process import library_defaults

    try:
        spec = read_spec(folder)
        with contextlib.suppress(OSError):
            os.chdir(spec.directory)  # a pool's member may have begun elsewhere
        sys.path[:] = spec.python_path
        for module in spec.modules:
            provide_module(*module)
        _share_cores(spec)
        assignment = read_assignment(folder, spec)
    except BaseException as error:  # a SystemExit at import, too, is a fault of the plugin
        return Outcome(Told(failure=described_failure("load plugin", error)), {})
    save_to = outcome_folder / MODEL_FOLDER if spec.save_model else None
    try:
        with library_defaults(), offline_hub(spec.offline):
            before_latency = keep if spec.measure_latency else None
            progress, epoch = _progress_into(folder / PROGRESS_FILE), _epochs_into(folder / EPOCHS_FILE)
            return attempt(assignment, progress, save_to, before_latency=before_latency, epoch=epoch)
    except KeyboardInterrupt as error:  # nobody but the strategy itself can have raised it here
        return Outcome(Told(failure=described_failure("fit", error)), {})


def _share_cores(spec: TrialSpec) -> None:
    import torch

    if torch.get_num_threads() != spec.threads:
        torch.set_num_threads(spec.threads)
    if spec.blas_threads is not None:
        from threadpoolctl import threadpool_limits

        threadpool_limits(spec.blas_threads)


def _progress_into(file: Path) -> Progress:
    """Return what writes how far a strategy is into a file, now and then."""
    next_time, beside = 0.0, file.with_suffix(".tmp")

    def report(what: str, done: int, total: int) -> None:
        nonlocal next_time
        now = time.monotonic()
        if now < next_time:
            return
        next_time = now + PROGRESS_INTERVAL
        with contextlib.suppress(OSError, ValueError, TypeError):
            beside.write_text(json.dumps([str(what), int(done), int(total)]), encoding="utf-8")
            beside.replace(file)

    return report


def _epochs_into(file: Path) -> TellEpoch:
    """Return what appends an epoch of training to a file."""

    def report(entry: Mapping[str, float]) -> None:
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            line = json.dumps({str(name): float(value) for name, value in entry.items()})
            with file.open("a", encoding="utf-8") as opened:
                opened.write(f"{line}\n")

    return report


def main() -> None:
    """Run the job of the folder that is named on the command line, and end at once, or when the parent does."""
    end_with_parent()
    run_job(Path(sys.argv[1]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads that a strategy left behind are not waited for


if __name__ == "__main__":
    main()
