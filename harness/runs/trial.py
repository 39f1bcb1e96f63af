"""One trial: a strategy with a seed is fitted, predicts, and is scored on labels it never saw."""

import errno
import hashlib
import shutil
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from harness.data.task import Task
from harness.encoding.encoder import Encoder, Features, Progress, depth, pooling_of
from harness.errors import UndertrainedWarning, UserError
from harness.evaluation.metrics import checked_probabilities, evaluate
from harness.features.cache import FeatureCache
from harness.results.records import Failure, RunRecord
from harness.results.run_directory import RunDirectory
from harness.strategies.strategy import (
    Classifier,
    RunContext,
    Strategy,
    as_recorded,
    recorded_parameters,
    uses_model,
    wanted_features,
)
from harness.system.device import PeakMemory, synchronized_clock
from harness.system.files import disk_errors
from harness.system.process import restored_globals, seed_everything

Stage = Literal["load plugin", "fit", "predict", "score", "save"]


DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@dataclass(frozen=True)
class Trial:
    """Everything one trial needs; it pickles, so it can run in another process.

    Attributes:
        strategy: What is fitted.
        plugin: Name of the plugin it comes from.
        plugin_version: Version of that plugin's distribution.
        seed: Seeds everything random.
        label: Name of the strategy in the run, None for its own.
        groups: Groups of `--strategies` that it belongs to.
        train_size: Rows of train that `task` holds, None where it holds all.
        task: The data; only `run_trial` reads `task.test.labels`.
        encoder: The checkpoint's encoder, None where no strategy of the run needs one.
        features: Its frozen features, computed or read before.
        encode_peak_bytes: The highest memory in use while they were.
        encode_degradations: What went otherwise than planned there, one sentence each.
        device: cpu, cuda or mps.
        dtype: float32 or bfloat16.
        batch_tokens: Tokens a batch that the user asked for, None to choose.
        directory: Run folder to save record and predictions in, None to save nothing.
        save_model: Whether to save the classifier there, too.
    """

    strategy: Strategy
    plugin: str
    plugin_version: str | None
    seed: int
    task: Task
    encoder: Encoder | None
    features: FeatureCache | None
    device: str
    dtype: str
    label: str | None = None
    groups: tuple[str, ...] = ()
    train_size: int | None = None
    batch_tokens: int | None = None
    encode_peak_bytes: int = 0
    encode_degradations: tuple[str, ...] = ()
    directory: Path | None = None
    save_model: bool = True

    @property
    def name(self) -> str:
        """Name of the trial, as in the names of its files."""
        return self.blank_record("ok").trial

    def blank_record(self, status: Literal["ok", "failed", "interrupted", "skipped"]) -> RunRecord:
        """Return the record of this trial before anything is known of its outcome."""
        return RunRecord(
            strategy=self.label or self.strategy.name,
            plugin=self.plugin,
            plugin_version=self.plugin_version,
            groups=self.groups,
            params=recorded_parameters(self.strategy),
            seed=self.seed,
            train_size=self.train_size,
            status=status,
        )


class _TrialFailedError(Exception):
    """Carries the stage in which a strategy's own exception, the cause, was raised."""

    def __init__(self, stage: Stage, error: BaseException) -> None:
        super().__init__(stage)
        self.stage, self.error = stage, error


def no_progress(what: str, done: int, total: int) -> None:
    """Report nothing."""


def run_trial(trial: Trial, progress: Progress = no_progress) -> RunRecord:
    """Fit, predict, score and save one strategy; whatever it raises becomes part of the record.

    Args:
        trial: What to run.
        progress: Told how far the strategy is.

    Returns:
        The record: scores, or the failure.

    Raises:
        UnavailableError: Where the disk refuses the results.
        KeyboardInterrupt: Where the user stops the run.
    """
    with restored_globals(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with tempfile.TemporaryDirectory(prefix="harness-", ignore_cleanup_errors=True) as workdir:
            context = make_context(trial, Path(workdir), progress)
            record = trial.blank_record("ok")
            with PeakMemory(trial.device) as memory:
                try:
                    record, classifier = _measure(trial, context, record)
                    _save(trial, classifier)
                except _TrialFailedError as failure:
                    record = _failed(record, failure)
    encoding, degradations = (
        (trial.encode_peak_bytes, trial.encode_degradations) if wanted_features(trial.strategy) else (0, ())
    )
    update = {
        "peak_memory_bytes": max(memory.bytes, encoding),
        "degradations": [*degradations, *_told(caught)],
        "undertrained": any(issubclass(warning.category, UndertrainedWarning) for warning in caught),
    }
    record = record.model_copy(update=update)
    if trial.directory:
        RunDirectory(trial.directory).write_record(record.trial, record.model_dump(mode="json"))
    return record


def _measure(trial: Trial, context: RunContext, record: RunRecord) -> tuple[RunRecord, Classifier]:
    task = trial.task
    with _stage("fit"):
        for module in getattr(trial.strategy, "imports", ()):
            import_module(module)
    seed_everything(trial.seed)
    started = synchronized_clock(trial.device)
    with _stage("fit"):
        classifier = trial.strategy.fit(task.train, task.validation, context)
    fitted = synchronized_clock(trial.device)
    with _stage("predict"):
        validation = _predict(classifier, task.validation.texts, task.n_classes)
        before_test = synchronized_clock(trial.device)
        test = _predict(classifier, task.test.texts, task.n_classes)
    predicted = synchronized_clock(trial.device)
    update: dict[str, Any] = {
        "validation": evaluate(task.validation.labels, validation),
        "test": evaluate(task.test.labels, test),
        **_encoding(trial),
        "fit_seconds": fitted - started,
        "predict_seconds": predicted - before_test,
        "predictions_sha256": hashlib.sha256(validation.tobytes() + test.tobytes()).hexdigest(),
    }
    with _stage("score"):
        record = RunRecord.model_validate(record.model_copy(update=update | _declared(trial, classifier)).model_dump())
    if trial.directory:
        splits = {
            name: (split.rows_in_source(), split.labels, probabilities)
            for name, split, probabilities in (("validation", task.validation, validation), ("test", task.test, test))
        }
        RunDirectory(trial.directory).write_predictions(record.trial, task.label_names, splits)
    return record, classifier


def _encoding(trial: Trial) -> dict[str, Any]:
    """Return what the strategy's frozen features cost, and whether this run computed them."""
    wanted = wanted_features(trial.strategy, depth(trial.encoder))
    cost = trial.features.cost(wanted) if trial.features and wanted else None
    return {"encode_seconds": cost.seconds, "features": cost.source} if cost else {}


def _predict(classifier: Classifier, texts: Sequence[str], n_classes: int) -> NDArray[np.float32]:
    return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), n_classes)


