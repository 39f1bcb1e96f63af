"""Run folder -> whether it still says what it said: every checksum, every score computed anew."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.analysis.rounding import equal_but_for_rounding
from harness.analysis.several_runs import metrics_at_hand
from harness.analysis.study import evidence_of, studied_strategies
from harness.analysis.variant_checks import variant_problems
from harness.data.task import hash_of_split
from harness.errors import HarnessError
from harness.evaluation.conclusion import MARGIN
from harness.evaluation.evidence import Evidence
from harness.evaluation.metric import UndefinedMetricError
from harness.evaluation.metrics import METRIC_VERSION, METRICS, Evaluation, evaluate
from harness.results.predictions import Predictions, read_predictions
from harness.results.records import Run, RunRecord, TaskInfo, read_run
from harness.results.row_facts import read_row_facts
from harness.results.run_directory import VARIANTS_FOLDER, RunDirectory
from harness.system.files import sha256_of

HALF_A_PAIR = re.compile(r"\\ud[89a-f]")  # of surrogates: in tables of rows it is written as its escape


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `problem` is None where it holds."""

    what: str
    problem: str | None = None


def verify_run(directory: RunDirectory) -> list[Check]:
    """Check a run against its own files.

    Args:
        directory: Folder of the run.

    Returns:
        The checks, in the order they were made: files against their sha256, records, scores and digests of
        predictions against the predictions, test texts and labels against the fingerprint, evidence against all of
        these, variants against the predictions of both. Where a file or a link leads out of the folder, that is the
        only check, and nothing else is read.

    Raises:
        UserError: Where there is no run.json, or it is not a run.
    """
    run = read_run(directory)
    if outside := list(leading_outside(run.files, directory.path)):
        return outside
    checks = [*_file_checks(run, directory), _metric_check(run)]
    for record in run.records:
        checks.append(record_check(record, directory))
        if record.is_scored:
            checks.append(score_check(record, directory, run.task))
    checks += _data_checks(run, directory)
    if run.evidence and run.evidence.strategies:  # older versions tested in other ways
        checks.append(evidence_check(run, run.evidence, directory))
    return [*checks, *(Check(what, problem) for what, problem in variant_problems(run, directory))]


def not_covered(run: Run, directory: RunDirectory) -> list[str]:
    """Return what no check of a run looks at, one phrase each."""
    left = ["texts and labels of train, and texts of validation, of which the folder holds a hash alone"]
    if _kept_texts(directory) is None:
        left.append("the test texts, which were not kept as they were read")
    left.append("seconds, memory, warnings and versions, which nothing else in the folder can confirm")
    shipped = {metric.name for metric in metrics_at_hand(run.config.asked_metrics, run.task)}
    if foreign := [name for name in run.config.asked_metrics if name not in shipped]:
        left.append(f"scores by {', '.join(foreign)}, which plugins offer")
    if any(name.startswith("models/") for name in run.files):
        left.append("whether the saved classifiers predict what the tables say")
    if (directory.path / VARIANTS_FOLDER).exists():
        left.append("whether the exported folders predict what is kept of variants, their sizes and times")
    return left


def leading_outside(names: Iterable[str], folder: Path) -> Iterator[Check]:
    """Yield a failed check for each name and each link that leads out of a folder; what is there is not read."""
    root = os.path.realpath(folder)
    listed = (folder / name for name in names)
    for file in dict.fromkeys([*listed, *folder.rglob("*")]):
        if not Path(os.path.realpath(file)).is_relative_to(root):
            yield Check(os.path.relpath(file, folder), "it leads out of the folder, so nothing was read")


def _data_checks(run: Run, directory: RunDirectory) -> Iterator[Check]:
    """Hold test texts and labels against the fingerprint, and labels of validation against the counted classes."""
    what = "test texts and labels" if _kept_texts(directory) else "labels of test, without the texts"
    try:
        known = [
            (record, read_predictions(directory, record.trial), read_predictions(directory, record.trial, "validation"))
            for record in run.records
            if record.is_scored and record.fingerprint
        ]
    except HarnessError as error:
        yield Check(what, str(error))
        return
    texts, k = _kept_texts(directory), len(run.task.label_names)
    digest = hash_of_split(texts, known[0][1].labels) if texts and known else None
    for record, test, validation in known:
        counts = [np.bincount(each.labels, minlength=k).tolist() for each in (validation, test)]
        if counts != [run.task.class_counts[split] for split in ("validation", "test")]:
            yield Check(what, f"those of {record.trial} are not as many of each class as run.json says")
            return
        if not np.array_equal(test.labels, known[0][1].labels):
            yield Check(what, f"those of {record.trial} are others than those of {known[0][0].trial}")
            return
        if digest and record.fingerprint and digest != record.fingerprint.test_sha256:
            yield Check(what, f"their sha256 is not the one that {record.trial} was scored on")
            return
    if known:
        yield Check(what)


