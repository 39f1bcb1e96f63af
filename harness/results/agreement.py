"""Whether the parts of a run's record fit each other: what no schema can say, and every reader relies on."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING

from harness.data.task import SPLITS
from harness.frozen_model import ROUNDING

if TYPE_CHECKING:
    from harness.data.audit import Audit
    from harness.evaluation.evidence import Evidence
    from harness.evaluation.metrics import Evaluation
    from harness.results.records import Run, RunRecord, TaskInfo

FEWEST_CLASSES = 2


def first_contradiction(run: "Run") -> str | None:
    """Say in a sentence what of a run does not fit the rest of it, None where all does."""
    return next(_contradictions(run), None)


def _contradictions(run: "Run") -> Iterator[str]:
    yield from _of_task(run.task)
    k = len(run.task.label_names)
    trials = [record.trial for record in run.records if record.is_scored]
    if len({*trials}) < len(trials):
        yield "two of its records score the same trial"
    for record in run.records:
        yield from _of_record(record, run.task)
    if (run.config.costs is None) != (run.task.costs is None):
        yield "it has costs that nobody asked for, or lacks those that were"
    if run.audit:
        yield from _of_audit(run.audit, run.task)
    if run.evidence:
        yield from _of_evidence(run.evidence, run.records, k)
        yield from _of_intervals(run.evidence, run.records)


def _of_task(task: "TaskInfo") -> Iterator[str]:
    k = len(task.label_names)
    if k < FEWEST_CLASSES or len({*task.label_names}) < k:
        yield "it names fewer than two different classes, or one of them twice"
    if task.costs is not None and [len(row) for row in task.costs] != [k] * k:
        yield f"its costs are not those of {k} classes"
    if task.costs is not None and len({cost for row in task.costs for cost in row}) == 1:
        yield "its costs are all the same"
    for split in SPLITS:
        counts = task.class_counts.get(split, [])
        if len(counts) != k or not sum(counts):
            yield f"its class_counts of {split} are {len(counts)} numbers, expected rows of {k} classes"


def _of_record(record: "RunRecord", task: "TaskInfo") -> Iterator[str]:
    scored = {"validation": record.validation, "test": record.test}
    for split, evaluation in scored.items():
        if evaluation and not _fits(evaluation, len(task.label_names), task.n_rows(split)):
            yield f"the {split} scores of {record.trial} are not of {len(task.label_names)} classes and all rows"
    if record.status == "failed" and record.error is None:
        yield f"{record.trial} failed, and no error says why"
    if record.fingerprint and [*record.fingerprint.label_names] != task.label_names:
        yield f"{record.trial} was scored on other classes than it names, or in another order"


def _fits(evaluation: "Evaluation", k: int, n_rows: int) -> bool:
    squares = len(evaluation.confusion) == k and all(len(row) == k for row in evaluation.confusion)
    return squares and len(evaluation.per_class) == k and sum(map(sum, evaluation.confusion)) == n_rows


def _of_audit(audit: "Audit", task: "TaskInfo") -> Iterator[str]:
    if audit.label_names != task.label_names:
        yield "its audit is of other classes than it names, or in another order"
    for part in (audit.splits, audit.exact.within, audit.normalised.within):
        if part.keys() != {*SPLITS}:
            yield f"its audit is of other splits than {', '.join(SPLITS)}"
    for split, found in audit.splits.items():
        if (found.class_counts, found.n_rows) != (task.class_counts.get(split), sum(found.class_counts)):
            yield f"its audit counts other rows of {split} than its task"
    for same in (audit.exact, audit.normalised):
        if [(pair.first, pair.second) for pair in same.across] != list(combinations(SPLITS, 2)):
            yield "its audit compares other splits than there are"


def _of_evidence(evidence: "Evidence", records: Iterable["RunRecord"], k: int) -> Iterator[str]:
    scored = {(record.strategy, record.seed) for record in records if record.is_scored}
    strategies = {strategy for strategy, _ in scored}
    found = {(trial.strategy, trial.seed) for trial in evidence.trials}
    found |= {(trial.strategy, trial.seed) for metric in evidence.metrics for trial in metric.trials}
    if not found <= scored:
        yield "its evidence is of trials that have no scores"
    conclusion = evidence.conclusion
    named = {
        *evidence.letters,
        *(strategy.strategy for strategy in evidence.strategies),
        *(name for pair in evidence.pairs for name in (pair.first, pair.second)),
        *(each.strategy for metric in evidence.metrics for each in metric.strategies),
        *(name for metric in evidence.metrics for pair in metric.pairs for name in (pair.first, pair.second)),
        *(comparison.other for comparison in conclusion.comparisons),
        *(conclusion.best, conclusion.cheapest, *conclusion.tied, *conclusion.left_out, *conclusion.one_training),
    }
    if unknown := sorted(named - strategies):
        yield f"its evidence names {unknown[0]!r}, which has no scores"
    lost = (i for trial in evidence.trials if trial.unseen for i in trial.unseen.lost_classes)
    if any(i >= k for i in (*evidence.small_classes, *lost)):
        yield "its evidence names a class that there is not"


def _of_intervals(evidence: "Evidence", records: Iterable["RunRecord"]) -> Iterator[str]:
    """Say which f1_macro, drawn with its interval, lies outside of it; in older versions' bootstrap it may."""
    from harness.results.records import at_largest_train_size  # which imports this module

    trained = at_largest_train_size([record for record in records if record.is_scored])
    for strategy in evidence.strategies:
        interval = strategy.f1_macro.interval
        scores = [each.test.f1_macro for each in trained if each.strategy == strategy.strategy and each.test]
        if interval and scores and not interval.low - ROUNDING <= fmean(scores) <= interval.high + ROUNDING:
            yield f"the f1_macro of {strategy.strategy} lies outside of its own interval"