def _declared(trial: Trial, classifier: Classifier) -> dict[str, Any]:
    """Read the optional attributes of a classifier; a frozen encoder's weights count in the total."""
    own = getattr(classifier, "own_parameters", None)
    frozen = trial.encoder.n_parameters if trial.encoder and wanted_features(trial.strategy) else 0
    return {
        "trainable_parameters": getattr(classifier, "trainable_parameters", None),
        "total_parameters": None if own is None else own + frozen,
        "history": [dict(epoch) for epoch in getattr(classifier, "history", [])],
        "configurations_tried": getattr(classifier, "configurations_tried", 1),
        **({"params": as_recorded(chosen)} if (chosen := getattr(classifier, "params", None)) else {}),
    }


def _save(trial: Trial, classifier: Classifier) -> None:
    """Save the classifier whole or not at all; a disk that is full is not the strategy's failure."""
    if not (trial.directory and trial.save_model):
        return
    path = RunDirectory(trial.directory).model_path(trial.name)
    with disk_errors(path):
        path.mkdir(parents=True)
    try:
        classifier.save(path)
    except BaseException as error:
        shutil.rmtree(path, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            with disk_errors(path):
                raise
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _TrialFailedError("save", error) from error


def make_context(trial: Trial, workdir: Path, progress: Progress = no_progress) -> RunContext:
    """Return what the trial's strategy may use; nothing in it leads to the test labels.

    Args:
        trial: The trial.
        workdir: An empty folder for the strategy's temporary files.
        progress: Told how far the strategy is.
    """
    encoder = trial.encoder if uses_model(trial.strategy) else None
    features = trial.features if encoder else None
    return RunContext(
        encode=features.encode if features else _no_encoder,
        standardised=features.standardised if features else _no_encoder,
        label_names=trial.task.label_names,
        model=encoder.directory if encoder else "",
        revision=encoder.revision if encoder else None,
        max_length=encoder.max_length if encoder else 0,
        batch_tokens=trial.batch_tokens,
        device=trial.device,
        dtype=trial.dtype,
        seed=trial.seed,
        workdir=workdir,
        progress=progress,
        n_layers=depth(encoder),
        pooling=pooling_of(encoder),
    )


def _no_encoder(texts: Sequence[str], features: Features) -> NoReturn:
    del texts
    raise UserError(f"the context was asked for {features}, but the strategy declares uses_model = False.")


@contextmanager
def _stage(name: Stage) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a SystemExit of a strategy must not end the run
        raise _TrialFailedError(name, error) from error


def _failed(record: RunRecord, failure: _TrialFailedError) -> RunRecord:
    return record.model_copy(update={"status": "failed", "error": describe_failure(failure.stage, failure.error)})


def describe_failure(stage: Stage, error: BaseException) -> Failure:
    """Return stage, one-line message and traceback of an exception."""
    message = f"{type(error).__name__}: {error}".strip().removesuffix(":")
    return Failure(stage=stage, message=message, traceback="".join(traceback.format_exception(error)))


def _told(caught: list[warnings.WarningMessage]) -> list[str]:
    """Return what a user should know of the warnings a strategy gave, each once, its first line."""
    technical = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, ImportWarning, ResourceWarning)
    told = [w for w in caught if not issubclass(w.category, technical)]
    lines = (f"{w.category.__name__}: {str(w.message).strip()}".splitlines()[0] for w in told)
    return list(dict.fromkeys(line.rstrip(": ") for line in lines))
