"""Tracks runs with MLflow: harness run --track mlflow."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness_plugins._records import history_of, scores_of  # noqa: TID251  of the same package, so no second copy

from harness import hookimpl

try:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param
except ImportError as error:
    raise ImportError("it needs MLflow: pip install 'strategy-harness[mlflow]'") from error

COSTS = ("fit_seconds", "predict_seconds", "peak_memory_bytes", "trainable_parameters", "total_parameters")


@hookimpl
def harness_run_finished(run: Mapping[str, Any], path: Path) -> None:
    """Log each trial as an MLflow run of the experiment that the data set names.

    Where MLFLOW_TRACKING_URI names no server, into the SQLite store `mlflow.db` beside the run's folder.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    address = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(path.parent / 'mlflow.db').resolve()}"
    client, name = MlflowClient(tracking_uri=address), f"harness/{run['task']['name']}"
    found = client.get_experiment_by_name(name)
    experiment = found.experiment_id if found else client.create_experiment(name)
    for record in run["records"]:
        tags = {"harness.run": path.name, "harness.strategy": record["strategy"], "harness.status": record["status"]}
        trial = client.create_run(experiment, run_name=f"{record['strategy']} seed {record['seed']}", tags=tags)
        client.log_batch(trial.info.run_id, _metrics(record, trial.info.start_time), _params(record, run))
        client.set_terminated(trial.info.run_id, "FINISHED" if record["status"] == "ok" else "FAILED")


def _metrics(record: Mapping[str, Any], now: int) -> list[Metric]:
    costs = {name: record[name] for name in COSTS if record[name] is not None}
    whole = [Metric(name, value, now, 0) for name, value in (scores_of(record, "_") | costs).items()]
    return whole + [Metric(f"history_{name}", value, now, step) for name, value, step in history_of(record)]


def _params(record: Mapping[str, Any], run: Mapping[str, Any]) -> list[Param]:
    about = {"model": (run["model"] or {}).get("name"), "seed": record["seed"], "train_size": record["train_size"]}
    return [Param(name, str(value)) for name, value in ({**record["params"], **about}).items()]
