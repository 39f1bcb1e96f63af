"""One trial: a strategy with a seed is fitted, predicts, and is scored on labels it never saw."""

import errno
import hashlib
import shutil
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Progress, depth
from harness.encoding.tags import encoder_tags
from harness.errors import UndertrainedWarning
from harness.evaluation.metrics import checked_probabilities, evaluate
from harness.results.records import Failure, RunRecord
from harness.results.saved_model import write_saved_model
from harness.runs.saving import describe_classifier
from harness.runs.session import Session, Trial, fit_context, no_progress
from harness.strategies.strategy import Classifier, RunContext, as_recorded, wanted_features
from harness.strategies.tags import classifier_tags, tags_of
from harness.system.device import PeakMemory, synchronized_clock
from harness.system.files import disk_errors
from harness.wording.secrets import redacted

Stage = Literal["load plugin", "fit", "predict", "score", "save"]
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class _TrialFailedError(Exception):
    """Carries the stage in which a strategy's own exception, the cause, was raised."""

    def __init__(self, stage: Stage, error: BaseException) -> None:
        super().__init__(stage)
        self.stage, self.error = stage, error


def run_trial(session: Session, trial: Trial, progress: Progress = no_progress) -> RunRecord:
    """Fit, predict, score and save one strategy; whatever it raises becomes part of the record.

    Args:
        session: What the trials of a run share.
        trial: What to run.
        progress: Told how far the strategy is.

    Returns:
        The record: scores, or the failure.

    Raises:
        UnavailableError: Where the disk refuses the results.
        KeyboardInterrupt: Where the user stops the run.
    """
    record, session = trial.blank_record("ok"), replace(session, task=session.task_of(trial))
    reads_features = bool(wanted_features(trial.strategy))
    degradations = encoder_tags(session.encoder).degradations if reads_features else ()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with PeakMemory(session.device) as memory:
            try:
                with ExitStack() as entered:
                    with _stage("fit"):
                        context = entered.enter_context(fit_context(session, trial, progress))
                    record, classifier = _measure(session, trial, context, record)
                    _save(session, trial, classifier)
            except _TrialFailedError as failure:
                record = _failed(record, failure)
    update = {
        "peak_memory_bytes": max(memory.bytes, session.encode_peak_bytes if reads_features else 0),
        "degradations": [*degradations, *_warning_lines(caught)],
        "undertrained": any(issubclass(warning.category, UndertrainedWarning) for warning in caught),
    }
    record = record.model_copy(update=update)
    if session.directory:
        session.directory.write_record(record.trial, record.model_dump(mode="json"))
    return record


def _measure(session: Session, trial: Trial, context: RunContext, record: RunRecord) -> tuple[RunRecord, Classifier]:
    task = session.task
    started = synchronized_clock(session.device)
    with _stage("fit"):
        classifier = trial.strategy.fit(task.train, task.validation, context)
    fitted = synchronized_clock(session.device)
    with _stage("predict"):
        validation = _predict(classifier, task.validation.texts, task.n_classes)
        before_test = synchronized_clock(session.device)
        test = _predict(classifier, task.test.texts, task.n_classes)
    predicted = synchronized_clock(session.device)
    update: dict[str, Any] = {
        "validation": evaluate(task.validation.labels, validation),
        "test": evaluate(task.test.labels, test),
        **_encoding(session, trial),
        "fit_seconds": fitted - started,
        "predict_seconds": predicted - before_test,
        "predictions_sha256": hashlib.sha256(validation.tobytes() + test.tobytes()).hexdigest(),
    }
    with _stage("score"):
        update |= _declared(session, trial, classifier)
        record = RunRecord.model_validate(record.model_copy(update=update).model_dump())
    if session.directory:
        splits = {
            name: (split.rows_in_source(), None, probabilities)  # labels are added once no strategy runs any more
            for name, split, probabilities in (("validation", task.validation, validation), ("test", task.test, test))
        }
        session.directory.write_predictions(record.trial, task.label_names, splits)
    return record, classifier


def _encoding(session: Session, trial: Trial) -> dict[str, Any]:
    """Return what the strategy's frozen features cost, and whether this run computed them."""
    wanted = wanted_features(trial.strategy, depth(session.encoder))
    cost = session.features.cost(wanted) if session.features and wanted else None
    return {"encode_seconds": cost.seconds, "features": cost.source} if cost else {}


def _predict(classifier: Classifier, texts: Sequence[str], n_classes: int) -> NDArray[np.float32]:
    return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), n_classes)


def _declared(session: Session, trial: Trial, classifier: Classifier) -> dict[str, Any]:
    """Read the optional attributes of a classifier; a frozen encoder's weights count in the total."""
    tags = classifier_tags(classifier)
    own = tags.own_parameters
    frozen = session.encoder.n_parameters if session.encoder and wanted_features(trial.strategy) else 0
    return {
        "trainable_parameters": tags.trainable_parameters,
        "total_parameters": None if own is None else own + frozen,
        "history": [dict(epoch) for epoch in tags.history],
        "configurations_tried": tags.configurations_tried,
        "optimism": tags.optimism,
        # Where each seed draws rows of its own, it is no matter of the strategy alone.
        "deterministic": tags_of(trial.strategy).deterministic and trial.per_class is None,
        **({"params": as_recorded(tags.params)} if tags.params else {}),
    }


def _save(session: Session, trial: Trial, classifier: Classifier) -> None:
    """Save the classifier whole or not at all; a disk that is full is not the strategy's failure."""
    if not (session.directory and session.save_models):
        return
    path, half = session.directory.model_path(trial.name), session.directory.half_model_path(trial.name)
    with disk_errors(path):
        half.mkdir(parents=True)
    try:
        classifier.save(half)
        write_saved_model(half, describe_classifier(session, trial))
        half.rename(path)
    except BaseException as error:
        shutil.rmtree(half, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            with disk_errors(path):
                raise
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _TrialFailedError("save", error) from error


@contextmanager
def _stage(name: Stage) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a SystemExit of a strategy must not end the run
        raise _TrialFailedError(name, error) from error


def _failed(record: RunRecord, failure: _TrialFailedError) -> RunRecord:
    return record.model_copy(update={"status": "failed", "error": _described(failure.stage, failure.error)})


def _described(stage: Stage, error: BaseException) -> Failure:
    """Return stage, one-line message and traceback of an exception."""
    message = redacted(f"{type(error).__name__}: {error}").strip().removesuffix(":")
    return Failure(stage=stage, message=message, traceback=redacted("".join(traceback.format_exception(error))))


def _warning_lines(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return what a user should know of the warnings a strategy gave, each once, its first line."""
    technical = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
    told = [w for w in caught if not issubclass(w.category, technical)]
    lines = (f"{w.category.__name__}: {str(w.message).strip()}".splitlines()[0] for w in told)
    return list(dict.fromkeys(redacted(line).rstrip(": ") for line in lines))
