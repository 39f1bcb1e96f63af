"""What the predictions of trials get once no strategy runs any more: their labels, and scores by further metrics.

A metric may be a plugin's and is given labels of test: while strategies run, none is called.
"""

from collections.abc import Iterable, Sequence

from harness.data.task import Task
from harness.errors import UserError
from harness.evaluation.metric import Metric, UndefinedMetricError
from harness.evaluation.metrics import Evaluation
from harness.executors.attempt import described_failure
from harness.results.predictions import read_predictions, read_probabilities, set_labels
from harness.results.records import RunRecord
from harness.results.run_directory import RunDirectory


def without_changed(
    records: Sequence[RunRecord], directory: RunDirectory, label_names: Sequence[str]
) -> list[RunRecord]:
    """Return the records, failed where a trial's predictions in the folder are no longer those that were scored.

    Args:
        records: Records of a run.
        directory: Folder of the run, which a strategy of a later trial may have written into.
        label_names: Name of class i at position i.
    """
    found = []
    for record in records:
        try:
            if record.predictions_sha256:
                read_probabilities(directory, record, label_names)
            found.append(record)
        except UserError as error:
            gone = {"validation": None, "test": None, "predictions_sha256": None}
            failed = {"status": "failed", "error": described_failure("score", error)}
            found.append(record.model_copy(update=gone | failed))
    return found


def write_labels(directory: RunDirectory, task: Task, trials: Iterable[str]) -> None:
    """Put the labels into the files of predictions of trials, which have none while strategies run.

    Args:
        directory: Folder of the run.
        task: Its data.
        trials: Names of the trials.
    """
    labels = {split: getattr(task, split).labels for split in ("validation", "test")}
    for name in trials:
        set_labels(directory, name, labels)


def with_metrics(
    records: Sequence[RunRecord], metrics: Sequence[Metric], directory: RunDirectory
) -> tuple[list[RunRecord], list[str]]:
    """Return the records with their scores by some metrics, and what is to be known of those that have none.

    Args:
        records: Records of a run.
        metrics: The metrics.
        directory: Folder of the run, with the predictions of its trials and their labels.

    Raises:
        UserError: Where predictions are missing or damaged.
    """
    if not metrics:
        return list(records), []
    notes: dict[str, str] = {}
    return [_scored(record, metrics, directory, notes) for record in records], list(notes.values())


def _scored(record: RunRecord, metrics: Sequence[Metric], directory: RunDirectory, notes: dict[str, str]) -> RunRecord:
    if record.validation is None or record.test is None or not record.is_scored:
        return record
    update: dict[str, Evaluation] = {}
    for split, evaluation in (("validation", record.validation), ("test", record.test)):
        predictions, values = read_predictions(directory, record.trial, split), dict[str, float | None]()
        for metric in metrics:
            try:
                values[metric.name] = metric.value(predictions.labels, predictions.probabilities)
            except UndefinedMetricError as error:
                values[metric.name] = None
                notes.setdefault(metric.name, f"{error} ({record.trial}, {split})")
        update[split] = evaluation.model_copy(update={"metrics": values})
    return record.model_copy(update=update)
