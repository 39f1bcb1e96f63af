"""Run folder -> whether it still says what it said: every checksum, every score computed anew."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.analysis.data_checks import data_problems, kept_texts
from harness.analysis.rounding import equal_but_for_rounding
from harness.analysis.several_runs import metrics_at_hand
from harness.analysis.study import evidence_of, studied_strategies
from harness.analysis.variant_checks import variant_problems
from harness.errors import HarnessError
from harness.evaluation.evidence import Evidence
from harness.evaluation.metric import UndefinedMetricError
from harness.evaluation.metrics import METRIC_VERSION, METRICS, Evaluation, evaluate
from harness.results.predictions import Predictions, read_predictions
from harness.results.records import Run, RunRecord, TaskInfo, read_run
from harness.results.row_facts import read_row_facts
from harness.results.run_directory import VARIANTS_FOLDER, RunDirectory
from harness.system.files import sha256_of


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
        predictions against the predictions, tables of these and classifiers against the names of the classes, row
        numbers, test texts and labels against each other and the fingerprint, evidence against all of these, variants
        against the predictions of both. Where a file or a link leads out of the folder, that is the only check, and
        nothing else is read.

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
    checks += (Check(what, problem) for what, problem in data_problems(run, directory))
    checks += evidence_checks(run, directory)
    return [*checks, *(Check(what, problem) for what, problem in variant_problems(run, directory))]


def not_covered(run: Run, directory: RunDirectory) -> list[str]:
    """Return what no check of a run looks at, one phrase each."""
    left = ["texts and labels of train, and texts of validation, of which the folder holds a hash alone"]
    if kept_texts(directory) is None:
        left.append("the test texts and their words, which were not kept as they were read")
    if run.evidence is None:
        left.append("a conclusion, which the run has none of")
    left += [
        "names of the data set, the encoder, groups and, where all files agree in them, of classes and strategies",
        "row numbers in the source, and what the audit says of lengths and repeated texts",
        "options, notes, parameters, what else was tried, and keys.json, which nothing else in the folder can confirm",
        "seconds, memory, warnings and versions, which nothing else in the folder can confirm",
    ]
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


def evidence_checks(run: Run, directory: RunDirectory) -> Iterator[Check]:
    """Compute intervals, tests and conclusion of a run again from its predictions; one that was stopped need have none.

    Runs of older versions, which tested in other ways, differ; the version of their metrics does, too.
    """
    what = "intervals, tests and conclusion"
    if run.evidence is None:
        if run.status != "interrupted" and any(record.is_scored for record in run.records):
            yield Check(what, "run.json has none, though trials were scored")
        return
    try:
        yield Check(what, _evidence_problem(run, run.evidence, directory))
    except (HarnessError, ValueError) as error:
        yield Check(what, str(error))


def _evidence_problem(run: Run, evidence: Evidence, directory: RunDirectory) -> str | None:
    if evidence.conclusion.margin not in (None, run.config.margin):
        return "the margin is not the one that was asked for"
    asked = [name for name in run.config.asked_metrics if name not in METRICS]
    metrics = metrics_at_hand(asked, run.task)
    strategies, facts = studied_strategies(run.records, directory), read_row_facts(directory)
    again = evidence_of(strategies, facts, run.config.margin, metrics)
    names = {each.metric for each in again.metrics}
    known = evidence.model_copy(update={"metrics": [each for each in evidence.metrics if each.metric in names]})
    selection = again.conclusion.selection
    if selection and selection == evidence.conclusion.selection and selection.metric in {*asked} - names:
        again = again.model_copy(update={"conclusion": evidence.conclusion})  # the metric's code is not at hand
    same = equal_but_for_rounding(known.model_dump(), again.model_dump())
    return None if same else "computed anew from the predictions, they differ"