def _kept_texts(directory: RunDirectory) -> tuple[str, ...] | None:
    """Return the test texts as they were read, None where they were not kept, or are not what they were."""
    try:
        facts = read_row_facts(directory)
    except HarnessError:  # told by another check
        return None
    texts = facts.texts if facts else None
    return None if texts is None or any(map(HALF_A_PAIR.search, texts)) else texts


def _file_checks(run: Run, directory: RunDirectory) -> Iterator[Check]:
    for name, digest in run.files.items():
        yield hash_check(name, directory.path / name, digest)
    for name in sorted({*directory.checksums()} - {*run.files}):
        yield Check(name, "run.json does not list it: the file was added")


def hash_check(name: str, file: Path, digest: str) -> Check:
    """Hold a file against the sha256 that run.json has of it."""
    if not file.is_file():
        return Check(name, "the file is missing")
    changed = sha256_of(file) != digest
    return Check(name, "its sha256 is not the one in run.json: the file was changed" if changed else None)


def _metric_check(run: Run) -> Check:
    same = run.metric_version == METRIC_VERSION
    problem = f"the run was scored by version {run.metric_version}, this program is version {METRIC_VERSION}"
    return Check("version of the metrics", None if same else problem)


def record_check(record: RunRecord, directory: RunDirectory) -> Check:
    """Hold a record against its own file."""
    what = f"record of {record.trial}"
    file = directory.record_file(record.trial)
    if not file.is_file():  # a trial that was stopped has none
        return Check(what, "its file in records/ is missing" if record.status in ("ok", "failed") else None)
    try:
        saved = RunRecord.model_validate(directory.read_json(file))
    except (OSError, ValueError) as error:
        return Check(what, f"its file in records/ is damaged: {error}".splitlines()[0])
    return Check(what, None if saved == record else "run.json says something else than its file in records/")


def score_check(record: RunRecord, directory: RunDirectory, task: TaskInfo) -> Check:
    """Compute the scores of a trial again from its predictions, by the costs of the task where it has any."""
    what = f"scores of {record.trial}"
    try:
        predicted = {split: read_predictions(directory, record.trial, split) for split in ("validation", "test")}
        differing = [split for split, each in predicted.items() if _differs(getattr(record, split), each, task)]
    except HarnessError as error:
        return Check(what, str(error))
    if differing:
        return Check(what, f"computed anew from the predictions, those of {' and '.join(differing)} differ")
    digest = hashlib.sha256(b"".join(each.probabilities.tobytes() for each in predicted.values())).hexdigest()
    same = record.predictions_sha256 in (None, digest)
    return Check(what, None if same else "the sha256 of the probabilities is not the recorded one")


def _differs(recorded: Evaluation, predicted: Predictions, task: TaskInfo) -> bool:
    """Return whether scores are not those of predictions; those by metrics of plugins are not looked at."""
    core = evaluate(predicted.labels, predicted.probabilities)
    if core != recorded.model_copy(update={"metrics": {}}):
        return True
    again: dict[str, float | None] = dict.fromkeys(recorded.metrics)
    at_hand = metrics_at_hand(recorded.metrics, task)
    for metric in at_hand:
        with suppress(UndefinedMetricError):
            again[metric.name] = metric.value(predicted.labels, predicted.probabilities)
    known = {metric.name: recorded.metrics[metric.name] for metric in at_hand}
    return not equal_but_for_rounding(known, {name: again[name] for name in known})


def evidence_check(run: Run, evidence: Evidence, directory: RunDirectory) -> Check:
    """Compute intervals, tests and conclusion of a run again from its predictions."""
    what = "intervals, tests and conclusion"
    try:
        margin, selection = evidence.conclusion.margin or MARGIN, evidence.conclusion.selection
        metrics = metrics_at_hand([each.metric for each in evidence.metrics], run.task)
        again = evidence_of(studied_strategies(run.records, directory), read_row_facts(directory), margin, metrics)
    except (HarnessError, ValueError) as error:
        return Check(what, str(error))
    names = {each.metric for each in again.metrics}
    known = evidence.model_copy(update={"metrics": [each for each in evidence.metrics if each.metric in names]})
    if selection and selection.metric not in {*METRICS, *names}:  # its code is not at hand
        again = again.model_copy(update={"conclusion": evidence.conclusion})
    same = equal_but_for_rounding(known.model_dump(), again.model_dump())
    return Check(what, None if same else "computed anew from the predictions, they differ")
