"""A second Python process, which never saw a classifier being fitted, loads what was saved and predicts with it."""

import contextlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.runs.session import Session, Trial

MARK = "HARNESS_FRESH_PROCESS"  # in the environment of that process, which must not start another
ANSWER_FILE = "predictions.npy"
TAIL = 2000  # characters of what it wrote before it died
_PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from harness.testing.loading import serve; serve()"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class NotImportableError(Exception):
    """A strategy whose class only this process knows; the message says why."""


class FreshProcess:
    """That process, started when it is entered, and asked as often as one likes.

    It gets the trial itself, which pickles by design, from this process through a pipe: it finds the strategy's class
    by import, from where this process did, or else from the same file.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "FreshProcess":
        self._log = tempfile.TemporaryFile()  # what the process writes belongs on nobody's screen
        self._start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
        self._log.close()

    def _start(self) -> None:
        if MARK in os.environ:
            raise RuntimeError("a strategy's module checks strategies while it is imported: do that in a function")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **_ONE_THREAD, MARK: "1"},
        )

    def _stop(self) -> None:
        if process := self._process:
            process.kill()  # it holds nothing that anybody needs
            process.communicate()
            self._process = None

    def predict(self, session: Session, trial: Trial, saved: Path, answer: Path) -> NDArray[np.float32]:
        """Return what the saved classifier predicts for the test texts, float32 (n, k).

        Args:
            session: What the trial was run with.
            trial: The trial that it was saved by.
            saved: Folder that it was saved to.
            answer: An existing folder for the predictions.

        Raises:
            NotImportableError: Where the process cannot know the strategy's class.
            AssertionError: Where loading or predicting failed, saying how.
        """
        content = _pickled(session, trial)
        module = sys.modules[type(trial.strategy).__module__]
        header = {
            "path": sys.path,
            "module": module.__name__,
            "file": getattr(module, "__file__", None),
            "saved": str(saved),
            "answer": str(answer / ANSWER_FILE),
            "size": len(content),
        }
        told = self._ask(json.dumps(header).encode() + b"\n" + content)
        if reason := told.get("not importable"):
            raise NotImportableError(reason)
        if failure := told.get("failure"):
            raise AssertionError(f"expected load and predict_proba to work in a fresh process, got {failure}")
        return np.asarray(np.load(answer / ANSWER_FILE, allow_pickle=False))

    def _ask(self, request: bytes) -> dict[str, Any]:
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # it died before; how, its output tells
            process.stdin.write(request)
            process.stdin.flush()
        line = process.stdout.readline()
        if line:
            return dict(json.loads(line))
        return {"failure": self._last_words(process)}

    def _last_words(self, process: "subprocess.Popen[bytes]") -> str:
        """Tell how a process died, so that the next question starts another."""
        self._process = None
        code = process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._log.seek(0)
        written = self._log.read().decode(errors="replace").strip()[-TAIL:]
        return f"the end of that process with code {code}" + (f": {written}" if written else "")


def _pickled(session: Session, trial: Trial) -> bytes:
    kind = type(trial.strategy)
    if kind.__module__ == "__main__":
        raise NotImportableError(f"{kind.__name__} is defined in the script that runs, which no other process imports")
    try:
        return pickle.dumps((session, trial))
    except (AttributeError, pickle.PicklingError, TypeError) as error:
        raise NotImportableError(
            f"no other process can be given it: {error}. Define the strategy at the top of a module"
        ) from error
