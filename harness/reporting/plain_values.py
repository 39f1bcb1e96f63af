"""What the commands' --json prints: plans, comparisons, errors and searches as plain values, rows counted from 0."""

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from harness.analysis.error_analysis import ErrorAnalysis
from harness.analysis.study import Studied, Study
from harness.document.plan import PlanSummary
from harness.evaluation.calibration import Calibration
from harness.results.records import Run
from harness.results.row_facts import RowFacts
from harness.runs.cost_forecast import CostForecast
from harness.runs.planning import Plan
from harness.runs.tuned_config import as_toml
from harness.runs.tuning import Tuning


def of_plan(summary: PlanSummary) -> dict[str, Any]:
    """Return the facts of a plan, its trials, and what they will take."""
    trials = [{"strategy": name, "seed": seed, "params": params} for name, seed, params in summary.trials]
    told = {"plan": summary.facts, "trials": trials, "fallback": summary.fallback}
    if summary.cost is None:
        return told
    for trial, seconds in zip(trials, summary.cost.trials.values(), strict=True):
        trial["seconds"] = seconds
    return told | {"forecast": of_cost(summary.cost)}


def of_cost(cost: CostForecast) -> dict[str, Any]:
    """Return what a run will take: seconds, of that encoding, bytes of memory and on disk."""
    return {
        "seconds": cost.seconds,
        "encode_seconds": cost.encode_seconds,
        "unknown": cost.unknown,
        "timed": list(cost.timed),
        "memory_bytes": cost.memory_bytes,
        "disk_bytes": cost.disk_bytes,
    }


def of_study(study: Study, pair: tuple[Studied, Studied] | None = None) -> dict[str, Any]:
    """Return the records of a study and its evidence, with a pair of its strategies row by row where one is given."""
    strategies = [
        {
            "name": studied.name,
            "run": studied.run_index,
            "records": [record.model_dump(mode="json") for record in studied.records],
        }
        for studied in study.strategies
    ]
    content = {
        "runs": [str(directory.path) for directory in study.directories],
        "watermark": study.watermark,
        "strategies": strategies,
        "evidence": study.evidence.model_dump(mode="json"),
    }
    return content | ({"pair": _of_pair(study, *pair)} if pair else {})


def _of_pair(study: Study, first: Studied, second: Studied) -> dict[str, Any]:
    flips = study.flips(first, second)
    return {
        "first": first.name,
        "second": second.name,
        "fixed": study.rows[flips.fixed].tolist(),
        "broken": study.rows[flips.broken].tolist(),
        "both_right": flips.both_right,
        "both_wrong": flips.both_wrong,
        "difference": flips.difference.tolist(),
    }


def of_errors(
    analysis: ErrorAnalysis, calibration: Calibration, run: Run, seed: int, facts: RowFacts | None
) -> dict[str, Any]:
    """Return the errors of a strategy, with the texts of all rows that are named, where they were kept."""
    texts = facts.texts_by_row() if facts else {}
    return {
        "label_names": run.task.label_names,
        "seed": seed,
        **TypeAdapter(ErrorAnalysis).dump_python(analysis, mode="json"),
        "texts": {row: texts[row] for row in analysis.rows_named() if row in texts},
        "calibration": calibration.model_dump(mode="json"),
    }


def of_tuning(tuning: Tuning, plan: Plan) -> dict[str, Any]:
    """Return every configuration that a search tried, the best, and the configuration file that runs it."""
    return {
        "strategy": tuning.strategy,
        "file": str(tuning.file),
        "tried": [asdict(tried) for tried in tuning.tried],
        "best": asdict(tuning.best) if tuning.best else None,
        "config": as_toml(plan, tuning.best) if tuning.best else None,
    }
