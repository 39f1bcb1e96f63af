"""Run folder -> whether it still says what it said: every checksum, every score computed anew."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.analysis.study import evidence_of, studied_strategies
from harness.errors import HarnessError
from harness.evaluation.conclusion import MARGIN
from harness.evaluation.evidence import Evidence
from harness.evaluation.metrics import METRIC_VERSION, evaluate
from harness.results.predictions import read_predictions
from harness.results.records import Run, RunRecord, read_run
from harness.results.row_facts import read_row_facts
from harness.results.run_directory import RunDirectory
from harness.system.files import sha256_of

TOLERANCE = 1e-9  # what another build of numpy may add up differently


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
        predictions against the predictions, evidence against both.

    Raises:
        UserError: Where there is no run.json, or it is not a run.
    """
    run = read_run(directory)
    checks = [*_file_checks(run, directory), _metric_check(run)]
    for record in run.records:
        checks.append(_record_check(record, directory))
        if record.is_scored:
            checks.append(_score_check(record, directory))
    if run.evidence and run.evidence.strategies:  # older versions tested in other ways
        checks.append(_evidence_check(run, run.evidence, directory))
    return checks


def _file_checks(run: Run, directory: RunDirectory) -> Iterator[Check]:
    for name, digest in run.files.items():
        file = directory.path / name
        if not file.is_file():
            yield Check(name, "the file is missing")
        else:
            changed = sha256_of(file) != digest
            yield Check(name, "its sha256 is not the one in run.json: the file was changed" if changed else None)
    for name in sorted({*directory.checksums()} - {*run.files}):
        yield Check(name, "run.json does not list it: the file was added")


def _metric_check(run: Run) -> Check:
    same = run.metric_version == METRIC_VERSION
    problem = f"the run was scored by version {run.metric_version}, this program is version {METRIC_VERSION}"
    return Check("version of the metrics", None if same else problem)


def _record_check(record: RunRecord, directory: RunDirectory) -> Check:
    what = f"record of {record.trial}"
    file = directory.record_file(record.trial)
    if not file.is_file():  # a trial that was stopped has none
        return Check(what, "its file in records/ is missing" if record.status in ("ok", "failed") else None)
    try:
        saved = RunRecord.model_validate(directory.read_json(file))
    except (OSError, ValueError) as error:
        return Check(what, f"its file in records/ is damaged: {error}".splitlines()[0])
    return Check(what, None if saved == record else "run.json says something else than its file in records/")


def _score_check(record: RunRecord, directory: RunDirectory) -> Check:
    what = f"scores of {record.trial}"
    try:
        predicted = {split: read_predictions(directory, record.trial, split) for split in ("validation", "test")}
        scores = {split: evaluate(each.labels, each.probabilities) for split, each in predicted.items()}
    except HarnessError as error:
        return Check(what, str(error))
    differing = [split for split, score in scores.items() if score != getattr(record, split)]
    if differing:
        return Check(what, f"computed anew from the predictions, those of {' and '.join(differing)} differ")
    digest = hashlib.sha256(b"".join(each.probabilities.tobytes() for each in predicted.values())).hexdigest()
    same = record.predictions_sha256 in (None, digest)
    return Check(what, None if same else "the sha256 of the probabilities is not the recorded one")


def _evidence_check(run: Run, evidence: Evidence, directory: RunDirectory) -> Check:
    what = "intervals, tests and conclusion"
    try:
        margin = evidence.conclusion.margin or MARGIN
        again = evidence_of(studied_strategies(run.records, directory), read_row_facts(directory), margin)
    except (HarnessError, ValueError) as error:
        return Check(what, str(error))
    same = _equal(evidence.model_dump(), again.model_dump())
    return Check(what, None if same else "computed anew from the predictions, they differ")


def _equal(one: object, other: object) -> bool:
    """Compare nested values, numbers within `TOLERANCE`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=0, atol=TOLERANCE))
    return one == other
