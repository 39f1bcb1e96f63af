"""Checks with data that a data set can hold and nobody thinks of."""

from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from harness.data.task import Split
from harness.strategies.strategy import Strategy
from harness.testing.bench import Bench
from harness.testing.examination import examine
from harness.testing.expecting import expecting
from harness.testing.predictions import judge_column_order
from harness.testing.tiny import ODD_TEXTS

MISSING = 1
SHOWN = 20  # characters of a text


def check_copes_with_a_class_missing_from_train(strategy: Strategy, bench: Bench) -> None:
    """With a class that train does not hold, there is still one column for every class, in their order."""
    exam = examine(strategy, bench)
    _ = exam.first
    without = {
        name: split.rows(np.flatnonzero(split.labels != MISSING))
        for name, split in vars(exam.task).items()
        if isinstance(split, Split)
    }
    task = replace(exam.task, **without, allow_unseen=True)  # type: ignore[arg-type]
    with expecting(f"fit and predict_proba to cope with a train split without class {MISSING}"):
        probabilities = exam.predictions(task)
    judge_column_order(probabilities, np.concatenate([task.validation.labels, task.test.labels]))


def check_copes_with_one_row_per_class(strategy: Strategy, bench: Bench) -> None:
    """Train and validation with a single row for each class are enough to fit and predict."""
    exam = examine(strategy, bench)
    _ = exam.first
    single = [
        split.rows(np.unique(split.labels, return_index=True)[1]) for split in (exam.task.train, exam.task.validation)
    ]
    with expecting("fit and predict_proba to cope with one row for each class in train and validation"):
        exam.predictions(replace(exam.task, train=single[0], validation=single[1]))


def check_copes_with_odd_texts(strategy: Strategy, bench: Bench) -> None:
    """Empty, 10,000-character, emoji, Chinese and markup texts can be trained on and get probabilities."""
    exam = examine(strategy, bench)
    _ = exam.first
    odd = [_with_odd_texts(split) for split in (exam.task.train, exam.task.validation)]
    with ExitStack() as stack:
        with expecting("fit to cope with empty, very long, emoji and Chinese texts in train and validation"):
            classifier, _ = stack.enter_context(exam.fitted(replace(exam.task, train=odd[0], validation=odd[1])))
        for texts in (*([text] for text in ODD_TEXTS), ODD_TEXTS):
            shown = ", ".join(repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…") for text in texts)
            with expecting(f"probabilities for {shown}"):
                exam.checked(classifier, texts)


def _with_odd_texts(split: Split) -> Split:
    labels = np.arange(len(ODD_TEXTS)) % (split.labels.max() + 1)
    return Split((*split.texts, *ODD_TEXTS), np.concatenate([split.labels, labels]))
