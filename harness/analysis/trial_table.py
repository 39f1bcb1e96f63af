"""Records -> plain rows, one for each trial: scores with intervals, costs, what went wrong."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from harness.analysis.ranking import rank
from harness.analysis.several_runs import shared_metrics
from harness.evaluation.evidence import Evidence
from harness.evaluation.metrics import METRICS, TESTED, Evaluation
from harness.results.latency import Latency
from harness.results.records import Run, RunRecord
from harness.results.variants import Variant

COSTS = (
    *("encode_seconds", "fit_seconds", "predict_seconds"),
    *("peak_memory_bytes", "trainable_parameters", "total_parameters", "spent"),
)
OF_RUN = ("watermark", "run", "data_set", "model")
"""Columns of a table of several runs, the same in all rows of one."""
Value = str | int | float | None


def trial_rows(run: Run, variants: Mapping[str, tuple[Variant, ...]]) -> Iterator[dict[str, Value]]:
    """Yield a row for each trial of a run, the best strategy by validation first, trials without scores at the end.

    Args:
        run: The run.
        variants: Trial -> variants of its exported classifier, each a row below it.
    """
    order = {standing.name: place for place, standing in enumerate(rank(run.records))}

    def place(record: RunRecord) -> tuple[bool, int, float, int]:
        size = inf if record.train_size is None else record.train_size
        return not record.is_scored, order.get(record.strategy, len(order)), size, record.seed

    for record in sorted(run.records, key=place):
        row = trial_row(record, record.strategy, run.evidence, run, shared_metrics([run]))
        yield row
        yield from (variant_row(variant, row) for variant in variants.get(record.trial, ()))


def trial_row(
    record: RunRecord, name: str, evidence: Evidence | None, run: Run, metrics: Sequence[str]
) -> dict[str, Value]:
    """Return a trial as a row; what is not known is None.

    Args:
        record: The trial.
        name: Name of its strategy in the evidence.
        evidence: What is known of the scores.
        run: The run that it is of.
        metrics: Metrics to show besides those of every table.
    """
    return {
        "strategy": name,
        "seed": record.seed,
        "train_size": record.train_size,
        "configurations_tried": record.configurations_tried,
        "optimism": record.optimism,
        "status": record.status,
        **_scores("validation", record.validation, metrics),
        **_scores("test", record.test, metrics),
        **_evidence(evidence, name, record, metrics),
        **{cost: getattr(record, cost) for cost in COSTS},
        "milliseconds_per_text": run.milliseconds_per_text(record),
        **_latency(record.latency or Latency()),
        "model_bytes": record.model_bytes,
        "encoder_bytes": record.encoder_bytes,
        "predictions_sha256": record.predictions_sha256,
        "error": record.error.message if record.error else None,
        **_against_parent(None),
    }


def variant_row(variant: Variant, parent: Mapping[str, Value]) -> dict[str, Value]:
    """Return a variant of an exported classifier as a row; what is not known of it is None.

    Args:
        variant: The variant.
        parent: Row of the trial that it is of.
    """
    cost = variant.variant
    return {
        **{column: value if column in OF_RUN else None for column, value in parent.items()},
        "strategy": f"{parent['strategy']}, {variant.number_format}",
        "seed": variant.seed,
        "train_size": variant.train_size,
        "status": "ok",
        **_scores("test", variant.test),
        "milliseconds_per_text": 1000 / cost.texts_per_second if cost.texts_per_second else None,
        **_latency(Latency(p50_seconds=cost.p50_seconds, p95_seconds=cost.p95_seconds)),
        "model_bytes": cost.size_bytes,
        "predictions_sha256": variant.predictions_sha256,
        **_against_parent(variant, str(parent["strategy"])),
    }


def _against_parent(variant: Variant | None, parent: str | None = None) -> dict[str, Value]:
    """Return by how much a variant is behind its parent in test f1_macro, None of each for a trial."""
    columns = ("behind", "behind_low", "behind_high", "margin", "less_than_margin_behind", "other_labels")
    values: tuple[Value, ...] = (None,) * len(columns)
    if variant:
        known, interval = variant.scores, variant.scores.interval
        values = (known.difference, interval.low, interval.high, known.margin, known.verdict, known.n_flips)
    return {"variant_of": parent, **dict(zip(columns, values, strict=True))}


def _scores(split: str, evaluation: Evaluation | None, metrics: Sequence[str] = ()) -> dict[str, Value]:
    return {f"{split}_{each}": evaluation.score(each) if evaluation else None for each in (*METRICS, *metrics)}


def _latency(known: Latency) -> dict[str, Value]:
    both = {"p50": known.p50_seconds, "p95": known.p95_seconds}
    return {f"latency_{name}_milliseconds": value and 1000 * value for name, value in both.items()}


def _evidence(evidence: Evidence | None, name: str, record: RunRecord, metrics: Sequence[str]) -> dict[str, Value]:
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
    cells |= {f"rank_letters_{metric}": getattr(letters, metric, None) for metric in TESTED}
    for asked in metrics:
        by = known.metric(asked) if known else None
        span, mine = (by.interval(name, record.seed), by.strategy(name)) if by else (None, None)
        cells[f"test_{asked}_low"], cells[f"test_{asked}_high"] = (span.low, span.high) if span else (None, None)
        cells[f"rank_letters_{asked}"] = mine.letters if mine and mine.letters else None
    return cells
