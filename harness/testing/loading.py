"""The program of the fresh process: reads trials from its input, loads what they saved, and predicts."""

import json
import os
import pickle
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluation.metrics import checked_probabilities
from harness.executors.assignment import no_progress
from harness.executors.importing import provide_module
from harness.runs.session import Session, Trial
from harness.system.process import restored_globals, seed_everything
from harness.system.temporary_folders import temporary_folder


def serve() -> None:
    """Answer until nobody asks any more: a header as a line of JSON, then the pickled trial, then a line of JSON."""
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "w")
    sys.stdin = open(os.devnull)  # noqa: SIM115
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plugin prints is no answer
    seed_everything(0)  # imports torch before anybody waits for it
    while line := questions.readline():
        header = json.loads(line)
        answers.write(json.dumps(_answer(header, questions.read(header["size"]))) + "\n")
        answers.flush()


def _answer(header: dict[str, Any], content: bytes) -> dict[str, str]:
    sys.path[:] = header["path"]
    with warnings.catch_warnings(), restored_globals():
        warnings.simplefilter("ignore")
        try:
            provide_module(header["module"], header["file"])
            session, trial = pickle.loads(content)  # from the process that started this one
        except BaseException as error:
            return {"not importable": f"module {header['module']!r} cannot be imported: {_error_text(error)}"}
        try:
            np.save(header["answer"], _predictions(session, trial, Path(header["saved"])))
        except BaseException as error:  # SystemExit, too, is a fault of the strategy
            traceback.print_exc()
            return {"failure": _error_text(error)}
    return {}


def _predictions(session: Session, trial: Trial, saved: Path) -> "NDArray[np.float32]":
    texts = session.task.test.texts
    with temporary_folder() as workdir:
        classifier = trial.strategy.load(saved, session.assignment(trial).context(workdir, no_progress))
        return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), session.task.n_classes)


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
