"""One attempt: a strategy is fitted, predicts and is saved; it is not scored, for no label of the test is here."""

import shutil
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Progress
from harness.errors import UndertrainedWarning
from harness.evaluation.metrics import checked_probabilities
from harness.executors.assignment import Assignment, fit_context, no_progress
from harness.executors.latency import measured_latency
from harness.executors.outcome import (
    LONGEST_LINE,
    LONGEST_MESSAGE,
    LONGEST_TRACEBACK,
    MOST_WARNINGS,
    Outcome,
    Stage,
    Told,
)
from harness.results.records import Failure
from harness.strategies.strategy import Classifier, RunContext, TellEpoch, as_recorded, tell_nobody
from harness.strategies.tags import classifier_tags
from harness.system.device import PeakMemory, synchronized_clock
from harness.system.disk_errors import refused_by_disk
from harness.system.files import give_usual_permissions
from harness.wording.secrets import redacted


class _AttemptFailedError(Exception):
    """Carries the stage in which a strategy's own exception, the cause, was raised."""

    def __init__(self, stage: Stage, error: BaseException) -> None:
        super().__init__(stage)
        self.stage, self.error = stage, error


def attempt(
    assignment: Assignment,
    progress: Progress = no_progress,
    save_to: Path | None = None,
    temporary: Path | None = None,
    before_latency: Callable[[Outcome], None] | None = None,
    epoch: TellEpoch = tell_nobody,
) -> Outcome:
    """Fit, predict and save; whatever the strategy raises becomes part of the outcome.

    Args:
        assignment: What the strategy is given.
        progress: Told how far it is.
        save_to: A folder to be made for the classifier, None to save nothing. After a failure it is not there.
        temporary: Where the strategy's temporary folder goes, the system's place by default.
        before_latency: Where the latency is to be measured, called before that with the outcome, which is whole then.
        epoch: Told each epoch of its training.

    Raises:
        KeyboardInterrupt: Where the user stops the run.
    """
    told: dict[str, Any] = {}
    probabilities: dict[str, NDArray[np.float32]] = {}
    with warnings.catch_warnings(record=True) as caught, ExitStack() as entered:
        warnings.simplefilter("always")
        with PeakMemory(assignment.device) as memory:
            try:
                with _stage("fit"):
                    context = entered.enter_context(fit_context(assignment, progress, temporary, epoch))
                classifier = _measure(assignment, context, told, probabilities)
                if save_to is not None:
                    told |= _save(classifier, save_to)
            except _AttemptFailedError as failure:
                told["failure"] = described_failure(failure.stage, failure.error)
        told |= {
            "peak_memory_bytes": memory.bytes,
            "warnings": warning_lines(caught),
            "undertrained": any(issubclass(warning.category, UndertrainedWarning) for warning in caught),
        }
        model = save_to if save_to is not None and save_to.is_dir() else None
        outcome = Outcome(Told.model_validate(told), probabilities, model)
        if before_latency is None or outcome.told.failure:
            return outcome
        before_latency(outcome)
        latency = measured_latency(classifier, assignment, context)
        return replace(outcome, told=outcome.told.model_copy(update={"latency": latency}))


def _measure(
    assignment: Assignment, context: RunContext, told: dict[str, Any], probabilities: dict[str, NDArray[np.float32]]
) -> Classifier:
    started = synchronized_clock(assignment.device)
    with _stage("fit"):
        classifier = assignment.strategy.fit(assignment.train, assignment.validation, context)
    fitted = synchronized_clock(assignment.device)
    n_classes = len(assignment.label_names)
    with _stage("predict"):
        validation = _predict(classifier, assignment.validation.texts, n_classes)
        before_test = synchronized_clock(assignment.device)
        test = _predict(classifier, assignment.test_texts, n_classes)
    predicted = synchronized_clock(assignment.device)
    with _stage("score"):
        # Checked here, so that a value that cannot be recorded is this strategy's failure, with its traceback.
        declared = Told.model_validate(_declared(classifier, combines=bool(assignment.members))).model_dump(
            exclude_unset=True
        )
    told |= {"fit_seconds": fitted - started, "predict_seconds": predicted - before_test, **declared}
    probabilities |= {"validation": validation, "test": test}
    return classifier


def _predict(classifier: Classifier, texts: Sequence[str], n_classes: int) -> NDArray[np.float32]:
    return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), n_classes)


def _declared(classifier: Classifier, *, combines: bool) -> dict[str, Any]:
    """Read the optional attributes of a classifier."""
    tags = classifier_tags(classifier)
    return {
        "trainable_parameters": tags.trainable_parameters,
        "own_parameters": tags.own_parameters,
        "history": [dict(epoch) for epoch in tags.history],
        "configurations_tried": tags.configurations_tried,
        "optimism": tags.optimism,
        "spent": tags.spent,
        "members": dict(tags.members) if combines else {},
        **({"params": as_recorded(tags.params)} if tags.params else {}),
    }


def _save(classifier: Classifier, folder: Path) -> dict[str, Any]:
    """Save the classifier whole or not at all; a disk that is full is told as such, not as the strategy's failure."""
    try:
        folder.mkdir(parents=True)
        classifier.save(folder)
        give_usual_permissions(folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if refused := refused_by_disk(error):
            return {"refused": refused.errno}
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _AttemptFailedError("save", error) from error
    return {}


@contextmanager
def _stage(name: Stage) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a SystemExit of a strategy must not end the run
        raise _AttemptFailedError(name, error) from error


def described_failure(stage: Stage, error: BaseException) -> Failure:
    """Return stage, one-line message and traceback of an exception, also of one that cannot tell its own text."""
    try:
        message = f"{type(error).__name__}: {error}"
        lines = "".join(traceback.format_exception(error))
    except BaseException as second:
        message = f"{type(error).__name__}, whose text cannot be had: asking for it raised {type(second).__name__}"
        lines = "".join(traceback.format_tb(error.__traceback__))
    return Failure(
        stage=stage,
        message=redacted(message).strip().removesuffix(":")[:LONGEST_MESSAGE],
        traceback=redacted(lines)[-LONGEST_TRACEBACK:],
    )


def warning_lines(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return what a user should know of the warnings a strategy gave, each once, its first line."""
    technical = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
    told = [w for w in caught if not issubclass(w.category, technical)]
    lines = (f"{w.category.__name__}: {_text_of(w.message).strip()}".splitlines()[0] for w in told)
    return list(dict.fromkeys(redacted(line).rstrip(": ")[:LONGEST_LINE] for line in lines))[:MOST_WARNINGS]


def _text_of(value: object) -> str:
    try:
        return str(value)
    except BaseException as error:  # whoever cannot say what he warns of must not spoil what he predicted
        return f"its text cannot be had: asking for it raised {type(error).__name__}"
