"""The check of what a classifier saves."""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.results.saved_model import FILE
from harness.strategies.strategy import Strategy
from harness.testing.bench import Bench
from harness.testing.examination import Examination, examine
from harness.testing.expecting import expect, expecting
from harness.testing.fresh_process import FreshProcess, NotImportableError
from harness.testing.pickles import pickle_in
from harness.testing.process_state import contained

TOLERANCE = 1e-5  # another process may add up in another order


def check_save_and_load_predict_the_same(strategy: Strategy, bench: Bench) -> str | None:
    """What was saved predicts the same after loading in a fresh process, and its files hold no pickle.

    Returns:
        Why it was loaded in this process instead, where the fresh one cannot import the strategy.
    """
    exam = examine(strategy, bench)
    error = exam.first.record.error
    expect(
        error is None,
        f"expected save to write the classifier, got {error and error.message}",
        error.traceback if error else "",
    )
    ours = exam.first.saved / FILE
    files = [file for file in exam.first.saved.rglob("*") if file.is_file() and file != ours]
    expect(bool(files), "expected save to write a file into its folder, got none")
    pickled = sorted(filter(None, map(pickle_in, files)))
    expect(
        not pickled,
        f"expected no pickle, got {', '.join(pickled)}: write arrays of numbers as .npy, .npz or .safetensors, "
        "estimators as .skops, all else as .json",
    )
    note = None
    try:
        after = _loaded_anew(exam)
    except NotImportableError as reason:
        note, after = f"loaded in this process: {reason}", _loaded_here(exam)
    before = exam.probabilities[-len(after) :]
    apart = float(np.abs(before - after).max())
    expect(
        apart <= TOLERANCE,
        f"expected the same predictions after loading, got probabilities that differ by up to {apart:.2g}: something "
        "that predict_proba needs is not saved, or not loaded",
    )
    return note


def _loaded_anew(exam: Examination) -> NDArray[np.float32]:
    first = exam.first
    with tempfile.TemporaryDirectory(dir=exam.bench.folder) as folder:
        if exam.bench.fresh_process:
            return exam.bench.fresh_process.predict(first.session, first.trial, first.saved, Path(folder))
        with FreshProcess() as process:
            return process.predict(first.session, first.trial, first.saved, Path(folder))


def _loaded_here(exam: Examination) -> NDArray[np.float32]:
    first = exam.first
    with (
        contained(),
        exam.bench.in_context(first.session, first.trial) as context,
        expecting("load and predict_proba to work"),
    ):
        return exam.checked(exam.strategy.load(first.saved, context), exam.task.test.texts)
