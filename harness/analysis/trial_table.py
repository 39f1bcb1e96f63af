"""Records -> plain rows, one for each trial: scores with intervals, costs, what went wrong."""

from collections.abc import Iterator
from math import inf

from harness.analysis.ranking import rank
from harness.evaluation.evidence import Evidence
from harness.evaluation.metrics import METRICS, TESTED, Evaluation
from harness.results.latency import Latency
from harness.results.records import Run, RunRecord

COSTS = (
    *("encode_seconds", "fit_seconds", "predict_seconds"),
    *("peak_memory_bytes", "trainable_parameters", "total_parameters"),
)
Value = str | int | float | None


def trial_rows(run: Run) -> Iterator[dict[str, Value]]:
    """Yield a row for each trial of a run, the best strategy by validation first, trials without scores at the end."""
    order = {standing.name: place for place, standing in enumerate(rank(run.records))}

    def place(record: RunRecord) -> tuple[bool, int, float, int]:
        size = inf if record.train_size is None else record.train_size
        return not record.is_scored, order.get(record.strategy, len(order)), size, record.seed

    for record in sorted(run.records, key=place):
        yield trial_row(record, record.strategy, run.evidence, run)


def trial_row(record: RunRecord, name: str, evidence: Evidence | None, run: Run) -> dict[str, Value]:
    """Return a trial as a row; what is not known is None.

    Args:
        record: The trial.
        name: Name of its strategy in the evidence.
        evidence: What is known of the scores.
        run: The run that it is of.
    """
    return {
        "strategy": name,
        "seed": record.seed,
        "train_size": record.train_size,
        "configurations_tried": record.configurations_tried,
        "optimism": record.optimism,
        "status": record.status,
        **_scores("validation", record.validation),
        **_scores("test", record.test),
        **_evidence(evidence, name, record),
        **{cost: getattr(record, cost) for cost in COSTS},
        "milliseconds_per_text": run.milliseconds_per_text(record),
        **_latency(record),
        "model_bytes": record.model_bytes,
        "encoder_bytes": record.encoder_bytes,
        "predictions_sha256": record.predictions_sha256,
        "error": record.error.message if record.error else None,
    }


def _scores(split: str, evaluation: Evaluation | None) -> dict[str, Value]:
    return {f"{split}_{metric}": getattr(evaluation, metric) if evaluation else None for metric in METRICS}


def _latency(record: RunRecord) -> dict[str, Value]:
    known = record.latency or Latency()
    both = {"p50": known.p50_seconds, "p95": known.p95_seconds}
    return {f"latency_{name}_milliseconds": value and 1000 * value for name, value in both.items()}


def _evidence(evidence: Evidence | None, name: str, record: RunRecord) -> dict[str, Value]:
    known = evidence if record.is_scored else None
    trials = {(trial.strategy, trial.seed): trial for trial in known.trials} if known else {}
    trial, letters = trials.get((name, record.seed)), known.letters.get(name) if known else None
    cells: dict[str, Value] = {}
    for metric in METRICS:
        interval = getattr(trial, metric) if trial else None
        cells[f"test_{metric}_low"] = interval.low if interval else None
        cells[f"test_{metric}_high"] = interval.high if interval else None
    unseen = trial.unseen if trial else None
    cells |= {f"test_not_in_train_{metric}": getattr(unseen, metric) if unseen else None for metric in METRICS}
    cells["test_ece"] = trial.calibration.ece if trial else None
    return cells | {f"rank_letters_{metric}": getattr(letters, metric, None) for metric in TESTED}
