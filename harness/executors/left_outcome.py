"""What a worker that has ended left: its outcome, or the reason why there is none."""

import contextlib
import pickle
import signal
from dataclasses import replace
from pathlib import Path

from harness.executors.assignment import Assignment
from harness.executors.attempt import described_failure
from harness.executors.job import OUTCOME_FOLDER
from harness.executors.outcome import Outcome, Told, failed_outcome
from harness.executors.outcome_files import read_outcome
from harness.results.latency import LONGEST_REASON, Latency

NOT_PICKLED = (AttributeError, TypeError, ValueError, RecursionError, ImportError, pickle.PicklingError)
"""What pickling a strategy raises that no other process can be given."""


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
    broken_off = (exceeded or f"its process {_ending(ended)}") if exceeded or ended else None
    try:
        outcome = read_outcome(folder / OUTCOME_FOLDER, shapes)
    except FileNotFoundError:
        reason = broken_off or "its process ended with exit code 0 before it had predicted"
    except (OSError, ValueError) as error:
        reason = broken_off or f"what it left is no outcome: {error}"
    else:  # what follows a whole outcome is the latency alone
        return _without_latency(outcome, broken_off) if broken_off else outcome
    return failed_outcome("fit", f"{reason}.{printed[0]}", printed[1])


def _without_latency(outcome: Outcome, reason: str) -> Outcome:
    told = outcome.told.model_copy(update={"latency": Latency(problem=reason[:LONGEST_REASON])})
    return replace(outcome, told=told)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"was ended by signal {-code}"


def not_handed_over(error: Exception) -> Outcome:
    """Return the outcome of a trial whose strategy could not be pickled."""
    failure = described_failure("load plugin", error)
    told = (
        f"no other process can be given this strategy: {failure.message}. Define it at the top of a module or of a "
        "notebook's cell, without open files or locks in its fields, or run it in this process with --on here."
    )
    return Outcome(Told(failure=failure.model_copy(update={"message": told})), {})
