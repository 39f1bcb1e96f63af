"""The program of the fresh process: reads trials from its input, loads what they saved, and predicts."""

import importlib
import json
import os
import pickle
import sys
import tempfile
import traceback
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from harness.evaluation.metrics import checked_probabilities
from harness.executors.assignment import no_progress
from harness.runs.session import Session, Trial
from harness.system.process import restored_globals, seed_everything


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
            _provide(header["module"], header["file"])
            session, trial = pickle.loads(content)  # from the process that started this one
        except BaseException as error:
            return {"not importable": f"module {header['module']!r} cannot be imported: {_error_text(error)}"}
        try:
            np.save(header["answer"], _predictions(session, trial, Path(header["saved"])))
        except BaseException as error:  # SystemExit, too, is a fault of the strategy
            traceback.print_exc()
            return {"failure": _error_text(error)}
    return {}


def _provide(name: str, file: str | None) -> None:
    """Import the strategy's module: by name where that leads to the same file, or else from the file."""
    try:
        module = importlib.import_module(name)
    except ImportError:
        module = None
    if file is None or (module and _same_file(getattr(module, "__file__", None), file)):
        return
    spec = spec_from_file_location(name, file)
    if spec and spec.loader:
        sys.modules[name] = module_from_spec(spec)  # a dataclass looks its own module up there
        spec.loader.exec_module(sys.modules[name])


def _same_file(one: str | None, other: str) -> bool:
    return one is not None and os.path.realpath(one) == os.path.realpath(other)


def _predictions(session: Session, trial: Trial, saved: Path) -> "np.ndarray[Any, np.dtype[np.float32]]":
    texts = session.task.test.texts
    with tempfile.TemporaryDirectory(prefix="harness-") as workdir:
        classifier = trial.strategy.load(saved, session.assignment(trial).context(Path(workdir), no_progress))
        return checked_probabilities(classifier.predict_proba(list(texts)), len(texts), session.task.n_classes)


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
