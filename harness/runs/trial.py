"""One trial: its strategy is given an assignment, and what comes back is scored on labels that it never saw."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.encoding.encoder import Progress, depth
from harness.encoding.tags import encoder_tags
from harness.errors import StrategyError
from harness.evaluation.metric import Metric, value_or_none
from harness.evaluation.metrics import METRICS, Evaluation, checked_probabilities, evaluate
from harness.executors.assignment import no_progress
from harness.executors.attempt import attempt, described_failure
from harness.executors.outcome import Outcome
from harness.results.records import RunRecord
from harness.results.run_directory import RunDirectory
from harness.results.saved_model import write_saved_model
from harness.runs.saving import describe_classifier, saved_bytes
from harness.runs.session import Session, Trial
from harness.strategies.optimism import has_known_optimism
from harness.strategies.strategy import wanted_features
from harness.strategies.tags import tags_of
from harness.system.disk_errors import disk_errors


def run_trial(session: Session, trial: Trial, progress: Progress = no_progress) -> RunRecord:
    """Fit, predict, score and save one strategy in this process; whatever it raises becomes part of the record.

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
    outcome = attempt(session.assignment(trial), progress, place_of_model(session, trial))
    record = score_outcome(session, trial, outcome)
    save_trial(session, trial, outcome, record)
    return record


def place_of_model(session: Session, trial: Trial) -> Path | None:
    """Return the folder in which an attempt saves its classifier, None where it is to save none."""
    return session.directory.half_model_path(trial.name) if session.directory and session.save_models else None


def score_outcome(session: Session, trial: Trial, outcome: Outcome) -> RunRecord:
    """Return the record of a trial: what came back from it, scored.

    Args:
        session: What the trials of a run share.
        trial: The trial.
        outcome: What came back; whatever it holds may have been made by anybody.
    """
    told, record = outcome.told, trial.blank_record("ok")
    reads_features = bool(wanted_features(trial.strategy))
    own = encoder_tags(session.encoder).degradations if reads_features else ()
    update: dict[str, Any] = {
        "degradations": [*own, *told.warnings],
        "undertrained": told.undertrained,
        "peak_memory_bytes": max(told.peak_memory_bytes, session.encode_peak_bytes if reads_features else 0),
    }
    if outcome.probabilities:
        update |= _scored(session, trial, outcome) | {"latency": told.latency} | saved_bytes(session, trial, outcome)
    if told.failure:
        update |= {"status": "failed", "error": told.failure}
    return record.model_copy(update=update)


def save_trial(session: Session, trial: Trial, outcome: Outcome, record: RunRecord) -> None:
    """Write predictions, classifier and, last, the record of a trial into the run folder.

    Args:
        session: What the trials of a run share; without a folder nothing is written.
        trial: The trial.
        outcome: What came back from it.
        record: What `score_outcome` made of that.

    Raises:
        UnavailableError: Where the disk refuses.
    """
    if session.directory is None:
        return
    if (told := outcome.told.refused) and (place := place_of_model(session, trial)):
        with disk_errors(place):
            raise OSError(told, os.strerror(told))
    if record.predictions_sha256:
        _write_predictions(session.directory, session, trial, outcome.probabilities)
    if outcome.model:
        _keep_model(session.directory, session, trial, record, outcome.model)
    session.directory.write_record(record.trial, record.model_dump(mode="json"))


def _scored(session: Session, trial: Trial, outcome: Outcome) -> dict[str, Any]:
    """Return what the record says of probabilities that are what they should be, or the failure."""
    task, told = session.task, outcome.told
    try:
        validation, test = _checked(session, outcome)
    except (StrategyError, KeyError) as error:
        return {"status": "failed", "error": described_failure("score", error)}
    own = told.own_parameters
    # A frozen encoder's weights are needed to predict, so they count in the total.
    frozen = session.encoder.n_parameters if session.encoder and wanted_features(trial.strategy) else 0
    return {
        "validation": _evaluated_to_choose(task.validation.labels, validation, trial.select_by),
        "test": evaluate(task.test.labels, test),
        **_encoding(session, trial),
        "fit_seconds": told.fit_seconds,
        "predict_seconds": told.predict_seconds,
        "predictions_sha256": hashlib.sha256(validation.tobytes() + test.tobytes()).hexdigest(),
        "trainable_parameters": told.trainable_parameters,
        "total_parameters": None if own is None else own + frozen,
        "history": [dict(epoch) for epoch in told.history],
        "configurations_tried": told.configurations_tried,
        # Of all strategies or of none: what one would have taken off and another not, would decide between them.
        "optimism": told.optimism if has_known_optimism(trial.select_by) else None,
        "spent": told.spent,
        "members": dict(told.members),
        # Where each seed draws rows of its own, it is no matter of the strategy alone.
        "deterministic": tags_of(trial.strategy).deterministic and trial.per_class is None,
        **({"params": dict(told.params)} if told.params else {}),
    }


def _checked(session: Session, outcome: Outcome) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the probabilities of validation and test, each float32 (n, k).

    Raises:
        StrategyError: Where they are no probabilities, or the strategy names a member that it was not given.
        KeyError: Where a split has none.
    """
    task = session.task
    validation, test = (
        checked_probabilities(outcome.probabilities[name], len(split), task.n_classes)
        for name, split in (("validation", task.validation), ("test", task.test))
    )
    if unknown := {*outcome.told.members} - {member.name for member in session.members}:
        raise StrategyError(
            f"it names a member that it was not given: {min(unknown)!r}. Declare names of context.members."
        )
    return validation, test


def _evaluated_to_choose(
    labels: NDArray[np.int64], probabilities: NDArray[np.float32], select_by: Metric | None
) -> Evaluation:
    """Return the scores of validation, the one that chooses among them, whichever metric it is by."""
    evaluation = evaluate(labels, probabilities)
    if select_by is None or select_by.name in METRICS:
        return evaluation
    value = value_or_none(select_by, labels, probabilities)
    return evaluation.model_copy(update={"metrics": {select_by.name: value}})


def _encoding(session: Session, trial: Trial) -> dict[str, Any]:
    """Return what the strategy's frozen features cost, and whether this run computed them."""
    wanted = wanted_features(trial.strategy, depth(session.encoder))
    cost = session.features.cost(wanted) if session.features and wanted else None
    return {"encode_seconds": cost.seconds, "features": cost.source} if cost else {}


def _write_predictions(
    directory: RunDirectory, session: Session, trial: Trial, probabilities: Mapping[str, NDArray[np.float32]]
) -> None:
    task = session.task
    splits = {
        name: (split.rows_in_source(), None, probabilities[name])  # labels are added once no strategy runs any more
        for name, split in (("validation", task.validation), ("test", task.test))
    }
    directory.write_predictions(trial.name, task.label_names, splits)


def _keep_model(directory: RunDirectory, session: Session, trial: Trial, record: RunRecord, model: Path) -> None:
    """Give the classifier that was saved its record and its name; one of a failed trial is removed."""
    path = directory.model_path(trial.name)
    if record.status != "ok":
        shutil.rmtree(model, ignore_errors=True)
        return
    with disk_errors(path):
        write_saved_model(model, describe_classifier(session, trial, record.members))
        path.parent.mkdir(exist_ok=True)
        model.rename(path)
        directory.seal(path)
