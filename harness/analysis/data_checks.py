"""What a run's folder says of its rows and classes, held against each other: tables, test rows, classifiers, audit."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.data.same_texts import text_numbers
from harness.data.task import hash_of_split
from harness.data.words import count_words
from harness.errors import HarnessError
from harness.results.predictions import Predictions, problem_of_table, read_predictions
from harness.results.records import Run, RunRecord, TaskInfo
from harness.results.row_facts import RowFacts, is_negated, read_row_facts
from harness.results.run_directory import RunDirectory
from harness.results.saved_model import FILE, read_saved_model

HALF_A_PAIR = re.compile(r"\\ud[89a-f]")  # of surrogates: in tables of rows it is written as its escape

Read = tuple[RunRecord, dict[str, Predictions]]
Problem = tuple[str, str | None]


def data_problems(run: Run, directory: RunDirectory) -> Iterator[Problem]:
    """Yield what was checked of rows and classes, and what does not hold of it, None where all does.

    Args:
        run: The run.
        directory: Its folder, of which no link leads out.
    """
    scored = [record for record in run.records if record.is_scored]
    for record in scored:
        yield table_problem(record, directory, run.task)
        if (directory.model_path(record.trial) / FILE).exists():
            yield f"classifier of {record.trial}", _of_classifier(record, directory, run.task)
    yield from _of_rows([record for record in scored if record.fingerprint], run, directory)
    if run.audit is None and scored and run.status != "interrupted":
        yield "audit of the data", "run.json has none, though trials were scored"


def table_problem(record: RunRecord, directory: RunDirectory, task: TaskInfo) -> Problem:
    """Return what was checked of the table of a trial's predictions, and what does not hold of it."""
    what = f"predictions of {record.trial}"
    try:
        return what, problem_of_table(directory, record.trial, task.label_names)
    except HarnessError as error:
        return what, str(error)


def kept_texts(directory: RunDirectory) -> tuple[str, ...] | None:
    """Return the test texts as they were read, None where they were not kept, or are not what they were."""
    try:
        return _as_read(read_row_facts(directory))
    except HarnessError:  # told by another check
        return None


def _as_read(facts: RowFacts | None) -> tuple[str, ...] | None:
    if facts is None or facts.texts is None or any(map(HALF_A_PAIR.search, facts.texts)):
        return None
    return facts.texts


def _of_classifier(record: RunRecord, directory: RunDirectory, task: TaskInfo) -> str | None:
    try:
        saved = read_saved_model(directory.model_path(record.trial))
    except HarnessError as error:
        return str(error)
    if [*saved.label_names] != task.label_names:
        return "its classes are others than those of run.json, or in another order"
    same = (saved.strategy, saved.seed) == (record.strategy, record.seed)
    return None if same else f"it is of {saved.strategy} with seed {saved.seed}"


def _of_rows(records: list[RunRecord], run: Run, directory: RunDirectory) -> Iterator[Problem]:
    """Hold rows, texts and labels against each other, the fingerprints and the counted classes."""
    facts, damage = None, None
    try:
        facts = read_row_facts(directory)
    except HarnessError as error:
        damage = str(error)
    if facts or damage:
        yield "facts of the test rows", damage or next(_fact_problems(facts, run), None)
    texts = _as_read(facts)
    what = "test texts and labels" if texts else "labels of test, without the texts"
    try:
        splits = ("validation", "test")
        known = [(r, {split: read_predictions(directory, r.trial, split) for split in splits}) for r in records]
    except HarnessError as error:
        yield what, str(error)
        return
    if known:
        yield what, next(_label_problems(known, run, texts), None)
        yield "row numbers", next(_row_problems(known, facts), None)


def _label_problems(known: list[Read], run: Run, texts: tuple[str, ...] | None) -> Iterator[str]:
    k, (first, of_first) = len(run.task.label_names), known[0]
    digest = hash_of_split(texts, of_first["test"].labels) if texts else None
    for record, read in known:
        for split, each in read.items():
            if np.bincount(each.labels, minlength=k).tolist() != run.task.class_counts[split]:
                yield f"those of {record.trial} are not as many of each class as run.json says"
            elif not np.array_equal(each.labels, of_first[split].labels):
                yield f"those of {record.trial} are others than those of {first.trial}"
        if record.fingerprint and first.fingerprint:
            if (digest or first.fingerprint.test_sha256) != record.fingerprint.test_sha256:
                yield f"their sha256 is not the one that {record.trial} was scored on"
            if record.fingerprint.limit != run.config.limit:
                yield f"{record.trial} was scored with another --limit than run.json says"


def _row_problems(known: list[Read], facts: RowFacts | None) -> Iterator[str]:
    first, of_first = known[0]
    for record, read in known:
        if any(not np.array_equal(each.rows, of_first[split].rows) for split, each in read.items()):
            yield f"those of {record.trial} are others than those of {first.trial}"
        if facts and not np.array_equal(read["test"].rows, facts.rows):
            yield f"those of {record.trial} are others than those in test_rows.parquet"


def _fact_problems(facts: RowFacts | None, run: Run) -> Iterator[str]:
    """Say which facts do not follow from the texts, where these were kept, or are not as many as were counted."""
    if facts is None:
        return
    if texts := _as_read(facts):
        pairs: dict[str, tuple[Any, Any]] = {
            "n_words": (facts.n_words, [count_words(text) for text in texts]),
            "negated": (facts.negated, [is_negated(text) for text in texts]),
            "text_number": (facts.text_numbers, text_numbers(texts)),
        }
        for name, (there, again) in pairs.items():
            if there is not None and not np.array_equal(there, again):
                yield f"{name} does not follow from the texts"
    if run.audit and int(facts.in_train.sum()) != run.audit.normalised.shared("train", "test").second_rows:
        yield "in_train names another number of rows than the audit"
    counted = run.model.truncated_texts.get("test") if run.model else None
    if facts.truncated is not None and counted not in (None, int(facts.truncated.sum())):
        yield "truncated names another number of rows than run.json"
